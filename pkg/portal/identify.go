package portal

import (
	"context"
	"slices"
	"strings"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
	"leasehold/pkg/views"
)

// Beside its secret a browser keeps whose session it was when it began, so that the session and
// the account are read at the same time. That is a prediction and nothing else: where it is not
// true, the sign-in of the session says whose it is.

// beforePrediction stands between the two; no secret has it.
const beforePrediction = "."

// session is the secret that the browser keeps, and whose it says that it is.
func (v *visit) session() (secret string, predicted entitlement.UserID) {
	secret, said, _ := strings.Cut(v.cookie(cookieSession), beforePrediction)
	predicted, err := entitlement.ParseID[entitlement.UserID]("user", said)
	if err != nil {
		predicted = ""
	}
	return secret, predicted
}

// sessionCookie is what a browser keeps of a session. For a sign-in that is bound to nobody nothing is
// predicted: the first page says so.
func (p *portal) sessionCookie(ctx context.Context, who entitlement.Principal, secret string) string {
	id, err := p.Directory.Identify(ctx, who, obs.RequestID(ctx))
	if err != nil || id == "" {
		return secret
	}
	return secret + beforePrediction + string(id)
}

// identify finds the session of a browser, and reads anew whose it is and whether they may still
// come. Beside that it reads what the page of a pattern reads first, by the context in which the
// page reads: that the session is in use is noted outside of it, and is no news to the page.
func (v *visit) identify(ctx, reading context.Context, pattern string) error {
	secret, predicted := v.session()
	var session entitlement.Session
	var account authz.Caller
	err := views.Together(
		// It may note that the session is in use, which must not make anybody forget what was read.
		func() (err error) { session, err = v.Sessions.Find(v.request.Context(), secret); return err },
		func() error {
			// Whatever goes wrong with a prediction, the way without one tells it.
			if predicted != "" && secret != "" {
				account, _ = v.Directory.Account(reading, authz.Caller{ID: predicted})
			}
			return nil
		},
		func() error {
			if predicted != "" && secret != "" {
				v.foresee(reading, pattern, predicted)
			}
			return nil
		})
	if err != nil {
		return err
	}

	v.FormToken = formToken(secret)
	v.by.CommandID, v.by.Scopes = obs.RequestID(ctx), authz.Scopes(session.Scopes)
	if u := account.User(); slices.Contains(u.Identities, session.Principal) {
		v.by.ID = u.ID
		v.by.Caller = v.by.Caller.As(u)
		return nil
	}

	if v.by.ID, err = v.Directory.Identify(ctx, session.Principal, v.by.CommandID); err != nil {
		return err
	}
	v.by.Caller, err = v.Directory.Account(reading, v.by.Caller)
	return err
}
