package costs

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/portal"
	"leasehold/pkg/requests"
	"leasehold/pkg/sessions"
	"leasehold/pkg/signin"
	"leasehold/pkg/views"
)

// The pins of pages. Each begins with two reads at once: the session, and the
// account whose it is predicted to be. However many packages there are, a page costs the same.
var pinPage = map[string]cost{
	"home":            {7, 6, 0},  // four of them: what the visitor keeps, of which home would show what fails, and what waits for a second person
	"find access":     {7, 31, 0}, // with the policies of the 25 packages of a page, which say who decides, and their paces
	"find access, 10": {7, 15.5, 0},
	"a package":       {7, 10.5, 0}, // the package with its pace, and what a request for it would be decided on, read once
	"my access":       {4, 3.5, 0},
	"my requests":     {3, 2.5, 0},
	"what I approve":  {4, 3.5, 0},
}

func TestY1_WhatThePagesCostIsTheSameHoweverManyPackagesThereAre(t *testing.T) {
	for _, total := range []int{10, 1_000, 10_000} {
		t.Run(fmt.Sprint(total), func(t *testing.T) {
			o := open(t, place{engine.New(engine.Options{Table: "costs"}), "costs"})
			mia, otto := o.person("mia", ""), o.person("otto", "")
			w := &offering{fixture: o, total: total, mine: o.group("mine", mia, otto), catalogs: map[int]entitlement.CatalogID{}, may: map[string]bool{}}
			for n := range total {
				w.add(n%2, w.everybody())
			}
			var pkg string
			for id := range w.may {
				pkg = id
				break
			}

			read := o.pages("otto")
			read("/approvals") // and so the signing key is known
			for name, path := range map[string]string{"home": "", "find access": "/packages", "a package": "/packages/" + pkg, "my access": "/access", "my requests": "/requests", "what I approve": "/approvals"} {
				pin, small := pinPage[fmt.Sprintf("%s, %d", name, total)]
				if !small {
					pin = pinPage[name]
				}
				o.costs(name, pin, func() { read(path) })
			}
		})
	}
}

// pages returns what reads the pages as somebody who is signed in.
func (o *fixture) pages(as string) func(path string) {
	o.Helper()
	kept := &sessions.Service{Store: o.db, Clock: o.clock}
	secret, err := kept.Begin(o.Context(), entitlement.Principal{Issuer: "https://id.example", Value: as}, int64(authz.Every))
	if err != nil {
		o.Fatal(err)
	}
	id, err := o.db.Bound(o.Context(), entitlement.Principal{Issuer: "https://id.example", Value: as})
	if err != nil {
		o.Fatal(err)
	}
	pages := portal.New(portal.Deps{SignIn: &signin.Flow{}, Authenticator: signedIn{}, Sessions: kept, Directory: o.who, Views: &views.Reader{Store: o.db}, Clock: o.clock,
		PublicURLs: []string{"https://access.example"},
		Catalogs:   &catalogs.Service{Store: o.db, Clock: o.clock, IDs: clock.System{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))},
		Requests:   &requests.Service{Store: o.db, Enqueuer: recorder{}, Reasons: connector.Reasons(), Clock: o.clock, IDs: clock.System{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}})

	return func(path string) {
		o.Helper()
		r := httptest.NewRequestWithContext(o.Context(), http.MethodGet, names.PortalPath+path, nil)
		r.AddCookie(&http.Cookie{Name: "__Host-leasehold-session", Value: secret + "." + string(id)})
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			o.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		// What a browser has to load of it is bounded too.
		if w.Body.Len() > 60_000 {
			o.Errorf("%s is %d bytes", path, w.Body.Len())
		}
	}
}
