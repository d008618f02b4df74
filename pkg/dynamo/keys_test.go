package dynamo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// atX is the digest of the domain x.test as an identity source.
var atX = entitlement.IdentitySource{Kind: entitlement.SourceDomain, DomainName: "X.test"}.Place()

// Fixed ids, each of which shows in a key what it is of.
const (
	idC = "0000000c-0000-4000-8000-000000000001"
	idR = "0000000e-0000-4000-8000-000000000002"
	idP = "0000000b-0000-4000-8000-000000000003"
	idL = "0000000a-0000-4000-8000-000000000004"
	idQ = "0000000f-0000-4000-8000-000000000005"
	idU = "50000000-0000-4000-8000-000000000006"
	idG = "60000000-0000-4000-8000-000000000007"
	idK = "0000000d-0000-4000-8000-000000000008"
	idV = "70000000-0000-4000-8000-000000000009"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)

// keysIn returns the key attributes of an item on one line.
func keysIn(it item) string {
	var all []string
	for _, name := range []string{names.AttrPK, names.AttrSK, names.AttrI1P, names.AttrI1S, names.AttrI2P, names.AttrI2S, names.AttrI5P, names.AttrI5S} {
		if v := textOf(it, name); v != "" {
			all = append(all, name+"="+v)
		}
	}
	return strings.Join(all, " ")
}

// itemsOf returns every item that a change puts, by its keys.
func itemsOf(t *testing.T, c entitlement.Change) []string {
	t.Helper()
	p := (&DB{table: "t"}).planned(c, images{})
	if p.err != nil {
		t.Fatal(p.err)
	}
	var all []string
	for _, a := range p.actions {
		switch {
		case a.Put != nil:
			all = append(all, keysIn(a.Put.Item))
		case a.Update != nil:
			all = append(all, keysIn(a.Update.Key)+placed(a.Update.ExpressionAttributeNames, a.Update.ExpressionAttributeValues, *a.Update.UpdateExpression))
		case a.ConditionCheck != nil:
			all = append(all, keysIn(a.ConditionCheck.Key))
		}
	}
	return all
}

// placed shows where a relative update puts an item in index 2.
func placed(attrs map[string]string, values item, update string) string {
	out := ""
	for _, name := range []string{names.AttrI2P, names.AttrI2S} {
		for placeholder, attr := range attrs {
			if _, set, ok := strings.Cut(update, placeholder+" = "); ok && attr == name {
				value, _, _ := strings.Cut(set, ",")
				value, _, _ = strings.Cut(value, " ")
				out += " " + name + "=" + textOf(values, value)
			}
		}
	}
	return out
}

