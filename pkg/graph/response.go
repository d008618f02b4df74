package graph

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"

	"leasehold/pkg/obs"
)

// object is a JSON object on its way out. Its values are those of an odata tree.
type object = map[string]any

// response is what an operation answers with: a status, and a body where there is one.
type response struct {
	status   int
	body     object
	text     []byte // body, where it was rendered already
	plain    string // in place of a body: what is not JSON
	media    string // of plain; "" for text/plain
	file     string // the name under which clients keep plain; "" where it is no file
	location string
	tag      string // of what was made or changed, where the body does not say it
}

func ok(body object) (response, error) { return response{status: http.StatusOK, body: body}, nil }

// done answers that there is nothing to say, or err.
func done(err error) (response, error) { return response{status: http.StatusNoContent}, err }

// write renders an answer into a buffer first, so that a failure is never half an answer.
func (c *call) write(ctx context.Context, w http.ResponseWriter, ans response) {
	if len(c.applied) > 0 {
		w.Header().Set(preferenceApplied, strings.Join(c.applied, ", "))
	}
	if ans.plain != "" {
		w.Header().Set("Content-Type", cmp.Or(ans.media, "text/plain"))
		if ans.file != "" {
			w.Header().Set("Content-Disposition", `attachment; filename="`+ans.file+`"`)
		}
		w.WriteHeader(ans.status)
		if _, err := io.WriteString(w, ans.plain); err != nil {
			obs.Logger(ctx).WarnContext(ctx, "the answer was not taken", obs.Err(err))
		}
		return
	}
	if ans.body == nil {
		if ans.location != "" {
			w.Header().Set("Location", ans.location)
			w.Header().Set("OData-EntityId", ans.location)
		}
		if ans.tag != "" {
			w.Header().Set("ETag", ans.tag)
		}
		w.WriteHeader(ans.status)
		return
	}

	var err error
	if ans.text == nil {
		if ans.text, err = render(ans.body); err != nil {
			c.fail(ctx, w, err)
			return
		}
	}

	// Nothing could carry it to the caller. Here it can still be said what to ask instead.
	if c.reads && excess(ans.text) > 1 {
		c.fail(ctx, w, tooLarge())
		return
	}

	if tag, ok := ans.body["@odata.etag"].(string); ok {
		w.Header().Set("ETag", tag)
	}
	if ans.location != "" {
		w.Header().Set("Location", ans.location)
	}

	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(ans.status)
	if _, err := w.Write(ans.text); err != nil {
		obs.Logger(ctx).WarnContext(ctx, "the answer was not taken", obs.Err(err))
	}
}
