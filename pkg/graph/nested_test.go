package graph

import (
	"slices"
	"strings"
	"testing"
)

// Each path below a thing answers with what the thing shows of the same name when it is
// expanded: so no path shows another thing, or another shape of it.
func TestNestedPathsShowWhatExpandingShows(t *testing.T) {
	w := newFixture(t)
	stockExpansions(w)
	for path, member := range map[string]string{
		packagePath + "/" + w.ids["package"]:                 "catalog",
		em + "/assignmentPolicies/" + w.ids["policy"]:        "accessPackage catalog questions",
		heldPath + "/" + w.ids["held"]:                       "target accessPackage assignmentPolicy",
		requestPath + "/" + w.ids["held"]:                    "accessPackage requestor assignment",
		em + "/catalogs/" + w.ids["catalog"]:                 "accessPackages resources",
		packagePath + "/" + w.ids["package"] + "?$select=id": "resourceRoleScopes incompatibleAccessPackages incompatibleGroups assignmentPolicies",
	} {
		path, _, _ = strings.Cut(path, "?")
		for name := range strings.SplitSeq(member, " ") {
			want := w.call("admin", "GET", path+"?$expand="+name, nil).want(200).body[name]
			got := w.call("admin", "GET", path+"/"+name, nil).want(200)
			if list, many := want.([]any); many {
				if shown := got.values(); !sameThings(shown, list) {
					t.Errorf("%s/%s: %v, expanded %v", path, name, shown, list)
				}
				continue
			}
			one := want.(object)
			for member, value := range one {
				if text := dig(got.body, member); text != dig(object{"v": value}, "v") {
					t.Errorf("%s/%s: %s is %q, expanded %v", path, name, member, text, value)
				}
			}
		}
	}
}

// sameThings compares lists by the ids of what is on them.
func sameThings(a, b []any) bool {
	ids := func(all []any) (out []string) {
		for _, v := range all {
			out = append(out, dig(v, "id"))
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(ids(a), ids(b))
}

// The lists of everything are cut at $top, and their pages together are all that there is.
func TestListsOfAllCatalogsAndPackagesArePaged(t *testing.T) {
	w := stockParents(t)
	for path, want := range map[string]int{em + "/resources": 5, em + "/resourceRoleScopes": 3} {
		for _, top := range []string{"1", "2", "100"} {
			var ids []string
			for next, pages := path+"?$top="+top, 0; next != ""; pages++ {
				page := w.call("admin", "GET", next, nil)
				found := idsOf(page)
				if len(found) > len(top) && top == "1" || pages > 20 {
					t.Fatalf("%s: page %d holds %d", path, pages, len(found))
				}
				ids = append(ids, found...)
				link, _ := page.body["@odata.nextLink"].(string)
				next = strings.TrimPrefix(link, publicURL)
			}
			slices.Sort(ids)
			if len(ids) != want || len(slices.Compact(ids)) != want {
				t.Errorf("%s by %s: %d, want %d", path, top, len(ids), want)
			}
		}
		w.call("member", "GET", path, nil).want(403)
	}
	expanded := w.call("admin", "GET", em+"/resourceRoleScopes?$expand=role($expand=resource)", nil).values()
	for _, v := range expanded {
		if strings.HasSuffix(dig(v, "id"), w.ids["connector"]) {
			continue // of the role that was compared, whose resource is in no catalog
		}
		if dig(v, "role.resource.id") == "" {
			t.Errorf("a role without its resource: %v", v)
		}
	}
}
