package connectortest

import (
	"net/http"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// RunAccounts runs the behaviours of a connector at whose target accounts are made: the harness
// says of whom there are none, and what the target stores.
func RunAccounts(t *testing.T, open func(*testing.T) Harness) {
	run(t, open, part{"accounts", accounts})
}

// newcomer is somebody who has no account, and what delivery does about that.
type newcomer struct {
	*caller
	accounts connector.Accounts
	who      connector.Person
	// made is what is on record of the call that makes the account, by the target's clock.
	made entitlement.Account
}

func (c *caller) newcomer() *newcomer {
	c.Helper()
	can, is := c.Connector.(connector.Accounts)
	if !is || c.can.Accounts == nil || !c.can.Accounts.Make || c.Newcomer == nil {
		c.Fatal("the harness has no accounts to make")
	}
	n := &newcomer{caller: c, accounts: can, who: *c.Newcomer}
	n.who.Mark = clock.System{}.New()
	return n
}

// known is by what the newcomer is found.
func (n *newcomer) known() connector.Correlation {
	return connector.Correlation{User: n.who.User, UserName: n.who.UserName, Mail: n.who.Mail}
}

// provide looks for the account, and makes it only where there is none: as often as it is called
// there is one.
func (n *newcomer) provide() connector.PrincipalRef {
	n.Helper()
	for range attempts {
		ref, err := n.find(n.known())
		if err == nil {
			return ref
		}
		if connector.RefusalOf(err).Reason != connector.PrincipalMissing {
			n.Fatalf("look for the newcomer: %v", err)
		}
		if _, err := n.makes(); err != nil {
			n.mustBeSafe(err)
		}
		n.later()
	}
	n.Fatal("no account is there in the end")
	return ""
}

// makes has the account made as delivery does: where somebody refuses, nothing is sent.
func (n *newcomer) makes() (connector.PrincipalRef, error) {
	n.Helper()
	if refuse := n.can.Accounts.Refuse; refuse != nil {
		if refusal := refuse(n.who); refusal != nil {
			n.Fatalf("the newcomer is refused: %v", refusal)
		}
	}
	if ask := n.can.Accounts.Ask; ask != nil {
		if err := ask(n.Context(), n.who); err != nil {
			return "", err
		}
	}
	from := n.now()
	ref, err := n.accounts.MakeAccount(n.Context(), n.who)
	n.made = n.made.CalledFrom(from, n.now())
	return ref, err
}

func (n *newcomer) now() time.Time {
	if n.Now == nil {
		return time.Now()
	}
	return n.Now()
}

// ours reports that an account is shown as the newcomer's: by its mark, or by the time at which it was
// made where the target keeps none.
func (n *newcomer) ours(shown connector.AccountShown) bool {
	if n.can.Accounts.Dated && shown.Mark == "" {
		is, _ := n.made.MadeAt(shown.Created)
		return is
	}
	return shown.Mark == n.who.Mark
}

func (n *newcomer) look(ref connector.PrincipalRef) connector.AccountShown {
	n.Helper()
	shown, err := n.accounts.LookAtAccount(n.Context(), ref)
	if err != nil {
		n.Fatalf("look at the account: %v", err)
	}
	return shown
}

// stored is the one account of the newcomer.
func (n *newcomer) stored() ShownAccount {
	n.Helper()
	all := n.Accounts(n.who.UserName)
	if len(all) != 1 {
		n.Fatalf("the target stores %d accounts of the newcomer: %+v", len(all), all)
	}
	return all[0]
}

var accounts = []test{
	{name: "an account that is made is found, carries its mark, and is active", run: func(c *caller) {
		n := c.newcomer()
		ref, err := n.makes()
		n.later()
		if err != nil {
			n.Fatal(err)
		}
		if found := n.provide(); ref != "" && ref != found {
			n.Errorf("the answer named %q, and %q is found", ref, found)
		} else if shown := n.look(found); !n.ours(shown) || shown.Active == entitlement.PresenceAbsent || shown.Active != entitlement.PresencePresent && !n.can.Accounts.Stays {
			n.Errorf("shown %+v, want the mark %s", shown, n.who.Mark)
		}
		if !n.stored().Active {
			n.Error("it is not active")
		}
	}},
	{name: "an account that is made again is there once", run: func(c *caller) {
		n := c.newcomer()
		first := n.provide()
		if again := n.provide(); again != first {
			n.Errorf("%q at first, %q then", first, again)
		}
		n.stored()
	}},
	{name: "an account whose answer was lost is there once, and known by its mark", run: func(c *caller) {
		n := c.newcomer()
		if !c.needs(c.Faults.LoseAnswer != nil, "answers to lose") {
			return
		}
		c.Faults.LoseAnswer()
		if _, err := n.makes(); err == nil {
			n.Fatal("the answer was not lost")
		}
		n.later()
		if shown := n.look(n.provide()); !n.ours(shown) {
			n.Errorf("shown %+v, want the mark %s", shown, n.who.Mark)
		}
		n.stored()
	}},
	{name: "an account that somebody else made carries no mark of ours", run: func(c *caller) {
		n := c.newcomer()
		n.provide()
		if shown := n.look(c.ids[0]); n.ours(shown) || shown.Active == entitlement.PresenceAbsent {
			n.Errorf("shown %+v", shown)
		}
	}},
	{name: "an account is disabled and enabled, and a repeat changes nothing", run: func(c *caller) {
		n := c.newcomer()
		ref := n.provide()
		if n.can.Accounts.Stays {
			c.lacks = "to disable accounts"
			if err := n.accounts.DisableAccount(n.Context(), ref, n.look(ref)); err == nil || connector.RefusalOf(err).Reason != connector.RefusedByTarget || !n.stored().Active {
				n.Errorf("it says that it has disabled the account: %v", err)
			}
			return
		}
		for _, active := range []bool{false, false, true, true} {
			change := n.accounts.DisableAccount
			if active {
				change = n.accounts.EnableAccount
			}
			if err := change(n.Context(), ref, n.look(ref)); err != nil {
				n.Fatal(err)
			}
			n.later()
			if shown := n.look(ref); shown.Active != entitlement.PresenceOf(active) || !n.ours(shown) || n.stored().Active != active {
				n.Errorf("shown %+v, stored %+v, want active %t", shown, n.stored(), active)
			}
		}
		if !c.Accounts(c.People[0].UserName)[0].Active {
			n.Error("another account was disabled")
		}
	}},
	{name: "an account that is deleted is not there any more", run: func(c *caller) {
		n := c.newcomer()
		ref := n.provide()
		if err := n.accounts.DeleteAccount(n.Context(), ref, n.look(ref)); err != nil {
			n.Fatal(err)
		}
		n.later()
		_, err := n.accounts.LookAtAccount(n.Context(), ref)
		if err == nil || connector.RefusalOf(err).Reason != connector.PrincipalMissing || len(c.Accounts(n.who.UserName)) != 0 {
			n.Errorf("looked at: %v", err)
		}
	}},
	{name: "whoever has a new account can be granted", run: func(c *caller) {
		n := c.newcomer()
		c.ids[0] = n.provide()
		c.settle(c.grant(0))
		c.mustHold(0)
	}},
	{name: "a target that answers anything is not believed about an account", run: func(c *caller) {
		n := c.newcomer()
		if !c.needs(c.Faults.Reply != nil, "replies of its own") {
			return
		}
		for _, body := range []string{"", "null", "[]", "{", "<html>welcome</html>", `{"id":7}`, `{"id":"another"}`, `{"active":false}`} {
			c.Faults.Reply(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) }))
			if shown, err := n.accounts.LookAtAccount(n.Context(), c.ids[0]); err == nil {
				n.Errorf("%q: shown %+v", body, shown)
			} else if connector.RefusalOf(err).Reason == connector.PrincipalMissing {
				n.Errorf("%q: the account counts as gone", body)
			}
			if ref, err := n.accounts.MakeAccount(n.Context(), n.who); err == nil && ref != "" {
				n.Errorf("%q: made as %q", body, ref)
			}
		}
		c.Faults.Reply(http.NotFoundHandler())
		if _, err := n.accounts.LookAtAccount(n.Context(), c.ids[0]); err == nil || connector.RefusalOf(err).Reason == connector.PrincipalMissing {
			n.Errorf("a 404 of whatever stands in front: %v", err)
		}
		c.Faults.Reply(nil)
	}},
	{name: "a call about an account that is one too many says so, and nothing is made twice", run: func(c *caller) {
		n := c.newcomer()
		if !c.needs(c.Faults.Throttle != nil, "throttling") {
			return
		}
		c.Faults.Throttle("7")
		if _, err := n.accounts.MakeAccount(n.Context(), n.who); connector.RefusalOf(err).Reason != connector.TargetThrottled {
			n.Errorf("throttled: %v", err)
		}
		n.provide()
		n.stored()
	}},
}
