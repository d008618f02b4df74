package graph

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
)

const historyPath = ours + "/events"

// history reads a list of events to its end, by pages of a size, and checks each page.
func (w *fixture) history(filter string, top int) (all []any) {
	w.Helper()
	path := fmt.Sprintf("%s?$top=%d", historyPath, top)
	if filter != "" {
		path += "&$filter=" + url.QueryEscape(filter)
	}
	for path != "" {
		page := w.call("admin", "GET", path, nil).want(200)
		if n := len(page.values()); n > top || n < top && page.next() != "" || n == 0 && len(all) > 0 {
			w.Fatalf("%s: a page of %d, and the next is %q", path, n, page.next())
		}
		all = append(all, page.values()...)
		path = page.next()
	}
	return all
}

func eventIDs(all []any) (ids []string) {
	for _, e := range all {
		ids = append(ids, dig(e, "id"))
	}
	return ids
}

// aLife has a package offered, asked for, approved, refused and given back, with a role given
// and taken back, a policy that is gone, and time between all of it.
func aLife(w *fixture) (held string) {
	w.offer(approved(w))
	w.clock.Advance(time.Hour)
	held = w.call("admin", "POST", requestPath, object{"requestType": "adminAdd",
		"assignment": object{"targetId": w.ids["member"], "accessPackageId": w.ids["package"], "assignmentPolicyId": w.ids["policy"]}}).want(201).get("id")
	w.clock.Advance(time.Hour)
	w.ask("other")

	role := w.assign("admin", "member", entitlement.CatalogReader, w.ids["catalog"]).want(201).get("id")
	w.call("admin", "DELETE", assignmentsPath+"/"+role, nil).want(204)
	w.clock.Advance(time.Hour)

	extra := open()
	extra["displayName"], extra["accessPackage"] = "Gone soon", object{"id": w.ids["package"]}
	w.ids["extra"] = w.call("admin", "POST", em+"/assignmentPolicies", extra).want(201).get("id")
	w.call("admin", "DELETE", em+"/assignmentPolicies/"+w.ids["extra"], nil).want(204)
	w.call("admin", "PATCH", "/v1.0/users/"+w.ids["member"], object{"displayName": "Grace Hopper"}).want(204)
	return held
}

