package seed

import (
	"slices"
	"testing"

	"leasehold/localstack/components"
)

func TestEveryAccountIsSomebody(t *testing.T) {
	for _, account := range []string{components.Admin, components.Owner, components.Manager, components.Approver, components.Member, components.Other} {
		if !slices.ContainsFunc(people, func(p person) bool { return p.name == account }) {
			t.Errorf("nobody is called %s", account)
		}
	}
	if people[0].name != components.Admin {
		t.Errorf("%s stands first, where the first administrator is looked for", people[0].name)
	}
}

func TestTheOwnedCatalogIsThere(t *testing.T) {
	if !slices.ContainsFunc(catalogs, func(c catalog) bool { return c.name == ownedCatalog }) {
		t.Errorf("there is no catalog %s", ownedCatalog)
	}
}

func TestManagersStandBeforeTheirPeople(t *testing.T) {
	known := map[string]bool{"": true}
	for _, p := range people {
		if !known[p.manager] {
			t.Errorf("%s is managed by %s, who does not stand above", p.name, p.manager)
		}
		known[p.name] = true
	}
}

func TestGroupsHoldPeopleThatExist(t *testing.T) {
	for _, g := range groups {
		for _, member := range g.members {
			if !slices.ContainsFunc(people, func(p person) bool { return p.name == member }) {
				t.Errorf("%s has the member %s, who does not exist", g.name, member)
			}
		}
	}
}

func TestPackagesAreMadeOfTheirCatalogsResources(t *testing.T) {
	for _, c := range catalogs {
		for _, p := range c.packages {
			for _, name := range p.groups {
				if !slices.Contains(c.groups, name) {
					t.Errorf("%s gives the group %s, which is not in catalog %s", p.name, name, c.name)
				}
			}
			for _, name := range p.targetGroups {
				if !slices.Contains(c.targetGroups, name) {
					t.Errorf("%s gives %s of the SCIM server, which is not in catalog %s", p.name, name, c.name)
				}
			}
		}
	}
}

func TestEveryPackageSharesARoleWithAnother(t *testing.T) {
	given := map[string]int{}
	for _, c := range catalogs {
		for _, p := range c.packages {
			for _, name := range slices.Concat(p.groups, p.targetGroups) {
				given[name]++
			}
		}
	}
	for _, c := range catalogs {
		for _, p := range c.packages {
			if !slices.ContainsFunc(slices.Concat(p.groups, p.targetGroups), func(name string) bool { return given[name] > 1 }) {
				t.Errorf("%s shares nothing with any other package", p.name)
			}
		}
	}
}
