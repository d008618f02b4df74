package seed

import (
	"strings"

	"leasehold/localstack/components"
)

// domain is the organisation's. It can belong to nobody.
const domain = "northwind.example"

// person is somebody in the organisation; those with an account of the OpenID
// provider carry its name.
type person struct {
	name       string // first part of the address
	given      string
	surname    string
	department string
	title      string
	manager    string
}

func (p person) displayName() string { return p.given + " " + p.surname }
func (p person) address() string     { return p.name + "@" + domain }

// people of Northwind. Managers stand before the people they manage.
var people = []person{
	{components.Admin, "Ada", "Winter", "IT", "Head of IT", ""},
	{components.Owner, "Olga", "Brandt", "Operations", "Head of Operations", ""},
	{components.Manager, "Marcus", "Hale", "Sales", "Sales manager", components.Owner},
	{components.Approver, "Amina", "Yusuf", "IT", "Security lead", components.Admin},
	{components.Member, "Mei", "Tanaka", "Sales", "Account executive", components.Manager},
	{components.Other, "Otto", "Lindqvist", "Sales", "Account executive", components.Manager},
	{"priya", "Priya", "Nair", "Engineering", "Engineering manager", components.Owner},
	{"jonas", "Jonas", "Weber", "Engineering", "Software engineer", "priya"},
	{"sofia", "Sofia", "Rossi", "Engineering", "Software engineer", "priya"},
	{"liam", "Liam", "O'Connor", "Engineering", "Site reliability engineer", "priya"},
	{"chloe", "Chloé", "Martin", "Sales", "Sales engineer", components.Manager},
	{"tomasz", "Tomasz", "Nowak", "IT", "Security analyst", components.Approver},
}

// group is a group of the directory; the account owner owns every one of them.
type group struct {
	name, description string
	members           []string
}

// Groups of the directory. Packages give Sales and Engineering, so nobody is put
// into them by hand.
const (
	salesGroup       = "Sales"
	engineeringGroup = "Engineering"
	reviewersGroup   = "Security reviewers"
	engineersGroup   = "Engineering department"
)

var groups = []group{
	{salesGroup, "Shared mailbox and files of the sales team", nil},
	{engineeringGroup, "Repositories and build system", nil},
	{reviewersGroup, "Decide who gets into production", []string{components.Approver, "tomasz"}},
	{engineersGroup, "Everybody who works in engineering", []string{"priya", "jonas", "sofia", "liam"}},
}

// Groups of the SCIM server.
const (
	crmUsers    = "CRM users"
	crmEditors  = "CRM editors"
	wikiAuthors = "Wiki authors"
)

var targetGroups = []string{crmUsers, crmEditors, wikiAuthors}

// catalog holds resources and the packages that are made of them.
type catalog struct {
	name, description string
	groups            []string // of the directory
	targetGroups      []string // of the SCIM server
	packages          []pack
}

// pack is an access package with its one policy.
type pack struct {
	name, description string
	groups            []string
	targetGroups      []string
	policyName        string
	policy            func(*seeding) object
}

// catalogs of Northwind. The packages overlap on purpose: Sales and CRM users are
// in two each, Engineering and Wiki authors too.
var catalogs = []catalog{
	{"Sales", "What people in sales work with",
		[]string{salesGroup}, []string{crmUsers, crmEditors}, []pack{
			{shownPackage, "Read the customer database, and the team's files",
				[]string{salesGroup}, []string{crmUsers}, "Everybody, for thirty days", withoutApproval},
			{"Account executive", "Change the customer database too",
				[]string{salesGroup}, []string{crmUsers, crmEditors}, "Approved by one's manager", byManager},
		}},
	{"Engineering", "What engineers work with",
		[]string{engineeringGroup}, []string{wikiAuthors}, []pack{
			{"Engineering starter", "Read the code and write in the wiki",
				[]string{engineeringGroup}, []string{wikiAuthors}, "Engineers, without end", forEngineers},
			{"Production on call", "Into production, for a week at a time",
				[]string{engineeringGroup}, []string{wikiAuthors}, "Approved by security", byReviewers},
		}},
}

// shownPackage is the package of the lines that a new user is given to paste.
const shownPackage = "Sales starter"

// nickname is a name as the left side of an address.
func nickname(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "-")) }
