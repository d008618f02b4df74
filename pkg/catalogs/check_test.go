package catalogs_test

import (
	"context"
	"slices"
	"testing"

	"leasehold/pkg/entitlement"
)

// watched is targets that are looked at; meanwhile something may happen.
type watched struct {
	everything
	meanwhile func()
	features  []string
	err       error
}

func (w watched) Survey(context.Context, entitlement.ConnectorConfig) (entitlement.TargetCheck, error) {
	if w.meanwhile != nil {
		w.meanwhile()
	}
	return entitlement.TargetCheck{Dialect: "found", Features: w.features}, w.err
}

// A look takes seconds. What it found is kept with the registration that it is about, beside
// whatever else changed meanwhile, and not with another one.
func TestS1_WhatALookFoundIsKeptWithTheRegistrationThatItIsAbout(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*entitlement.ConnectorConfig)
		kept bool
	}{
		"another name":          {func(c *entitlement.ConnectorConfig) { c.DisplayName = "Customers" }, true},
		"another setting":       {func(c *entitlement.ConnectorConfig) { c.ConcurrentWrites = true }, false},
		"another key of people": {func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = []string{"mail"} }, false},
	} {
		w := newFixture(t)
		at := w.connector()
		w.Targets = watched{meanwhile: func() {
			w.Targets = everything{} // that change looks at the target too
			must[entitlement.ConnectorConfig](t)(w.UpdateConnector(t.Context(), by, at.ID, "", c.edit))
		}}
		_, err := w.CheckConnector(t.Context(), by, at.ID, "")
		now := must[entitlement.ConnectorConfig](t)(w.store.Connector(t.Context(), at.ID))
		if (err == nil) != c.kept || (now.Check.Dialect == "found") != c.kept {
			t.Errorf("%s: %v, and kept is %+v", name, err, now.Check)
		}
		if !c.kept {
			w.kind(err, entitlement.Conflict, "check it again")
		}
	}
}

// A connector whose target cannot even be opened is registered all the same, and says so.
func TestALookThatFailsIsKeptAsOne(t *testing.T) {
	w := newFixture(t)
	w.Targets = watched{err: entitlement.Errorf(entitlement.Forbidden, "No credential is stored.")}
	if c := w.connector(); c.Check.Error != "No credential is stored." || c.Check.Dialect != "" {
		t.Errorf("kept %+v", c.Check)
	}
	_, err := w.CheckConnector(t.Context(), by, entitlement.BuiltinConnector, "")
	w.kind(err, entitlement.Precondition, "needs no check")
	_, err = w.CheckConnector(t.Context(), administrator("nobody", "x"), entitlement.ConnectorID(w.clock.New()), "")
	w.kind(err, entitlement.NotFound, "")
}

// refused is targets that do not accept a credential.
type refused struct {
	everything
	reason string
	err    error
}

func (r refused) Survey(context.Context, entitlement.ConnectorConfig) (entitlement.TargetCheck, error) {
	return entitlement.TargetCheck{Dialect: "SCIM 2.0", Error: "The target says no.", Reason: r.reason}, r.err
}

// A credential is tried with the target before it replaces one that works.
func TestS20_ACredentialThatTheTargetRefusesReplacesNone(t *testing.T) {
	for name, c := range map[string]struct {
		target refused
		edit   func(*entitlement.ConnectorConfig)
		kind   entitlement.Kind
		kept   bool
	}{
		"refused":                   {target: refused{reason: entitlement.ReasonCredential}, kind: entitlement.Precondition, kept: true},
		"refused, with another url": {target: refused{reason: entitlement.ReasonCredential}, edit: func(c *entitlement.ConnectorConfig) { c.URL = "https://b.example" }, kind: entitlement.Precondition, kept: true},
		"not reached":               {target: refused{reason: entitlement.ReasonUnavailable}},
		"not asked":                 {target: refused{err: entitlement.Errorf(entitlement.Unavailable, "The target was not asked in time.")}},
		"refused, and paused":       {target: refused{reason: entitlement.ReasonCredential}, edit: func(c *entitlement.ConnectorConfig) { c.Paused = true }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			at := w.connector()
			before := must[entitlement.ConnectorConfig](t)(w.store.Connector(t.Context(), at.ID))
			w.Targets = c.target
			edit := c.edit
			if edit == nil {
				edit = func(*entitlement.ConnectorConfig) {}
			}
			_, err := w.UpdateConnector(t.Context(), by, at.ID, "another", edit)
			now := must[entitlement.ConnectorConfig](t)(w.store.Connector(t.Context(), at.ID))
			if c.kept {
				w.kind(err, c.kind, "does not accept this credential")
				if now.Credential != before.Credential || now.URL != before.URL || now.Version != before.Version {
					t.Errorf("changed to %+v", now)
				}
				return
			}
			if err != nil || now.Credential != before.Credential+1 {
				t.Errorf("%v: the credential has number %d, it had %d", err, now.Credential, before.Credential)
			}
			if !now.Paused && now.Check.Error == "" {
				t.Errorf("what went wrong is not shown: %+v", now.Check)
			}
		})
	}
}

