package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/views"
)

// ifMatch is the header by which a client changes only what it has read.
const ifMatch = "If-Match"

// conditionals are the actions on something that has an entity tag.
var conditionals = []authz.Action{authz.UpdateCatalog, authz.DeleteCatalog, authz.UpdatePackage, authz.DeletePackage, authz.UpdatePolicy, authz.DeletePolicy,
	authz.UpdateUser, authz.DeleteUser, authz.UpdateConnector, authz.DeleteConnector}

// etag is the entity tag of a tree: a digest of its properties. What is joined to it does not
// count, nor does what clients do not see: so nobody is refused for a package more in the
// catalog whose description they change.
//
// What was observed of a target does not count either: a client that registers one sends its
// next change with the tag of the answer, and the target is looked at meanwhile.
func etag(tree object, navigation map[string]navigationProperty) string {
	seen := maps.Clone(tree)
	for name, v := range tree {
		_, hidden := v.(unexpanded)
		if _, leads := navigation[name]; hidden || leads || name == observed || strings.HasPrefix(name, "@odata.") {
			delete(seen, name)
		}
	}
	text, err := json.Marshal(seen, json.Deterministic(true))
	if err != nil {
		return "" // it has no answer either
	}
	sum := sha256.Sum256(text)
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

// observed is the property that nobody changes: the service writes it when it has looked.
const observed = "check"

// conditional has the use case compare what it changes with the entity tags that the client
// names: with the very version that the change is conditional on.
func (c *call) conditional(op *operation) error {
	lines := c.request.Header.Values(ifMatch)
	if len(lines) == 0 {
		return nil
	}
	if !slices.Contains(conditionals, op.action) {
		return entitlement.Errorf(entitlement.Invalid, "%s is not for this operation; leave it out.", ifMatch)
	}
	var tags []string
	for tag := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		tags = append(tags, strings.TrimSpace(tag))
	}
	if !slices.Contains(tags, "*") { // whatever there is
		c.by.If = &authz.Condition{Refuse: func(kept any) error { return match(tags, kept) }}
	}
	return nil
}

func match(tags []string, kept any) error {
	var tag string
	switch v := kept.(type) {
	case entitlement.Catalog:
		tag = etag(mapCatalog(viewOf(v, views.OfCatalogs)), catalogNavigation())
	case entitlement.AccessPackage:
		tag = etag(mapPackage(viewOf(v, views.OfPackages)), packageNavigation())
	case entitlement.AssignmentPolicy:
		tag = etag(mapPolicy(viewOf(v, views.OfPolicies)), policyNavigation())
	case entitlement.User:
		tag = etag(mapUser(v), nil)
	case entitlement.ConnectorConfig:
		tag = etag(connectorType().mapper(v), nil)
	}
	if slices.ContainsFunc(tags, func(t string) bool { return tag != "" && strings.TrimPrefix(t, "W/") == strings.TrimPrefix(tag, "W/") }) {
		return nil
	}
	return &failure{status: http.StatusPreconditionFailed, code: "resourceModified", message: "This was changed since you read it: read it again, and send your change with the new @odata.etag in If-Match."}
}
