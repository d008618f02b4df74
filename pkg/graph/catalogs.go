package graph

import (
	"context"
	"net/http"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/graph/strict"
	"leasehold/pkg/views"
)

func listCatalogs(ctx context.Context, c *call) (response, error) {
	id, named, err := odata.EqualID[entitlement.CatalogID](c.options.Filter, "id")
	if err != nil {
		return response{}, err
	}
	if named {
		return list(ctx, c, c.catalogKind(), viewed(only(c.deps.Catalogs.Catalog(ctx, c.by.Caller, id)), views.OfCatalogs))
	}
	return list(ctx, c, c.catalogKind(), viewed(asCaller(c, c.deps.Catalogs.ListCatalogs), views.OfCatalogs))
}

func getCatalog(ctx context.Context, c *call) (response, error) {
	found, err := c.deps.Catalogs.Catalog(ctx, c.by.Caller, id[entitlement.CatalogID](c, "catalogId"))
	if err != nil {
		return response{}, err
	}
	return entity(ctx, c, c.catalogKind(), viewOf(found, views.OfCatalogs))
}

func createCatalog(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	made := entitlement.Catalog{Published: true}
	readCatalog(o, &made)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	if made, err = c.deps.Catalogs.CreateCatalog(ctx, c.by, made); err != nil {
		return response{}, err
	}

	return created(ctx, c, c.catalogKind(), viewOf(made, views.OfCatalogs))
}

func updateCatalog(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}
	sameID(o, c.path["catalogId"])
	if err := readable(o, readCatalog); err != nil {
		return response{}, err
	}
	_, err = c.deps.Catalogs.UpdateCatalog(ctx, c.by, id[entitlement.CatalogID](c, "catalogId"), func(kept *entitlement.Catalog) { readCatalog(o, kept) })
	return done(err)
}

// readable reads a body once for nothing, so that the use case edits with one that is
// known to be good.
func readable[T any](o *strict.Object, read func(*strict.Object, *T)) error {
	var scratch T
	read(o, &scratch)
	return o.Done()
}

func readCatalog(o *strict.Object, c *entitlement.Catalog) {
	o.Ignore("id", "catalogType", "createdDateTime", "modifiedDateTime")
	o.Text("displayName", &c.DisplayName)
	o.Text("description", &c.Description)
	o.Bool("isExternallyVisible", &c.ExternallyVisible)
	if o.Has("state") {
		var state string
		strict.Enum(o, "state", &state, "published", "unpublished")
		c.Published = state == "published"
	}
	o.Ignore("state")
}

func deleteCatalog(ctx context.Context, c *call) (response, error) {
	return done(c.deps.Catalogs.DeleteCatalog(ctx, c.by, id[entitlement.CatalogID](c, "catalogId")))
}

// resourcesOf lists the resources of the catalog in the path, which must exist.
func resourcesOf(ctx context.Context, c *call) (lister[entitlement.Resource], error) {
	catalog := id[entitlement.CatalogID](c, "catalogId")
	_, err := c.deps.Catalogs.Catalog(ctx, c.by.Caller, catalog)
	return func(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.Resource], error) {
		return c.deps.Catalogs.Resources(ctx, c.by.Caller, catalog, page)
	}, err
}

func listResources(ctx context.Context, c *call) (response, error) {
	read, err := resourcesOf(ctx, c)
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, c.resourceKind(), viewed(read, views.OfResources))
}

func listResourceRoles(ctx context.Context, c *call) (response, error) {
	read, err := resourcesOf(ctx, c)
	if err != nil {
		return response{}, err
	}
	return list(ctx, c, c.resourceRoles(), viewed(read, func(resources []entitlement.Resource) (roles []*views.Role) {
		for _, r := range resources {
			roles = append(roles, views.OfRoles(r)...)
		}
		return roles
	}))
}

// resourceBody is a resource request as a client words it.
type resourceBody struct {
	id          string // of the request
	kind        string
	catalog     entitlement.CatalogID
	resource    entitlement.ResourceID
	system      string
	origin      string
	environment entitlement.ConnectorID
}

func createResourceRequest(ctx context.Context, c *call) (response, error) {
	o, err := c.body()
	if err != nil {
		return response{}, err
	}

	ask := resourceBody{id: clock.System{}.New()}
	readResourceRequest(o, &ask)
	if err := o.Done(); err != nil {
		return response{}, err
	}

	made, err := c.deps.Catalogs.Once(ctx, c.by, func(by authz.Command) (string, error) {
		switch ask.kind {
		case "adminAdd":
			return ask.id, addResource(ctx, c, by, ask)
		case "adminRemove":
			return ask.id, removeResource(ctx, c, by, ask)
		default:
			return "", notServed()
		}
	})
	if err != nil {
		return response{}, err
	}

	// What was asked is done, and the event of it is what is kept of the request.
	body := object{"@odata.context": c.metadata(ctx, emSet+"resourceRequests/$entity"), "id": made.Answer, "requestType": ask.kind,
		"state": "delivered", "createdDateTime": instant(made.At)}
	return response{status: http.StatusCreated, body: body}, nil
}