// TestKeysGolden pins the full key set of one item of each kind. A row that changes
// here is a migration of every table that exists.
func TestKeysGolden(t *testing.T) {
	request := entitlement.AssignmentRequest{ID: idQ, Package: idP, Subject: idU, Requestor: idV, Created: noon}
	first := entitlement.Event{Aggregate: entitlement.OfRequest, ID: idQ, Number: 1}
	waits := func(sets ...entitlement.SubjectSet) entitlement.AssignmentRequest {
		r := request
		r.Requestor, r.State, r.Due = idU, entitlement.RequestPendingApproval, noon.Add(time.Hour)
		r.Stages = []entitlement.Stage{{Approvers: sets, Manager: idV}}
		return r
	}
	user := entitlement.SubjectSet{Kind: entitlement.SingleUser, ID: idU}
	group := entitlement.SubjectSet{Kind: entitlement.GroupMembers, ID: idG}
	boss := entitlement.SubjectSet{Kind: entitlement.RequestorManager}

	for name, tt := range map[string]struct {
		change entitlement.Change
		want   []string
	}{
		"catalog": {entitlement.Change{Catalogs: []entitlement.Catalog{{ID: idC, DisplayName: "Sales & Co"}}}, []string{
			"pk=CAT#" + idC + " sk=CAT i1p=ALL#CAT i1s=sales%20%26%20co#" + idC}},
		"resource": {entitlement.Change{Resources: []entitlement.Resource{{ID: idR, Catalog: idC, Connector: idK, OriginID: "x"}}}, []string{
			"pk=CAT#" + idC + " sk=RES#" + idR,
			"pk=CAT#" + idC + " sk=ORI#fe213a3f56ad76a24c8689a1306539294d18bc9e"}},
		"role in a catalog": {entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{{ID: idR, Role: entitlement.CatalogOwner, Catalog: idC, User: idU}}}, []string{
			"pk=CAT#" + idC + " sk=ROLE#U#" + idU + "#" + string(entitlement.CatalogOwner) + " i2p=ALL#ROLE i2s=U#" + idU + "#" + idR,
			"pk=CFG sk=RID#" + idR + "#" + idC + "#U#" + idU + "#" + string(entitlement.CatalogOwner)}},
		"role in everything": {entitlement.Change{RoleAssignments: []entitlement.RoleAssignment{{ID: idR, Role: entitlement.Auditor, Group: idG}}}, []string{
			"pk=CFG sk=ROLE#G#" + idG + "#" + string(entitlement.Auditor) + " i2p=ALL#ROLE i2s=G#" + idG + "#" + idR,
			"pk=CFG sk=RID#" + idR + "##G#" + idG + "#" + string(entitlement.Auditor),
			"pk=GRP#" + idG + " sk=ROLE##" + string(entitlement.Auditor), "pk=GRP#" + idG + " sk=GRP"}},
		"package": {entitlement.Change{Packages: []entitlement.AccessPackage{{ID: idP, Catalog: idC, DisplayName: "Ab"}}}, []string{
			"pk=PKG#" + idP + " sk=PKG i1p=CAT#" + idC + " i1s=P#ab#" + idP + " i2p=ALL#PKG i2s=ab#" + idP}},
		"package that is offered": {entitlement.Change{Packages: []entitlement.AccessPackage{{ID: idP, Catalog: idC, DisplayName: "Ab", Offers: []entitlement.Offer{{Policy: idL, Scope: entitlement.ScopeAllMembers}}}}}, []string{
			"pk=PKG#" + idP + " sk=PKG i1p=CAT#" + idC + " i1s=P#ab#" + idP + " i2p=ALL#PKG i2s=ab#" + idP + " i5p=OFFER#members i5s=" + idP}},
		"package under deletion": {entitlement.Change{Packages: []entitlement.AccessPackage{{ID: idP, Catalog: idC, DisplayName: "Ab", Deleting: noon}}}, []string{
			"pk=PKG#" + idP + " sk=PKG i1p=CAT#" + idC + " i1s=P#ab#" + idP + " i2p=DUE#0 i2s=2026-03-01T12:01:00.000000500Z#P#" + idP}},
		"former package": {entitlement.Change{Former: []entitlement.AccessPackage{{ID: idP, Catalog: idC, DisplayName: "Ab"}}}, []string{"pk=PKG#" + idP + " sk=FORMER"}},
		"scopes":         {entitlement.Change{Scopes: []entitlement.PackageScopes{{Package: idP}}}, []string{"pk=PKG#" + idP + " sk=SCOPES"}},
		"who lists a package": {entitlement.Change{Incompatibilities: []entitlement.Incompatibility{{Package: idP, Listed: idQ}}}, []string{
			"pk=PKG#" + idQ + " sk=RINC#" + idP}},
		"record of somebody who is in none of the groups": {entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: idU, CheckAfter: noon,
			Add: entitlement.Waiting{Package: idP, Assignment: idQ}, NotIn: []entitlement.GroupID{idG}}}}, []string{
			"pk=SUB#" + idU + " sk=RECORD i2p=REC#2 i2s=2026-03-01T12:00:00.000000500Z#" + idU, "pk=SUB#" + idU + " sk=USR"}},
		"policy": {entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: idL, DisplayName: "Ä"}}}, []string{
			"pk=POL#" + idL + " sk=POL i2p=ALL#POL i2s=%C3%A4#" + idL}},
		"policy under deletion": {entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: idL, DisplayName: "Ä", Deleting: noon}}}, []string{
			"pk=POL#" + idL + " sk=POL i2p=DUE#2 i2s=2026-03-01T12:01:00.000000500Z#L#" + idL}},
		"connector": {entitlement.Change{Connectors: []entitlement.ConnectorConfig{{ID: idK, DisplayName: "HR"}}}, []string{
			"pk=CON#" + idK + " sk=CON i1p=ALL#CON i1s=hr#" + idK}},
		"job": {entitlement.Change{Jobs: []entitlement.Job{{Package: idP, Generation: 7, CheckAfter: noon}}}, []string{
			"pk=PKG#" + idP + " sk=JOB#00000007 i2p=DUE#3 i2s=2026-03-01T12:00:00.000000500Z#J#00000007"}},
		"resource at a target": {entitlement.Change{TargetResources: []entitlement.TargetResource{{Connector: idK, Resource: "team #1"}}}, []string{
			"pk=CON#" + idK + " sk=RES#a9f289fbb607d1eec3294827bc6201ee12f0eaf1"}},
		"breaker":    {entitlement.Change{Breakers: []entitlement.Breaker{{Connector: idK}}}, []string{"pk=CON#" + idK + " sk=BREAK"}},
		"rate lease": {entitlement.Change{RateLeases: []entitlement.RateLease{{Connector: idK}}}, []string{"pk=CON#" + idK + " sk=RATE"}},
		"absence that is noted": {entitlement.Change{Absences: []entitlement.Absence{{Person: idU, Groups: []entitlement.GroupID{idG}, Due: noon}}}, []string{
			"pk=SUB#" + idU + " sk=ABSENCE i2p=DUE#1 i2s=2026-03-01T12:00:00.000000500Z#U#" + idU}},
		"absence that was looked at": {entitlement.Change{Absences: []entitlement.Absence{{Person: idU, Due: noon, Meta: entitlement.Meta{Version: 1}}}}, []string{
			"pk=SUB#" + idU + " sk=ABSENCE i2p=DUE#1 i2s=2026-03-01T12:00:00.000000500Z#U#" + idU}},
		"user": {entitlement.Change{Users: []entitlement.User{{ID: idU, UserPrincipalName: "Ann@X.test", Identities: []entitlement.Principal{{Issuer: "i", Value: "v"}}}}}, []string{
			"pk=SUB#" + idU + " sk=USR",
			"pk=NAME#UPN#ann@x.test sk=NAME i1p=ALL#USR#5 i1s=ann@x.test#" + idU,
			"pk=PRINC#b9229fe6d39543741a71bc7f23ee60cc469a771b sk=PRINC"}},
		"report of a manager": {entitlement.Change{Users: []entitlement.User{{ID: idU, DisplayName: "Ann B", UserPrincipalName: "a@x", Manager: idV}}}, []string{
			"pk=SUB#" + idU + " sk=USR i5p=REPORT#" + idV + " i5s=ann%20b#" + idU, "pk=NAME#UPN#a@x sk=NAME i1p=ALL#USR#5 i1s=a@x#" + idU}},
		"guest of a domain": {entitlement.Change{Users: []entitlement.User{{ID: idU, Type: entitlement.Guest, DisplayName: "Ann B", UserPrincipalName: "a@x.test"}}}, []string{
			"pk=SUB#" + idU + " sk=USR", "pk=NAME#UPN#a@x.test sk=NAME i1p=ALL#USR#5 i1s=a@x.test#" + idU,
			"pk=SUB#" + idU + " sk=AT#" + atX + " i5p=GUEST#" + atX + " i5s=ann%20b#" + idU}},
		"organization with sponsors": {entitlement.Change{Organizations: []entitlement.ConnectedOrganization{{ID: idC, DisplayName: "Contoso",
			InternalSponsors: []entitlement.Sponsor{{User: idU}, {Group: idG}}, ExternalSponsors: []entitlement.Sponsor{{User: idV}}}}}, []string{
			"pk=ORG#" + idC + " sk=ORG i1p=ALL#ORG i1s=contoso#" + idC,
			"pk=ORG#" + idC + " sk=SPONSOR#U#" + idU + " i1p=SPONSOR#U#" + idU + " i1s=" + idC,
			"pk=ORG#" + idC + " sk=SPONSOR#G#" + idG + " i1p=SPONSOR#G#" + idG + " i1s=" + idC}},
		"policy by which others ask for everybody": {entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: idL, Package: idP, DisplayName: "A", Scope: entitlement.ScopeAllMembers,
			Requestor: entitlement.RequestorSettings{OnBehalfAdd: true}}}}, []string{
			"pk=POL#" + idL + " sk=POL i2p=ALL#POL i2s=a#" + idL + " i5p=BEHALF i5s=" + idP + "#" + idL}},
		"policy by which others ask for whom it names": {entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: idL, Package: idP, DisplayName: "A", Scope: entitlement.ScopeSpecificUsers,
			Requestor: entitlement.RequestorSettings{OnBehalfAdd: true}}}}, []string{
			"pk=POL#" + idL + " sk=POL i2p=ALL#POL i2s=a#" + idL}},
		"group": {entitlement.Change{Groups: []entitlement.Group{{ID: idG, DisplayName: "Team"}}}, []string{
			"pk=GRP#" + idG + " sk=GRP i1p=ALL#GRP#6 i1s=team#" + idG}},
		"member": {entitlement.Change{Memberships: []entitlement.Membership{{Group: idG, User: idU}}}, []string{
			"pk=GRP#" + idG + " sk=M#" + idU, "pk=SUB#" + idU + " sk=USR"}},
		"owner": {entitlement.Change{Memberships: []entitlement.Membership{{Group: idG, User: idU, Owner: true}}}, []string{
			"pk=GRP#" + idG + " sk=O#" + idU}},
		"request for another, with its first event": {entitlement.Change{Requests: []entitlement.AssignmentRequest{request}, Events: []entitlement.Event{first}}, []string{
			"pk=REQ#" + idQ + " sk=REQ",
			"pk=SUB#" + idV + " sk=BY#2026-03-01T12:00:00.000000500Z#" + idQ,
			"pk=EV#REQ#" + idQ + " sk=EV#00000001 i1p=PKGREQ#" + idP + " i1s=2026-03-01T12:00:00.000000500Z#" + idQ +
				" i2p=SUBREQ#" + idU + " i2s=2026-03-01T12:00:00.000000500Z#" + idQ}},
		"request that waits for a user": {entitlement.Change{Requests: []entitlement.AssignmentRequest{waits(user)}}, []string{
			"pk=REQ#" + idQ + " sk=REQ i1p=INBOX#U#" + idU + " i1s=2026-03-01T12:00:00.000000500Z#" + idQ + " i2p=DUE#2 i2s=2026-03-01T13:00:00.000000500Z#R#" + idQ}},
		"request that waits for a group": {entitlement.Change{Requests: []entitlement.AssignmentRequest{waits(group)}}, []string{
			"pk=REQ#" + idQ + " sk=REQ i1p=INBOX#G#" + idG + " i1s=2026-03-01T12:00:00.000000500Z#" + idQ + " i2p=DUE#2 i2s=2026-03-01T13:00:00.000000500Z#R#" + idQ}},
		"request that waits for a manager": {entitlement.Change{Requests: []entitlement.AssignmentRequest{waits(boss)}}, []string{
			"pk=REQ#" + idQ + " sk=REQ i1p=INBOX#U#" + idV + " i1s=2026-03-01T12:00:00.000000500Z#" + idQ + " i2p=DUE#2 i2s=2026-03-01T13:00:00.000000500Z#R#" + idQ}},
		"request that waits for several": {entitlement.Change{Requests: []entitlement.AssignmentRequest{waits(user, group)}}, []string{
			"pk=REQ#" + idQ + " sk=REQ i1p=INBOX#SET#cd3065b4e5393dcef559d02bb8085162c0422933 i1s=2026-03-01T12:00:00.000000500Z#" + idQ + " i2p=DUE#2 i2s=2026-03-01T13:00:00.000000500Z#R#" + idQ}},
		"slot that is asked for": {entitlement.Change{Slots: []entitlement.AssignmentSlot{{Package: idP, Subject: idU, Open: idQ}}}, []string{
			"pk=PKG#" + idP + " sk=ASG#" + idU + " i1p=OPENREQ#" + idU + " i1s=" + idP + "#" + idQ}},
		"slot with an end": {entitlement.Change{Slots: []entitlement.AssignmentSlot{{Package: idP, Subject: idU, Assignment: &entitlement.Assignment{End: noon}}}}, []string{
			"pk=PKG#" + idP + " sk=ASG#" + idU + " i2p=DUE#3 i2s=2026-03-01T12:00:00.000000500Z#A#" + idU}},
		"past assignment": {entitlement.Change{Ended: []entitlement.Assignment{{ID: idQ}}}, []string{"pk=REQ#" + idQ + " sk=ASG"}},
		"past assignment whose roles are there": {entitlement.Change{Ended: []entitlement.Assignment{{ID: idQ, Ended: noon}}}, []string{
			"pk=REQ#" + idQ + " sk=ASG i2p=LATE#1 i2s=2026-03-01T12:00:00.000000500Z"}},
		"record": {entitlement.Change{SubjectUpdates: []entitlement.SubjectUpdate{{Subject: idU, CheckAfter: noon}}}, []string{
			"pk=SUB#" + idU + " sk=RECORD i2p=REC#2 i2s=2026-03-01T12:00:00.000000500Z#" + idU}},
		"record that is settled": {entitlement.Change{Settlements: []entitlement.Settlement{{Subject: idU, Reconciled: true}}}, []string{"pk=SUB#" + idU + " sk=RECORD"}},
		"grant set":              {entitlement.Change{GrantSets: []entitlement.GrantSet{{Subject: idU, Connector: idK, Token: "t"}}}, []string{"pk=SUB#" + idU + " sk=GRANTS#" + idK}},
		"use of an account":      {entitlement.Change{AccountUses: []entitlement.AccountUse{{Connector: idK, Ref: "x"}}}, []string{"pk=CON#" + idK + " sk=ACC#553f121d1ecef2a1742c9c2c999380c992afeeae"}},
		"grant set with a failing role": {entitlement.Change{GrantSets: []entitlement.GrantSet{{Subject: idU, Connector: idK, Token: "t",
			Grants: map[entitlement.RoleRef]entitlement.Grant{{Role: "r"}: {Since: noon, Reason: "target-throttled"}}}}}, []string{
			"pk=SUB#" + idU + " sk=GRANTS#" + idK + " i1p=ERR#" + idK + "#target-throttled i1s=2026-03-01T12:00:00.000000500Z#" + idU + " i2p=LATE#0 i2s=2026-03-01T12:00:00.000000500Z i5p=FAIL#0 i5s=2026-03-01T12:00:00.000000500Z#" + idU + "#target-throttled"}},
		"guard": {entitlement.Change{DeletionGuards: []entitlement.DeletionGuard{{Package: idP, Subject: idU}}}, []string{"pk=PKG#" + idP + " sk=GUARD#02"}},
		"events": {entitlement.Change{Events: []entitlement.Event{
			{Aggregate: entitlement.OfCatalog, ID: idC, Number: 2}, {Aggregate: entitlement.OfPackage, ID: idP, Number: 3},
			{Aggregate: entitlement.OfPolicy, ID: idL, Number: 4}, {Aggregate: entitlement.OfRequest, ID: idQ, Number: 12345678},
			{Aggregate: entitlement.OfUser, ID: idU, Number: 6}, {Aggregate: entitlement.OfGroup, ID: idG, Number: 7},
			{Aggregate: entitlement.OfConnector, ID: idK, Number: 8}, {Aggregate: entitlement.OfPrincipal, ID: idV, Number: 1}}}, []string{
			"pk=EV#CAT#" + idC + " sk=EV#00000002", "pk=EV#PKG#" + idP + " sk=EV#00000003", "pk=EV#POL#" + idL + " sk=EV#00000004", "pk=EV#REQ#" + idQ + " sk=EV#12345678",
			"pk=EV#SUB#" + idU + " sk=EV#00000006", "pk=EV#GRP#" + idG + " sk=EV#00000007", "pk=EV#CON#" + idK + " sk=EV#00000008", "pk=EV#PRINC#" + idV + " sk=EV#00000001"}},
		"event to look at": {entitlement.Change{Events: []entitlement.Event{{Aggregate: entitlement.OfReprocess, ID: idQ, Number: 1, At: noon}}}, []string{
			"pk=EV#AGAIN#" + idQ + " sk=EV#00000001 i1p=NOTICE i1s=2026-03-01T12:00:00.000000500Z#EV#AGAIN#" + idQ + "#EV#00000001"}},
		"first event of a policy": {entitlement.Change{Policies: []entitlement.AssignmentPolicy{{ID: idL, Package: idP, DisplayName: "All"}},
			Events: []entitlement.Event{{Aggregate: entitlement.OfPolicy, ID: idL, Number: 1, At: noon}}}, []string{
			"pk=POL#" + idL + " sk=POL i2p=ALL#POL i2s=all#" + idL,
			"pk=EV#POL#" + idL + " sk=EV#00000001 i2p=OF#P#" + idP + " i2s=2026-03-01T12:00:00.000000500Z#EV#POL#" + idL}},
		"references": {entitlement.Change{References: []entitlement.Reference{{User: idU}, {Group: idG}, {User: idU, Group: idG}}}, []string{"pk=SUB#" + idU + " sk=USR", "pk=GRP#" + idG + " sk=GRP", "pk=GRP#" + idG + " sk=M#" + idU}},
	} {
		t.Run(name, func(t *testing.T) {
			got := itemsOf(t, tt.change)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
			for _, it := range got { // by which roles are limited
				family := names.FamilyOf(strings.TrimPrefix(strings.Fields(it)[0], "pk="))
				if family == "" || (family == names.FamilyEvent) != strings.Contains(it, " sk="+wordEvent) {
					t.Errorf("%s is of the family %q", it, family)
				}
			}
		})
	}
}