// Every event is found by time, and, of what it is about or who did it, those alone: with a
// full page each time, however the pages are cut, and each event once.
func TestS10_EventsAreListedByPersonPackageActorAndTime(t *testing.T) {
	w := newFixture(t)
	held := aLife(w)

	all := w.history("", 100)
	if len(all) < 20 {
		t.Fatalf("only %d events", len(all))
	}
	for i := 1; i < len(all); i++ {
		if dig(all[i-1], "activityDateTime") < dig(all[i], "activityDateTime") {
			t.Errorf("event %d is newer than the one before it", i)
		}
	}

	id := func(kind entitlement.AggregateKind, of string, n int) string {
		return fmt.Sprintf("%s/%s/%d", kind, of, n)
	}
	is := func(property, value string) func(any) bool {
		return func(e any) bool { return dig(e, property) == value }
	}
	for name, tt := range map[string]struct {
		filter string
		yes    func(any) bool
		has    []string
	}{
		"a person":          {"subject eq '" + w.ids["member"] + "'", is("subject", w.ids["member"]), []string{id(entitlement.OfUser, w.ids["member"], 1), id(entitlement.OfRequest, held, 1)}},
		"a package":         {"accessPackage eq '" + w.ids["package"] + "'", is("accessPackage", w.ids["package"]), []string{id(entitlement.OfPackage, w.ids["package"], 1), id(entitlement.OfPolicy, w.ids["extra"], 2), id(entitlement.OfRequest, held, 1)}},
		"an actor":          {"actor eq '" + w.ids["other"] + "'", is("actor", w.ids["other"]), nil},
		"everybody but one": {"actor ne '" + w.ids["admin"] + "'", func(e any) bool { return dig(e, "actor") != w.ids["admin"] }, nil},
		"the service":       {"actor eq 'service' and activityDateTime ge 2026-03-01T00:00:00Z", is("actor", "service"), nil},
		"the service, of a person": {"actor eq 'service' and subject eq '" + w.ids["member"] + "'", func(e any) bool {
			return dig(e, "actor") == "service" && dig(e, "subject") == w.ids["member"]
		}, nil},
		"an hour": {"activityDateTime ge 2026-03-01T10:00:00Z and activityDateTime lt 2026-03-01T11:00:00Z", func(e any) bool {
			at := dig(e, "activityDateTime")
			return at >= "2026-03-01T10" && at < "2026-03-01T11"
		}, []string{id(entitlement.OfRequest, held, 1)}},
		"a person and who did it": {"subject eq '" + w.ids["member"] + "' and actor eq '" + w.ids["admin"] + "'", func(e any) bool {
			return dig(e, "subject") == w.ids["member"] && dig(e, "actor") == w.ids["admin"]
		}, nil},
		"a person or a package": {"subject eq '" + w.ids["other"] + "' or accessPackage eq '" + w.ids["package"] + "'", func(e any) bool {
			return dig(e, "subject") == w.ids["other"] || dig(e, "accessPackage") == w.ids["package"]
		}, nil},
		"roles": {"subject eq '" + w.ids["member"] + "' and startswith(activity, 'role')", func(e any) bool {
			return dig(e, "subject") == w.ids["member"] && strings.HasPrefix(dig(e, "activity"), "role")
		}, nil},
		"nothing": {"subject eq '00000000-0000-4000-8000-00000000dead'", is("subject", "00000000-0000-4000-8000-00000000dead"), nil},
	} {
		want := eventIDs(slices.DeleteFunc(slices.Clone(all), func(e any) bool { return !tt.yes(e) }))
		slices.Sort(want)
		if len(want) == 0 && name != "nothing" && !strings.HasPrefix(name, "the service") {
			t.Errorf("%s: the life has none", name)
		}
		for _, top := range []int{1, 2, 3, 7, 100} {
			got := eventIDs(w.history(tt.filter, top))
			for _, one := range tt.has {
				if !slices.Contains(got, one) {
					t.Errorf("%s, %d a page: %s is not there", name, top, one)
				}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s, %d a page: got\n  %v\nwant\n  %v", name, top, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
		}
	}

	// It is found by what it is about, and it says so.
	roles := w.history("subject eq '"+w.ids["member"]+"' and startswith(activity, 'role')", 10)
	if len(roles) != 2 || dig(roles[0], "subjectDisplayName") != "Grace Hopper" {
		t.Errorf("the roles given: %v", roles)
	}
	asked := w.history("subject eq '"+w.ids["member"]+"' and activity eq 'submitted'", 10)
	if len(asked) != 1 || dig(asked[0], "accessPackageDisplayName") != "Package" || dig(asked[0], "requestId") == "" || dig(asked[0], "hash") == "" || dig(asked[0], "actor") != w.ids["admin"] {
		t.Errorf("the request: %v", asked)
	}
	count := w.call("admin", "GET", historyPath+"/$count?$filter="+url.QueryEscape("subject eq '"+w.ids["member"]+"'"), nil).want(200)
	if n := len(w.history("subject eq '"+w.ids["member"]+"'", 100)); count.text != fmt.Sprint(n) {
		t.Errorf("%s are counted of %d", count.text, n)
	}
}

// What the service did by itself no index lists. Where nothing else is named that one lists it
// by, the answer says what to name, and reads nothing.
func TestS21_WhatTheServiceDidIsAskedForByTimeOrByWhatItWasDoneTo(t *testing.T) {
	w := newFixture(t)
	aLife(w)
	for _, filter := range []string{"actor eq 'service'", "actor eq 'service' and activity eq 'expired'", "actor eq 'service' and activityDateTime le 2026-03-02T00:00:00Z"} {
		for _, path := range []string{historyPath, historyPath + "/$count"} {
			if got := w.call("admin", "GET", path+"?$filter="+url.QueryEscape(filter), nil).want(400); !strings.Contains(got.text, "activityDateTime ge") {
				t.Errorf("%s: %s", filter, got.text)
			}
		}
	}
	w.call("admin", "GET", historyPath+"?$filter="+url.QueryEscape("actor ne 'service'"), nil).want(200)
}

// Nobody but administrators and auditors reads what others did, of whatever it is.
func TestA1_EventsAreForAdministratorsAndAuditors(t *testing.T) {
	w := newFixture(t)
	aLife(w)
	w.assign("admin", "manager", entitlement.CatalogOwner, w.ids["catalog"]).want(201)
	w.assign("admin", "reviewer", entitlement.Auditor, "").want(201)

	for _, path := range []string{historyPath, historyPath + "/$count", historyPath + "?$filter=" + url.QueryEscape("subject eq '"+w.ids["member"]+"'")} {
		w.call("reviewer", "GET", path, nil).want(200)
		w.call("member", "GET", path, nil).want(403)
		w.call("manager", "GET", path, nil).want(403)
		w.call("nobody", "GET", path, nil).want(403)
	}
}

// An option that cannot be honoured is refused, and a token is that of its list and caller.
func TestS21_EventsHonourOrRefuseEveryOption(t *testing.T) {
	w := newFixture(t)
	aLife(w)
	for _, bad := range []string{"$filter=subject eq 'nobody'", "$filter=actor eq 'x'", "$filter=package eq 'x'", "$expand=actor", "$skiptoken=x", "$top=0x"} {
		name, value, _ := strings.Cut(bad, "=")
		w.call("admin", "GET", historyPath+"?"+name+"="+url.QueryEscape(value), nil).want(400)
	}

	first := w.call("admin", "GET", historyPath+"?$top=2&$filter="+url.QueryEscape("accessPackage eq '"+w.ids["package"]+"'"), nil).want(200)
	other := strings.Replace(first.next(), w.ids["package"], w.ids["member"], 1)
	w.call("admin", "GET", other, nil).want(400)
	if got := w.call("admin", "GET", first.next(), nil).want(200).values(); len(got) != 2 {
		t.Errorf("the next page is %v", got)
	}
}
