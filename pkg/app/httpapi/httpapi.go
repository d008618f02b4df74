// Package httpapi wires what both API functions share: who calls, and who that is.
package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"leasehold/pkg/authn"
	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/directory"
	"leasehold/pkg/entitlement"
)

// Verifier returns the check of access tokens.
func Verifier(c config.Config) (*authn.Verifier, error) {
	issuers := make([]authn.Issuer, len(c.Issuers))
	for i, issuer := range c.Issuers {
		issuers[i] = authn.Issuer{Issuer: issuer.Issuer, KeySet: issuer.KeySet, Audience: issuer.Audience,
			TokenRule: authn.TokenRule(issuer.TokenRule), PrincipalClaim: issuer.PrincipalClaim}
	}
	return authn.New(issuers, &http.Client{Timeout: 5 * time.Second}, clock.System{})
}

// Directory returns the directory over store. The enqueuer hears of those who lost their
// account.
func Directory(c config.Config, store directory.Store, enqueuer directory.Enqueuer, log *slog.Logger) *directory.Service {
	return &directory.Service{Store: store, Clock: clock.System{}, IDs: clock.System{}, Enqueuer: enqueuer, Log: log,
		First: entitlement.Principal{Issuer: c.FirstAdmin.Issuer, Value: string(c.FirstAdmin.Value)}}
}