// searched is targets that know nobody without a mail address, and counts who was looked for.
type searched struct {
	refused
	asked *int
}

func (s searched) FindPerson(ctx context.Context, as entitlement.ConnectorConfig, who entitlement.User) error {
	*s.asked++
	return s.everything.FindPerson(ctx, as, who)
}

// A look may ask for somebody's account too, as delivery would, and keeps whether there is one.
func TestALookCanLookForAPerson(t *testing.T) {
	w := newFixture(t)
	at := w.connector()
	asked := 0
	for _, c := range []struct {
		name, mail string
		target     refused
		notFound   string
		questions  int
	}{
		{name: "there", mail: "ann@a.example", questions: 1},
		{name: "not there", notFound: "Nobody there has the mail address.", questions: 1},
		{name: "no target", mail: "ben@a.example", target: refused{reason: entitlement.ReasonUnavailable}, notFound: "The target says no."},
	} {
		u := entitlement.UserID(w.clock.New())
		person := entitlement.User{ID: u, Type: entitlement.Member, DisplayName: c.name, UserPrincipalName: c.name, Mail: c.mail, Enabled: true}
		if err := w.store.Commit(t.Context(), entitlement.Change{Users: []entitlement.User{person}}); err != nil {
			t.Fatal(err)
		}
		asked = 0
		w.Targets = searched{c.target, &asked}
		got := must[entitlement.ConnectorConfig](t)(w.CheckConnector(t.Context(), by, at.ID, u))
		if kept := must[entitlement.ConnectorConfig](t)(w.store.Connector(t.Context(), at.ID)); got.Check.Person != u || got.Check.NotFound != c.notFound || asked != c.questions || kept.Check.NotFound != c.notFound {
			t.Errorf("%s: %+v after %d questions, kept is %+v", c.name, got.Check, asked, kept.Check)
		}
	}
	_, err := w.CheckConnector(t.Context(), by, at.ID, entitlement.UserID(w.clock.New()))
	w.kind(err, entitlement.Invalid, "userId must name a user")
}

// What is known of a target stays where a look comes to nothing: it would be asked in another way.
func TestALookThatFailsForgetsNothing(t *testing.T) {
	for name, look := range map[string]func(*fixture, entitlement.ConnectorConfig) error{
		"check": func(w *fixture, at entitlement.ConnectorConfig) error {
			_, err := w.CheckConnector(t.Context(), by, at.ID, "")
			return err
		},
		"another credential": func(w *fixture, at entitlement.ConnectorConfig) error {
			_, err := w.UpdateConnector(t.Context(), by, at.ID, "another", func(*entitlement.ConnectorConfig) {})
			return err
		},
	} {
		w := newFixture(t)
		w.Targets = watched{features: []string{"etag"}}
		at := w.connector()

		w.Targets = refused{reason: entitlement.ReasonUnavailable}
		if err := look(w, at); err != nil {
			t.Fatal(err)
		}
		now := must[entitlement.ConnectorConfig](t)(w.store.Connector(t.Context(), at.ID))
		if now.Check.Error == "" || !slices.Equal(now.Check.Features, []string{"etag"}) {
			t.Errorf("%s: kept %+v", name, now.Check)
		}

		w.Targets = watched{}
		must[entitlement.ConnectorConfig](t)(w.CheckConnector(t.Context(), by, at.ID, ""))
		if now = must[entitlement.ConnectorConfig](t)(w.store.Connector(t.Context(), at.ID)); len(now.Check.Features) > 0 {
			t.Errorf("%s: a target that has nothing any more has %v", name, now.Check.Features)
		}
	}
}
