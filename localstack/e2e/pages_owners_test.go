package e2e

import (
	"fmt"
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/localstack/visitor"
	"leasehold/pkg/names"
)

// keeper is somebody who keeps packages at the pages of the deployed stack, without script.
type keeper struct {
	*testing.T
	*visitor.Visitor
	page *visitor.Page
}

// keeps signs somebody in and opens a page.
func keeps(t *testing.T, as, path string) *keeper {
	t.Helper()
	k := &keeper{T: t, Visitor: visitor.New(nil)}
	k.must(k.SignIn(t.Context(), stack.URL+names.PortalPath+path, as))
	return k
}

// must goes on with a page, which has to be one.
func (k *keeper) must(p *visitor.Page, err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
	if p.Status != 200 {
		k.Fatalf("%s: %d %s", p.Address, p.Status, p.Text)
	}
	k.page = p
}

// says demands what the page says.
func (k *keeper) says(words ...string) {
	k.Helper()
	for _, w := range words {
		if !strings.Contains(k.page.Text, w) {
			k.Fatalf("%s does not say %q: %s", k.page.Address, w, k.page.Text)
		}
	}
}

// comesTo opens the page again until it says the words.
func (k *keeper) comesTo(words string) {
	k.Helper()
	address := k.page.Address
	eventually(k.T, soon, func() (bool, string) {
		k.must(k.Open(k.Context(), address))
		return strings.Contains(k.page.Text, words), k.page.Text
	})
}

// Fifty people of a file are assigned at once, each line checked before anything happens, and
// hold the role at the target: through the pages of the deployed stack.
func TestStory_FiftyAreAssignedFromAFileThroughThePages(t *testing.T) {
	group := newTargetGroup(t)
	o := newOffer(t, newCatalog(t), group)
	var people []person
	lines := []string{"Id;Name"}
	for i := range 50 {
		people = append(people, newPerson(t, true))
		lines = append(lines, fmt.Sprintf("%s;Somebody %d", people[i].id, i))
	}
	file := strings.Join(lines, "\r\n") + "\r\nnobody-of-this-name;x\r\n"

	k := keeps(t, components.Admin, "/manage/packages/"+o.id+"/assign")
	k.must(k.page.Upload(t.Context(), "Check the list", map[string]string{"justification": "from a file"}, "file", "people.csv", []byte(file)))
	k.says("50 can be assigned, 2 cannot", "nobody has this name")
	if n := holds(t, group, people[0].there); n != 0 {
		t.Fatal("checking has assigned")
	}
	k.must(k.page.Submit(t.Context(), "Assign to those that can be (50)", nil))
	k.says("Assigned: 50.")

	k.must(k.Open(t.Context(), stack.URL+names.PortalPath+"/manage/packages/"+o.id+"/people"))
	k.comesTo("Delivered (50)")
	for _, p := range people {
		if holds(t, group, p.there) != 1 {
			t.Errorf("%s is not in the group at the target", p.there)
		}
	}
}

// A role that is removed from a package at the pages of the deployed stack is taken back from who
// has the package, at the target, and the other one stays.
func TestStory_ARoleIsRemovedThroughThePages(t *testing.T) {
	stays, goes := newTargetGroup(t), newTargetGroup(t)
	catalog := newCatalog(t)
	o := newOffer(t, catalog, stays, goes)
	p := newPerson(t, true)
	made := o.assign(t, p, nil)
	eventually(t, soon, func() (bool, string) {
		return holds(t, stays, p.there)+holds(t, goes, p.there) == 2, "the roles are not there yet"
	})

	var scope string
	for _, s := range call(t, components.Admin, "GET", em+"/accessPackages/"+o.id+"?$expand=resourceRoleScopes($expand=scope)", nil).want(200).body["resourceRoleScopes"].([]any) {
		if dig(s.(object), "scope.originId") == goes {
			scope = dig(s.(object), "id")
		}
	}

	k := keeps(t, components.Admin, "/catalogs/"+catalog+"/packages/"+o.id)
	for _, f := range k.page.Forms {
		if strings.HasSuffix(f.Address, "/roles/"+scope+"/remove") {
			k.must(k.Send(t.Context(), f.Address, f.Values, k.page.Address))
			break
		}
	}
	k.says("Remove a role: who is affected", "Have the package now: 1; gain the role: 0; lose it: 1", "Nothing else gives it.")
	if holds(t, goes, p.there) != 1 {
		t.Error("the role is taken before anybody agreed to whom it touches")
	}
	k.must(k.page.Submit(t.Context(), "Remove the role from the package", nil))

	eventually(t, soon, func() (bool, string) {
		return holds(t, goes, p.there) == 0, "the role is still there"
	})
	if holds(t, stays, p.there) != 1 {
		t.Error("the other role was taken back too")
	}
	k.must(k.Open(t.Context(), stack.URL+names.PortalPath+"/manage/packages/"+o.id+"/people/"+made))
	k.says("there there")
}
