// Package secrets keeps the credentials of connectors, named after the connector's id and
// nothing else, so that no registration can aim at another's. Each that is put gets a
// number and is read by it, and it is kept with the address that it is for: whoever reads
// one says where it is to go, and gets none that was not given for there. A credential is
// written by administrators and read by those who call targets; it is in no item, event,
// log line or error.
package secrets

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"leasehold/pkg/entitlement"
)

// MaxSize is the length of a credential in bytes: what a standard parameter holds beside
// the mark of its address.
const MaxSize = 4000

// seal returns what is kept of a credential: the mark of the address that it is for, and
// the credential itself.
func seal(address, secret string) string { return mark(address) + " " + secret }

// open returns the credential out of what is kept, or missing where that is for another address.
func open(op, address, kept string) (string, error) {
	if of, secret, ok := strings.Cut(kept, " "); ok && of == mark(address) {
		return secret, nil
	}
	return "", missing(op)
}

// mark stands for an address of any length.
func mark(address string) string {
	sum := sha256.Sum256([]byte(address))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

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
	return &entitlement.Error{Kind: entitlement.NotFound, Op: op, Msg: "No credential is stored for this address of the connector."}
}
