package entitlement

import "time"

// DataRequest is where the event of a resource's coming or going has the id of the request
// that asked for it.
const DataRequest = "request"

// Kinds of the events that answer resource requests, in the chain of the catalog.
const (
	EventResourceAdded   = "resourceAdded"
	EventResourceRemoved = "resourceRemoved"
)

// ResourceRequest is what asked that a resource come into a catalog, or leave it. It was done
// when it was made, and the event of that is all that is kept of it.
type ResourceRequest struct {
	ID       string
	Type     string // as Graph calls it
	Catalog  CatalogID
	Resource ResourceID
	OriginID string
	Created  time.Time
}

// ResourceRequestOf returns the request that an event answers; ok is false for all other events.
func ResourceRequestOf(e Event) (r ResourceRequest, ok bool) {
	kind := map[string]string{EventResourceAdded: "adminAdd", EventResourceRemoved: "adminRemove"}[e.Kind]
	if e.Aggregate != OfCatalog || kind == "" || e.Data[DataRequest] == "" {
		return r, false
	}
	return ResourceRequest{ID: e.Data[DataRequest], Type: kind, Catalog: CatalogID(e.ID), Resource: ResourceID(e.Data["resource"]), OriginID: e.Data["originId"], Created: e.At}, true
}

// Named lists what events say of a resource's names, and of its roles'.
func (r Resource) Named() []Recorded {
	list := []Recorded{{"displayName", r.DisplayName}, {"description", r.Description}}
	for _, role := range r.Roles {
		list = append(list, Recorded{"role " + role.OriginID, role.DisplayName})
	}
	return list
}
