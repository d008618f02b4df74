package connector

import (
	"context"

	"leasehold/pkg/entitlement"
)

// Explorer is a connector that shows what its target has to offer, for whoever picks a
// resource. What it shows is asked for live and is the target's word: names are cleaned by
// the caller, and whether a resource can be given is asked again when it is added.
type Explorer interface {
	// ListResources returns a piece of the target's resources. It is bounded whatever the
	// target answers: a piece holds no id twice, and every list of pieces comes to an end.
	ListResources(ctx context.Context, q Query) (ResourcePage, error)
	// Survey finds out what the target speaks, shows and heeds. It changes nothing there. What
	// goes wrong is part of the answer.
	Survey(ctx context.Context) entitlement.TargetCheck
}

// Query asks for a piece of a target's resources.
type Query struct {
	Search string // to be found in the name, where the target can be asked for that; a hint, since callers match what comes
	Limit  int    // the most resources that are wanted; the first piece may hold the target's applications besides
	Token  string // ResourcePage.Next of the piece before; "" for the first
}

// ResourcePage is a piece of a target's resources.
type ResourcePage struct {
	Items []entitlement.TargetOffer
	Next  string // "" at the end
}
