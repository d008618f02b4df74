package graph

import (
	"context"
	"net/url"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/names"
	"leasehold/pkg/publicurl"
)

// base returns what stands before /v1.0 in every link.
func (c *call) base(ctx context.Context) string {
	return publicurl.Base(ctx, c.request, c.deps.PublicURLs, c.deps.GatewayBase)
}

// link returns the absolute address of a path of the API.
func (c *call) link(ctx context.Context, path string) string {
	return c.base(ctx) + (&url.URL{Path: path}).EscapedPath()
}

// metadata returns the @odata.context of an entity set or a type.
func (c *call) metadata(ctx context.Context, set string) string {
	return c.base(ctx) + names.APIVersion + "/$metadata#" + set
}

// nextLink returns this call's address with all its options and a token that continues
// the list. Clients use it as it is.
func (c *call) nextLink(ctx context.Context, at position) (string, error) {
	inner, err := at.text()
	if err != nil {
		return "", err
	}
	token, err := c.seal(ctx, inner)
	if err != nil {
		return "", err
	}
	query := c.question()
	query.Set(odata.SkipToken, token)
	return c.link(ctx, c.request.URL.Path) + "?" + query.Encode(), nil
}

// question returns the options of the call without its place in the list.
func (c *call) question() url.Values {
	query := url.Values{}
	for name, values := range c.request.URL.Query() {
		if !odata.IsSkipToken(name) {
			query[name] = values
		}
	}
	return query
}

// refAdded is the entity that the body of a $ref names.
func refAdded[T ~string](c *call, sets ...string) (T, error) {
	o, err := c.body()
	if err != nil {
		return "", err
	}
	var address string
	o.Text("@odata.id", &address)
	if err := o.Done(); err != nil {
		return "", err
	}
	return referenced[T](address, sets...)
}

// refRemoved is the entity that the path of a $ref names or, as newer clients do, an
// address in @id.
func refRemoved[T ~string](c *call, variable string, sets ...string) (T, error) {
	if named := id[T](c, variable); named != "" {
		return named, nil
	}
	return referenced[T](c.request.URL.Query().Get("@id"), sets...)
}

// referenced reads the id at the end of the address in an @odata.id: ".../users/{id}".
// Only the id counts; whose address it is does not.
func referenced[T ~string](address string, sets ...string) (T, error) {
	parts := strings.Split(strings.TrimSuffix(address, "/"), "/")
	if u, err := url.Parse(address); err == nil {
		parts = strings.Split(strings.TrimSuffix(u.Path, "/"), "/")
	}
	if n := len(parts); n >= 2 {
		for _, set := range sets {
			if parts[n-2] == set {
				return entitlement.ParseID[T]("The id at the end of @odata.id", parts[n-1])
			}
		}
	}
	return "", entitlement.Errorf(entitlement.Invalid, "@odata.id must end in one of %s, and an id.", "/"+strings.Join(sets, "/, /")+"/")
}
