package dynamo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// anyID is mostly a UUID, sometimes a text that looks like keys do.
func anyID() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
		rapid.StringMatching(`[a-zA-Z0-9#%~$_. -]{1,40}`),
		rapid.StringN(1, 20, -1),
	)
}

// anyInstant is a time that keys can order.
func anyInstant() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, lastStamp.Unix()).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	})
}

// TestKeysParse proves that whatever a key was built of is read back from it.
func TestKeysParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, at := anyID().Draw(t, "a"), anyID().Draw(t, "b"), anyInstant().Draw(t, "at")
		number := rapid.Int64Range(1, 99_999_999).Draw(t, "number")
		expect := func(what string, got, want any) {
			if got != want {
				t.Fatalf("%s: got %q, want %q", what, got, want)
			}
		}
		expect("catalog", catalogAt(catalogKey(entitlement.CatalogID(a))), entitlement.CatalogID(a))
		expect("resource", resourceAt(resourceKey(entitlement.CatalogID(b), entitlement.ResourceID(a))), entitlement.ResourceID(a))
		expect("package", packageAt(scopesKey(entitlement.PackageID(a))), entitlement.PackageID(a))
		expect("policy", policyAt(policyKey(entitlement.PolicyID(a))), entitlement.PolicyID(a))
		expect("connector", connectorAt(connectorKey(entitlement.ConnectorID(a))), entitlement.ConnectorID(a))
		expect("request", requestAt(requestKey(entitlement.RequestID(a))), entitlement.RequestID(a))
		expect("ended", endedAt(endedKey(entitlement.AssignmentID(a))), entitlement.AssignmentID(a))
		expect("user", userAt(subjectRecordKey(entitlement.UserID(a))), entitlement.UserID(a))
		expect("group", groupAt(groupKey(entitlement.GroupID(a))), entitlement.GroupID(a))
		expect("slot", personAt(assignmentSlotKey(entitlement.PackageID(b), entitlement.UserID(a))), entitlement.UserID(a))
		expect("lister", incompatibleAt(incompatibleKey(entitlement.PackageID(b), entitlement.PackageID(a))), entitlement.PackageID(a))
		expect("member", personAt(memberKey(entitlement.GroupID(b), entitlement.UserID(a))), entitlement.UserID(a))
		expect("grant set", grantSetAt(grantSetKey(entitlement.UserID(b), entitlement.ConnectorID(a))), entitlement.ConnectorID(a))
		expect("made", madeAt(madeKey(entitlement.UserID(b), at, entitlement.RequestID(a))), entitlement.RequestID(a))
		expect("failing", failingAt(failingIndexKey(entitlement.ConnectorID(b), a, at, entitlement.UserID(a)).sort), entitlement.Failing{Subject: entitlement.UserID(a), Since: at})
		expect("listed", lastOf[string](allIndexKey(wordCatalog, b, a).sort), a)
		expect("inbox", lastOf[string](requestSort(at, entitlement.RequestID(a))), a)
		kind := rapid.SampledFrom(slices.Sorted(maps.Keys(eventWords))).Draw(t, "kind")
		key, _ := eventKey(kind, a, number)
		gotKind, gotID, gotNumber := eventAt(key)
		expect("event", fmt.Sprint(gotKind, gotID, gotNumber), fmt.Sprint(kind, a, number))
		for _, ref := range []entitlement.DueRef{{Kind: entitlement.DueRequest, Request: entitlement.RequestID(a), At: at}, {Kind: entitlement.DuePackage, Package: entitlement.PackageID(a), At: at},
			{Kind: entitlement.DueAssignment, Package: entitlement.PackageID(a), Subject: entitlement.UserID(b), At: at}, {Kind: entitlement.DueJob, Package: entitlement.PackageID(a), Generation: number, At: at},
			{Kind: entitlement.DuePolicy, Policy: entitlement.PolicyID(a), At: at}, {Kind: entitlement.DueBreaker, Connector: entitlement.ConnectorID(a), At: at}, {Kind: entitlement.DueAbsence, Absent: entitlement.UserID(a), At: at}} {
			expect("due", dueAt(dueKey(ref), dueIndexKey(dueKey(ref), at).sort), ref)
		}
	})
}

// TestKeysApart proves that two different things never share a key.
func TestKeysApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one, other := everyKey(t, "one"), everyKey(t, "other")
		for key, what := range one {
			if again, ok := other[key]; ok && what != again {
				t.Fatalf("%s and %s share the key %v", what, again, key)
			}
		}
	})
}