func readResourceRequest(o *strict.Object, ask *resourceBody) {
	o.Ignore("id", "state", "createdDateTime")
	o.Refuse("justification", "executeImmediately")
	strict.Enum(o, "requestType", &ask.kind, "adminAdd", "adminRemove", "adminUpdate")

	catalog := o.Object("catalog")
	catalog.Ignore("displayName", "description", "catalogType", "state", "isExternallyVisible", "createdDateTime", "modifiedDateTime")
	strict.ID(catalog, "id", &ask.catalog)

	r := o.Object("resource")
	r.Ignore("displayName", "description", "createdDateTime", "modifiedDateTime", "url")
	r.Refuse("attributes")
	strict.ID(r, "id", &ask.resource)
	r.Text("originId", &ask.origin)
	r.Text("originSystem", &ask.system)

	e := r.Object("environment")
	e.Ignore("displayName", "description", "originId", "originSystem", "isDefaultEnvironment", "connectionInfo", "createdDateTime", "modifiedDateTime")
	strict.ID(e, "id", &ask.environment)

	switch {
	case ask.kind == "":
		o.Fail("requestType", "must be given: adminAdd or adminRemove.")
	case ask.catalog == "":
		catalog.Fail("id", "must name a catalog.")
	case ask.resource == "" && (ask.origin == "" || ask.system == ""):
		r.Fail("originId", "and resource.originSystem must be given.")
	case !isOriginID(ask.origin):
		r.Fail("originId", "must be at most 512 printable characters long.")
	}
}

func addResource(ctx context.Context, c *call, by authz.Command, ask resourceBody) error {
	if ask.origin == "" || ask.system == "" {
		return entitlement.Errorf(entitlement.Invalid, "resource.originId and resource.originSystem must be given.")
	}
	connector, system, err := c.deps.Catalogs.Target(ask.at())
	if err != nil {
		return err
	}
	_, err = c.deps.Catalogs.RequestResource(ctx, by, ask.id, entitlement.Resource{Catalog: ask.catalog, Connector: connector, OriginSystem: system, OriginID: ask.origin})
	return err
}

func removeResource(ctx context.Context, c *call, by authz.Command, ask resourceBody) error {
	var connector entitlement.ConnectorID
	if ask.resource == "" {
		var err error
		if connector, _, err = c.deps.Catalogs.Target(ask.at()); err != nil {
			return err
		}
	}

	r, err := c.deps.Catalogs.FindResource(ctx, c.by.Caller, ask.catalog, ask.resource, connector, ask.origin)
	if err != nil {
		return err
	}

	// Both its id and its origin may be named, and must not contradict each other.
	if err := ask.names(r); err != nil {
		return err
	}

	return c.deps.Catalogs.RequestRemoval(ctx, by, ask.id, r)
}

// at is where the resource is.
func (ask resourceBody) at() catalogs.Origin {
	return catalogs.Origin{System: ask.system, Environment: ask.environment, ID: ask.origin}
}

// names refuses a resource that something else in the same body contradicts.
func (ask resourceBody) names(r entitlement.Resource) error {
	if ask.origin != "" && ask.origin != r.OriginID || ask.system != "" && !strings.EqualFold(ask.system, r.OriginSystem) {
		return entitlement.Errorf(entitlement.Invalid, "resource.originId and resource.originSystem must be those of the resource: %s, %s.", r.OriginID, r.OriginSystem)
	}
	return lives(r, "resource.environment.id", ask.environment)
}

// lives refuses a resource of another environment than the one that is named, if any.
func lives(r entitlement.Resource, what string, environment entitlement.ConnectorID) error {
	if environment != "" && environment != r.Connector {
		return entitlement.Errorf(entitlement.Invalid, "%s must be that of the resource: %s.", what, r.Connector)
	}
	return nil
}

// maxOriginID bounds the ids of targets, in bytes.
const maxOriginID = 512

func isOriginID(s string) bool {
	if len(s) > maxOriginID {
		return false
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return false
		}
	}
	return true
}

func listEnvironments(ctx context.Context, c *call) (response, error) {
	if c.options.Filter == nil {
		return response{}, entitlement.Errorf(entitlement.Invalid, "This list needs a filter, such as $filter=originSystem eq 'Scim'.")
	}
	return list(ctx, c, environments(), sliced(c.deps.Views.Environments(ctx, c.by.Caller)))
}
