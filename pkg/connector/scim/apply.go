package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// patchBody is the body of a PATCH.
type patchBody struct {
	Schemas    []string    `json:"schemas"`
	Operations []operation `json:"Operations"`
}

// operation is one operation of a PATCH.
type operation struct {
	Op    string   `json:"op"`
	Path  string   `json:"path"`
	Value []member `json:"value,omitempty"`
}

type member struct {
	Value connector.PrincipalRef `json:"value"`
}

// Apply sends all changes in one PATCH. Where the server refuses that, it is read again
// and what is still missing is sent one by one.
func (c *Connector) Apply(ctx context.Context, role entitlement.RoleRef, ops []connector.Op) ([]connector.Result, error) {
	const op = "scim: change members"
	group, err := groupOf(role)
	if err != nil {
		return nil, err
	}
	path, err := groupPath(op, group)
	if err != nil {
		return nil, err
	}
	if err := checkOps(ops); err != nil || len(ops) == 0 {
		return nil, err
	}

	err = c.patch(ctx, op, path, operations(ops))
	if _, ok := errors.AsType[*refused](err); ok {
		return c.applyEach(ctx, role, path, ops)
	}
	if err != nil {
		return nil, err
	}
	return make([]connector.Result, len(ops)), nil
}

// checkOps refuses what no server should see. Some store a member without an id.
func checkOps(ops []connector.Op) error {
	if len(ops) > MaxBatch {
		return entitlement.Errorf(entitlement.Invalid, "A SCIM connector takes %d changes at once, not %d.", MaxBatch, len(ops))
	}
	if slices.ContainsFunc(ops, func(o connector.Op) bool { return o.Principal == "" }) {
		return entitlement.Errorf(entitlement.Invalid, "A change of a group's members must name a person.")
	}
	return nil
}

// operations puts all grants into one operation and each revoke into one of its own.
// A remove must name the member in its path: given as a value, servers that do not look
// at values of a remove would empty the group.
func operations(ops []connector.Op) []operation {
	var granted []member
	var list []operation
	seen := map[connector.PrincipalRef]bool{} // some servers would store a repeated member twice
	for _, o := range ops {
		if !o.Grant {
			list = append(list, operation{Op: "remove", Path: memberPath(o.Principal)})
		} else if !seen[o.Principal] {
			seen[o.Principal] = true
			granted = append(granted, member{o.Principal})
		}
	}
	if len(granted) > 0 {
		list = append(list, operation{Op: "add", Path: "members", Value: granted})
	}
	return list
}

// applyEach follows a refused PATCH. The server may have done a part of it all the same,
// so the members are read first; this also tells a missing group from a missing person.
func (c *Connector) applyEach(ctx context.Context, role entitlement.RoleRef, path string, ops []connector.Op) ([]connector.Result, error) {
	who := make([]connector.PrincipalRef, len(ops))
	for i, o := range ops {
		who[i] = o.Principal
	}
	present, err := c.check(ctx, role, who)
	if err != nil {
		return nil, err
	}

	results := make([]connector.Result, len(ops))
	for i, o := range ops {
		if present[i] == o.Grant {
			continue
		}
		err := c.patch(ctx, "scim: change member", path, operations(ops[i:i+1]))
		if r, ok := errors.AsType[*refused](err); ok {
			results[i].Err = r.ofOne(o)
		} else if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// ofOne says what the refusal of one change means, or nil where it means that things
// are as wanted already. The group is known to be there, so what is not found is the person.
func (r *refused) ofOne(o connector.Op) *connector.Refusal {
	missing := r.status == http.StatusNotFound
	already := o.Grant && strings.EqualFold(r.scimType, "uniqueness") ||
		!o.Grant && (missing || strings.EqualFold(r.scimType, "noTarget"))

	switch {
	case already:
		return nil
	case missing:
		return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true,
			Detail: "The person's account is not there at the target any more."}
	default:
		moment := r.status == http.StatusConflict || r.status == http.StatusPreconditionFailed
		return &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: !moment,
			Detail: fmt.Sprintf("The target refuses this change of the group's members (status %d).", r.status)}
	}
}

// memberPath selects one member, in a path and in a filter.
func memberPath(p connector.PrincipalRef) string { return "members[value eq " + quote(string(p)) + "]" }