// TestEntryKeysGolden pins the keys of index entries that are put outside of a transaction.
func TestEntryKeysGolden(t *testing.T) {
	who := subjectSetRef{kindGroup, idG}
	for got, want := range map[string]string{
		fmt.Sprint(setKey("h", who), inSetIndexKey(who, "h")):                      "{ASET#h G#" + idG + "} {INBOX#G#" + idG + " 0#h}",
		fmt.Sprint(targetKey(idL, who), targetIndexKey(who, idP)):                  "{POL#" + idL + " T#G#" + idG + "} {TARGET#G#" + idG + " " + idP + "}",
		fmt.Sprint(approversKey(), targetsKey(), signingKeyKey()):                  "{CFG APPROVERS} {CFG TARGETS} {CFG PAGEKEY}",
		fmt.Sprint(deletionGuardKey(idP, 0).SK, " ", deletionGuardKey(idP, 15).SK): "GUARD#00 GUARD#15",
		fmt.Sprint(encUnique(strings.Repeat("x", 129))):                            "~" + digest(strings.Repeat("x", 129)),
		fmt.Sprint(upTo(noon) > dueIndexKey(requestKey(idQ), noon).sort):           "true",
		fmt.Sprint(upTo(noon) < dueIndexKey(requestKey(idQ), noon.Add(1)).sort):    "true",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestEventKeysGolden pins where an event is listed by whom and when.
func TestEventKeysGolden(t *testing.T) {
	key, _ := eventKey(entitlement.OfRequest, idQ, 7)
	for actor, want := range map[entitlement.UserID]string{
		idU:                 "i3p=ACT#" + idU + " i3s=2026-03-01T12:00:00.000000500Z#" + digest(key.PK)[:8] + "#00000007 i4p=WHEN#1",
		entitlement.Service: "i3p= i3s=2026-03-01T12:00:00.000000500Z#" + digest(key.PK)[:8] + "#00000007 i4p=WHEN#1",
	} {
		it := writeEvent(key, entitlement.Event{Actor: actor, At: noon}, indexKeys{})
		if got := "i3p=" + textOf(it, names.AttrI3P) + " i3s=" + textOf(it, names.AttrI3S) + " i4p=" + textOf(it, names.AttrI4P); got != want {
			t.Errorf("by %s: got %s, want %s", actor, got, want)
		}
	}
}
