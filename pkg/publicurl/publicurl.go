// Package publicurl says under which address a call reached this site, for links that lead back
// to it. Nothing that a client writes is ever repeated in them.
package publicurl

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Base returns what stands before every path of this site, without a slash at its end. It comes
// from the deployment or from the gateway's own word. Where the deployment has several addresses,
// it is the one that the call came to, by scheme and host, else the first: what a header says
// chooses among them and is never repeated.
func Base(ctx context.Context, r *http.Request, bases []string, gateway func(context.Context) string) string {
	switch n := len(bases); {
	case n == 0 && gateway == nil:
		return ""
	case n == 0:
		return gateway(ctx)
	case n == 1:
		return bases[0]
	}

	// A gateway that knows its domain speaks https; a proxy before one that does not says both.
	for _, at := range append([]string{"https://" + r.Host}, forwardedFrom(r.Header)...) {
		for _, base := range bases {
			if u, err := url.Parse(base); err == nil && strings.EqualFold(u.Scheme+"://"+u.Host, at) {
				return base
			}
		}
	}
	return bases[0]
}

// Header is the header by which a proxy says how a call came to it (RFC 7239). Gateways
// replace X-Forwarded-Proto by their own, and leave this one.
const Header = "Forwarded"

// forwardedFrom returns the addresses that proxies say a call came to, by scheme and host.
func forwardedFrom(h http.Header) (at []string) {
	for hop := range strings.SplitSeq(strings.Join(h.Values(Header), ","), ",") {
		said := map[string]string{}
		for pair := range strings.SplitSeq(hop, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			said[strings.ToLower(name)] = strings.Trim(value, `"`)
		}
		at = append(at, said["proto"]+"://"+said["host"])
	}
	return at
}
