package graph

import (
	"encoding/base64"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/csvfile"
	"leasehold/pkg/entitlement"
)

// asRows reads an export as a program would: rows by the names of their columns.
func asRows(t *testing.T, text string) []any {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	rows := []any{}
	for _, cells := range all[1:] {
		row := object{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func TestAssignmentsAreTakenAwayAsRows(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	held := w.ask("member")
	w.ids["ended"] = w.call("admin", "POST", requestPath, object{"requestType": "adminAdd", "assignment": object{"targetId": w.ids["other"], "accessPackageId": w.ids["package"],
		"assignmentPolicyId": w.ids["policy"]}}).want(201).get("id")
	w.call("admin", "POST", requestPath, object{"requestType": "adminRemove", "assignment": object{"id": w.ids["ended"]}}).want(201)

	got := w.call("admin", "GET", filtered(exportPath, "accessPackage/id eq '"+w.ids["package"]+"'"), nil).want(200)
	if got.header.Get("Content-Type") != "text/csv; charset=utf-8" || got.header.Get("Content-Disposition") != `attachment; filename="assignments.csv"` {
		t.Errorf("headers %v", got.header)
	}
	if header, _, _ := strings.Cut(got.text, "\r\n"); header != strings.Join(csvfile.AssignmentColumns, ",") {
		t.Errorf("the header row is %q", header)
	}
	if len(got.values()) != 2 {
		t.Fatalf("%s", got.text)
	}
	i := slices.IndexFunc(got.values(), func(v any) bool { return dig(v, "assignmentId") == held })
	listed := w.call("admin", "GET", heldPath+"/"+held, nil).want(200)
	row := got.values()[i].(object)
	for column, want := range map[string]string{"personId": w.ids["member"], "accessPackageId": w.ids["package"], "accessPackageName": "Package", "policyId": w.ids["policy"],
		"policyName": "Policy", "state": listed.get("state"), "status": listed.get("status"), "requestedById": w.ids["member"], "startDateTime": "2026-03-01T09:00:00Z",
		"endDateTime": "2026-03-31T09:00:00Z", "expiredDateTime": ""} {
		if row[column] != want {
			t.Errorf("%s is %q, want %q", column, row[column], want)
		}
	}
	if other := got.values()[1-i].(object); other["requestedById"] != w.ids["admin"] || other["state"] != "expired" || other["expiredDateTime"] == "" {
		t.Errorf("the one that has ended: %v", other)
	}

	ended := w.call("admin", "GET", filtered(exportPath, "accessPackage/id eq '"+w.ids["package"]+"' and state eq 'expired'"), nil).want(200).values()
	if len(ended) != 1 || dig(ended[0], "assignmentId") != w.ids["ended"] {
		t.Errorf("by state: %v", ended)
	}
	for _, option := range []string{"$top=1", "$select=id", "$expand=target", "$orderby=id", "$count=true", "$filter=nonsense%20eq%201"} {
		w.call("admin", "GET", exportPath+"?"+option, nil).want(400)
	}
	w.call("member", "GET", exportPath, nil).want(403)

	answer := w.batch("admin", getting("1", "/leasehold/assignments/export"))["1"]
	text, err := base64.StdEncoding.DecodeString(answer["body"].(string))
	if err != nil || !strings.HasPrefix(string(text), "assignmentId,") {
		t.Errorf("in a batch: %v", answer)
	}
}

func TestA10_NoCellIsRunAsAFormula(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	for _, name := range []string{`=HYPERLINK("https://evil.example","x")`, `A "quoted", name`} {
		w.call("admin", "PATCH", packagePath+"/"+w.ids["package"], object{"displayName": name}).want(204)
		if len(w.call("admin", "GET", exportPath, nil).want(200).values()) == 0 {
			w.ask("member")
		}
		row := w.call("admin", "GET", exportPath, nil).want(200).one()
		if got := row["accessPackageName"].(string); got != csvfile.Cell(name) || strings.HasPrefix(got, "=") {
			t.Errorf("%s is told as %s", name, got)
		}
	}
}

// Beyond 5,000 rows an export is refused, and told what to name; up to that it has all of them.
func TestAnExportHasAllRowsOrIsRefused(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	add := func(n int) {
		var slots []entitlement.AssignmentSlot
		for range n {
			id := w.clock.New()
			a := entitlement.Assignment{ID: entitlement.AssignmentID(id), Package: entitlement.PackageID(w.ids["package"]), Catalog: entitlement.CatalogID(w.ids["catalog"]),
				Policy: entitlement.PolicyID(w.ids["policy"]), Subject: entitlement.UserID(id), State: entitlement.AssignmentDelivered, Start: w.clock.Now().Truncate(time.Second)}
			slots = append(slots, entitlement.AssignmentSlot{Package: a.Package, Subject: a.Subject, Assignment: &a})
		}
		for chunk := range slices.Chunk(slots, 80) {
			if err := w.store.Commit(t.Context(), entitlement.Change{Slots: chunk}); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(maxExported)
	of := filtered(exportPath, "accessPackage/id eq '"+w.ids["package"]+"'")
	if n := len(w.call("admin", "GET", of, nil).want(200).values()); n != maxExported {
		t.Errorf("%d rows", n)
	}
	add(1)
	if got := w.call("admin", "GET", of, nil).want(400); !strings.Contains(got.text, "$filter") || !strings.Contains(got.text, heldPath) {
		t.Errorf("what to do instead is not told: %s", got.text)
	}
}

// A package that is hidden is opened by its id by those in scope, and its keepers copy its
// link; no list for people has it.
func TestR40_AHiddenPackageIsReachedByItsIdAndNeverListedToPeople(t *testing.T) {
	w := newFixture(t)
	w.offer(open())
	lists := []string{packagePath + "/filterByCurrentUser(on='allowedRequestor')", availablePath,
		em + "/accessPackageSuggestions/filterByCurrentUser(on='relatedPeopleAssignments,assignmentHistory')"}
	if !strings.Contains(w.call("member", "GET", lists[0], nil).want(200).text, w.ids["package"]) {
		t.Fatal("it is not listed before it is hidden")
	}
	w.call("admin", "PATCH", packagePath+"/"+w.ids["package"], object{"isHidden": true}).want(204)
	for _, list := range lists {
		if got := w.call("member", "GET", list, nil).want(200); strings.Contains(got.text, w.ids["package"]) {
			t.Errorf("%s lists it", list)
		}
	}
	w.call("member", "GET", packagePath+"/"+w.ids["package"], nil).want(200)
	w.call("member", "GET", availablePath+"/"+w.ids["package"], nil).want(200)
	w.call("admin", "GET", ours+"/accessPackages/"+w.ids["package"]+"/link", nil).want(200)
	w.ask("member")
}
