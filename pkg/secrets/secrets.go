// Package secrets keeps the credentials of connectors: one for each, named after the
// connector's id and nothing else, so that no registration can aim at another's. A
// credential is written by administrators and read by those who call targets; it is in
// no item, event, log line or error.
package secrets

import (
	"strings"

	"leasehold/pkg/entitlement"
)

// MaxSize is the length of a credential in bytes: what a standard parameter holds.
const MaxSize = 4096

// check returns the canonical id, or Invalid for what cannot be kept.
func check(id entitlement.ConnectorID, secret string) (entitlement.ConnectorID, error) {
	id, err := entitlement.ParseID[entitlement.ConnectorID]("connector", string(id))
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(secret) == "" {
		return "", entitlement.Errorf(entitlement.Invalid, "The credential must not be empty.")
	}
	if len(secret) > MaxSize {
		return "", entitlement.Errorf(entitlement.Invalid, "The credential must be at most %d bytes long.", MaxSize)
	}
	return id, nil
}

func missing(op string) error {
	return &entitlement.Error{Kind: entitlement.NotFound, Op: op, Msg: "No credential is stored for this connector."}
}
