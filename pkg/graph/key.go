package graph

import (
	"net/http"
	"strings"

	"leasehold/pkg/entitlement"
)

// idempotencyKey is the header in which a client calls a command by a key, so that it can
// send it again when it did not hear the answer: draft-ietf-httpapi-idempotency-key-header-07,
// "The Idempotency-Key HTTP Header Field".
const idempotencyKey = "Idempotency-Key"

// maxKey bounds a key, in characters.
const maxKey = 255

// commandKey returns the key of a command, "" where its client gives none. The draft has
// it in quotes, as a String of RFC 9651; without them it is the same key.
func commandKey(h http.Header) (string, error) {
	lines := h.Values(idempotencyKey)
	if len(lines) == 0 {
		return "", nil
	}
	key, ok := unquoted(strings.Trim(lines[0], " \t"))
	invisible := func(r rune) bool { return r <= ' ' || r > '~' }
	if !ok || len(lines) > 1 || key == "" || len(key) > maxKey || strings.ContainsFunc(key, invisible) {
		return "", entitlement.Errorf(entitlement.Invalid, "Send %s once, with 1 to %d visible ASCII characters, such as a new UUID for each request; or leave it out.", idempotencyKey, maxKey)
	}
	return key, nil
}

// unquoted takes a text out of its quotes, where it has some.
func unquoted(s string) (string, bool) {
	if !strings.HasPrefix(s, `"`) {
		return s, true
	}

	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i == len(s)-1
		case '\\':
			// What follows a backslash stands for itself: a quote or another backslash, and
			// nothing else.
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}

	return "", false
}
