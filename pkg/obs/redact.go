package obs

import (
	"errors"
	"log/slog"
	"regexp"
	"strings"

	"leasehold/pkg/entitlement"
)

// Redacted stands where a secret would have been.
const Redacted = "[redacted]"

// secretKeys are attribute names whose value is never logged, whatever it is.
var secretKeys = map[string]bool{
	"authorization": true, "body": true, "cookie": true, "credential": true,
	"password": true, "secret": true, "token": true,
}

// secretText finds tokens inside other text: a failed call to a target may quote its own headers.
var secretText = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]+|\beyJ[a-zA-Z0-9_-]{8,}(\.[a-zA-Z0-9_-]*)*`)

// redact is slog's hook for every attribute: by name first, then by what the text looks like.
func redact(_ []string, attr slog.Attr) slog.Attr {
	if secretKeys[strings.ToLower(attr.Key)] {
		return slog.String(attr.Key, Redacted)
	}

	switch value := attr.Value.Any().(type) {
	case string:
		return slog.String(attr.Key, Scrub(value))
	case error:
		return slog.String(attr.Key, Scrub(entitlement.LogText(value)))
	}
	return attr
}

// Scrub returns the text with everything that looks like a token taken out.
func Scrub(text string) string { return secretText.ReplaceAllString(text, Redacted) }

func opOf(err error) string {
	if e, ok := errors.AsType[*entitlement.Error](err); ok {
		return e.Op
	}
	return ""
}
