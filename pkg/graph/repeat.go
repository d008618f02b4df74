package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"leasehold/pkg/authz"
)

// makes reports an operation that makes something, so that a repeat of it must have no
// effect of its own (S12).
func (op *operation) makes() bool {
	return op.method == http.MethodPost && op.writes() && !op.repeats && !slices.Contains(makesNothing, op.action)
}

// makesNothing are the actions whose POSTs make nothing: a repeat of one finds it done, or
// does the same once more.
var makesNothing = []authz.Action{authz.CancelRequest, authz.ResumeRequest, authz.Reprocess, authz.CloseRemoval, authz.TakeExtraAway, authz.CompareNow, authz.RefreshResource, authz.UpdateConnector, authz.CallBatch, authz.MovePackage}

// repeatable notes by what a command is known when it is sent again: by its key, or else by
// the name that clients give to every call and keep when they repeat it.
func (c *call) repeatable(op *operation) (err error) {
	if !op.makes() {
		return nil
	}
	if c.by.IdempotencyKey, err = commandKey(c.request.Header); err != nil {
		return err
	}

	// The key is meant for repeats and wins; the client's name for the call is taken only where it
	// is fit to be stored.
	if theirs := c.request.Header.Get(clientRequestID); isPrintable(theirs) && c.by.IdempotencyKey == "" {
		c.by.ClientRequestID = theirs
	}
	if !c.by.CanRepeat() {
		return nil
	}

	// One key with another body is another command, which the fingerprint tells.
	content, err := c.content()
	if err != nil {
		return err
	}
	c.by.Fingerprint = fingerprint(op, c.path, content)
	return nil
}

// fingerprint is a digest of what a call asks for: of the operation, the values in its path
// and its body, however the body is set.
func fingerprint(op *operation, path map[string]string, content []byte) string {
	body := jsontext.Value(slices.Clone(content))
	if err := body.Canonicalize(); err != nil {
		body = content // it is refused, or has no body
	}

	h := sha256.New()
	fmt.Fprintf(h, "%q %q ", op.name(), path) // maps are printed by key
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