// everyKey builds each key of two ids, a text and a time, with what it is of.
func everyKey(t *rapid.T, label string) map[Key]string {
	a, b := anyID().Draw(t, label+" a"), anyID().Draw(t, label+" b")
	s := rapid.OneOf(anyID(), rapid.SampledFrom([]string{"RECORD", "USR", "CAT", "a", "A"})).Draw(t, label+" text")
	at, number := anyInstant().Draw(t, label+" at"), rapid.Int64Range(1, 20).Draw(t, label+" number")
	u, g, p, q := entitlement.UserID(a), entitlement.GroupID(a), entitlement.PackageID(a), entitlement.RequestID(a)
	all := map[Key]string{}
	add := func(key Key, of ...any) {
		what := fmt.Sprintf("%q", of)
		if before, ok := all[key]; ok {
			t.Fatalf("%s and %s share the key %v", before, what, key)
		}
		all[key] = what
	}
	add(catalogKey(entitlement.CatalogID(a)), "catalog", a)
	add(resourceKey(entitlement.CatalogID(a), entitlement.ResourceID(b)), "resource", a, b)
	add(originKey(entitlement.CatalogID(a), entitlement.ConnectorID(b), s), "origin", a, b, s)
	add(packageKey(p), "package", a)
	add(scopesKey(p), "scopes", a)
	add(deletionGuardKey(p, int(number)%names.DeletionGuards), "guard", a, number%names.DeletionGuards)
	add(jobKey(p, number), "job", a, number)
	add(sessionFileKey(a, b, 7), "text beside a session", a, b)
	add(impactJobKey(p, entitlement.ImpactJobID(b)), "impact job", a, b)
	add(affectedKey(p, entitlement.ImpactJobID(b), int(number), entitlement.Loses, 7), "people of an impact job", a, b, number)
	add(breakerKey(entitlement.ConnectorID(a)), "breaker", a)
	add(incompatibleKey(p, entitlement.PackageID(b)), "incompatible", a, b)
	add(assignmentSlotKey(p, entitlement.UserID(b)), "slot", a, b)
	add(policyKey(entitlement.PolicyID(a)), "policy", a)
	add(targetKey(entitlement.PolicyID(a), subjectSetRef{kindUser, b}), "target", a, "user", b)
	add(targetKey(entitlement.PolicyID(a), subjectSetRef{kindGroup, b}), "target", a, "group", b)
	add(connectorKey(entitlement.ConnectorID(a)), "connector", a)
	add(requestKey(q), "request", a)
	add(endedKey(entitlement.AssignmentID(a)), "ended", a)
	add(madeKey(u, at, entitlement.RequestID(b)), "made", a, at, b)
	add(userKey(u), "user", a)
	add(subjectRecordKey(u), "record", a)
	add(absenceKey(u), "absence", a)
	add(grantSetKey(u, entitlement.ConnectorID(b)), "grant set", a, b)
	add(groupKey(g), "group", a)
	add(memberKey(g, entitlement.UserID(b)), "member", a, b)
	add(ownerKey(g, entitlement.UserID(b)), "owner", a, b)
	add(userNameKey(s), "name", strings.ToLower(s))
	add(principalKey(entitlement.Principal{Issuer: a, Value: s}), "principal", a, s)
	add(setKey(digest(s), subjectSetRef{kindUser, a}), "set", s, "user", a)
	add(approversKey(), "approvers")
	add(targetsKey(), "targets")
	add(sponsorsKey(), "sponsors")
	add(guestKey(u, entitlement.IdentitySource{Kind: entitlement.SourceDomain, DomainName: s}), "guest", a, strings.ToLower(s))
	add(sponsorKey(entitlement.OrganizationID(a), subjectSetRef{kindUser, b}), "sponsor", a, "user", b)
	add(sponsorKey(entitlement.OrganizationID(a), subjectSetRef{kindGroup, b}), "sponsor", a, "group", b)
	add(signingKeyKey(), "signing key")
	for kind := range eventWords {
		key, _ := eventKey(kind, a, number)
		add(key, "event", kind, a, number)
	}
	return all
}

// TestStampsSort proves that keys order times as time does.
func TestStampsSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyInstant().Draw(t, "a"), anyInstant().Draw(t, "b")
		if got, want := strings.Compare(stamp(a), stamp(b)), a.Compare(b); got != want {
			t.Fatalf("%s and %s sort as %d, want %d", stamp(a), stamp(b), got, want)
		}
		if len(stamp(a)) != len(stampLayout) || !unstamp(stamp(a)).Equal(a) {
			t.Fatalf("%s is not %v", stamp(a), a)
		}
	})
	if got := stamp(lastStamp.Add(time.Hour)); got != stamp(lastStamp) {
		t.Errorf("got %s beyond the last year", got)
	}
}

// TestEncKeepsPrefixes proves that a search by the beginning of a name finds it.
func TestEncKeepsPrefixes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringMatching(`[a-zA-Z0-9#%@. -]{0,20}`).Draw(t, "a"), rapid.StringMatching(`[a-zA-Z0-9#%@. -]{0,20}`).Draw(t, "b")
		if !strings.HasPrefix(enc(a+b), enc(a)) || enc(strings.ToUpper(a)) != enc(a) || strings.Contains(enc(a), sep) {
			t.Fatalf("enc(%q) is %q, enc(%q) is %q", a, enc(a), a+b, enc(a+b))
		}
	})
}
