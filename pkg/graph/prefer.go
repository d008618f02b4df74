package graph

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
)

// Headers of RFC 7240: what a client would like, and what of it was done. A wish that cannot
// be met is no mistake: the answer does not name it.
const (
	prefer            = "Prefer"
	preferenceApplied = "Preference-Applied"
)

// Preferences that are honoured.
const (
	returnMinimal        = "return=minimal"
	returnRepresentation = "return=representation"
	maxPageSize          = "odata.maxpagesize"
)

// preference returns the value of a preference; the first one counts.
func (c *call) preference(names ...string) string {
	for part := range strings.SplitSeq(strings.Join(c.request.Header.Values(prefer), ","), ",") {
		part, _, _ = strings.Cut(part, ";") // no preference that is known has parameters
		name, value, _ := strings.Cut(part, "=")
		for _, known := range names {
			if strings.EqualFold(strings.TrimSpace(name), known) {
				return strings.Trim(strings.TrimSpace(value), `"`)
			}
		}
	}
	return ""
}

// pageSize is how many a page of a list holds at most: as many as $top says, and no more
// than the client prefers.
func (c *call) pageSize() int {
	wanted, err := strconv.Atoi(c.preference(maxPageSize, "maxpagesize"))
	if err != nil || wanted < 1 {
		return c.options.Top
	}
	wanted = min(wanted, entitlement.Page{Limit: wanted}.Size())
	if said := maxPageSize + "=" + strconv.Itoa(wanted); !slices.Contains(c.applied, said) {
		c.applied = append(c.applied, said)
	}
	if c.options.Top > 0 {
		return min(c.options.Top, wanted)
	}
	return wanted
}

// preferred makes of an answer to a change the one that the client prefers: without what was
// made or changed, or with it.
func (a *api) preferred(ctx context.Context, c *call, op *operation, ans response) response {
	wanted := strings.ToLower("return=" + c.preference("return"))
	makes := op.method == http.MethodPost && ans.status == http.StatusCreated
	changes := op.method == http.MethodPatch || op.method == http.MethodPut

	switch {
	case !makes && !changes:
	case wanted == returnMinimal:
		c.applied = append(c.applied, returnMinimal)
		tag, _ := ans.body["@odata.etag"].(string)
		return response{status: http.StatusNoContent, location: ans.location, tag: tag}
	case wanted == returnRepresentation && ans.body != nil:
		c.applied = append(c.applied, returnRepresentation)
	case wanted == returnRepresentation:
		if shown, ok := a.represent(ctx, c, op); ok {
			c.applied = append(c.applied, returnRepresentation)
			return shown
		}
	}
	return ans
}

// represent reads what a change has changed, as the caller can read it.
func (a *api) represent(ctx context.Context, c *call, op *operation) (response, bool) {
	for i := range a.own {
		read := &a.own[i]
		if read.method != http.MethodGet || read.path != op.path || read.serve == nil {
			continue
		}

		// The condition and the options were about the change, and not about this reading.
		again := *c
		again.options, again.by.If = odata.Options{}, nil

		var err error
		if op.callerReadByUseCase && !read.callerReadByUseCase {
			again.by.Caller, err = c.deps.Directory.Account(ctx, c.by.Caller)
		}
		if err != nil || authz.Admit(again.by.Caller, read.action) != nil {
			return response{}, false
		}

		shown, err := read.serve(ctx, &again)
		return shown, err == nil
	}
	return response{}, false
}
