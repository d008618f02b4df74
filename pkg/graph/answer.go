package graph

import (
	"bytes"
	"context"
	"net/http"

	"github.com/go-json-experiment/json"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
)

// object is a JSON object on its way out. Its values are those of an odata tree.
type object = map[string]any

// answer is what an operation answers with: a status, and a body where there is one.
type answer struct {
	status   int
	body     object
	location string
}

func ok(body object) (answer, error) { return answer{status: http.StatusOK, body: body}, nil }

// done answers that there is nothing to say, or err.
func done(err error) (answer, error) { return answer{status: http.StatusNoContent}, err }

// write renders an answer into a buffer first, so that a failure is never half an answer.
func (c *call) write(ctx context.Context, w http.ResponseWriter, ans answer) {
	if ans.body == nil {
		w.WriteHeader(ans.status)
		return
	}
	var b bytes.Buffer
	if err := json.MarshalWrite(&b, ans.body, json.Deterministic(true)); err != nil {
		c.fail(ctx, w, entitlement.Wrap(entitlement.Internal, "render answer", err, ""))
		return
	}
	if ans.location != "" {
		w.Header().Set("Location", ans.location)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(ans.status)
	if _, err := w.Write(b.Bytes()); err != nil {
		obs.Logger(ctx).WarnContext(ctx, "the answer was not taken", obs.Err(err))
	}
}
