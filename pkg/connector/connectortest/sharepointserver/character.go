package sharepointserver

import (
	"net/http"
	"time"
)

// Character is what the documentation leaves open, or what reports tell of. The zero value
// shows every write at once, and heeds what it is asked.
type Character struct {
	Name string // in plain words
	Rule string // the fault of correctness.md that it stands for

	Lag          time.Duration // all reads show what was there so long ago
	HidesMembers bool          // shows the members of groups to nobody: 403, as the group's own setting says
	HidesQuietly bool          // shows an empty list of members, always
	HidesGroups  bool          // shows no groups of a person
	NoFilters    bool          // refuses filters on members
	AllPass      bool          // ignores filters on members and shows everybody
	AllPresent   bool          // finds everybody whom a filter names
	IgnoresSkip  bool          // shows the first page again, whatever is to be skipped
	PageSize     int           // entries of a page at most; 0: as asked
	NoLinks      bool          // of a plain list of members shows the first page alone, and no link to a next one

	RefusesTwice int  // status of adding a member again; 0: a success
	StoresTwice  bool // a member who is added again is stored again
	RefusesGone  int  // status of removing somebody who is no member; 0: 404
	Unknown      int  // status of adding somebody whom the tenant does not know; 0: 404
	TakesAnyID   bool // takes a login name that nobody has for a member
	BadPerson    int  // status of every change that names the person of Bad
	BareErrors   bool // names itself in no header of its refusals
	Verbose      bool // writes its errors in the form of odata=verbose
	OtherWords   bool // writes its errors in another language
	Busy         bool // answers 503, and not 429, beyond its limits
}

// Bad is the principal name of the person whom BadPerson is about.
const Bad = "bad@contoso.com"

// Characters are the servers that a client must bear, each with one name.
func Characters() []Character {
	return []Character{
		{Name: "as documented"},
		{Name: "reads 15 s behind", Rule: "F40", Lag: 15 * time.Second},
		{Name: "hides members", Rule: "F39", HidesMembers: true},
		{Name: "an empty list of members", Rule: "F39", HidesQuietly: true},
		{Name: "hides members and groups of people", Rule: "F39", HidesMembers: true, HidesGroups: true},
		{Name: "no filters on members", Rule: "F39", NoFilters: true},
		{Name: "filters find everybody", Rule: "F39", AllPass: true},
		{Name: "filters say present of everybody", Rule: "F39", AllPresent: true},
		{Name: "small pages", Rule: "F39", PageSize: 2, NoFilters: true, HidesGroups: true},
		{Name: "ignores $skip", Rule: "F39", IgnoresSkip: true},
		{Name: "the first page alone", Rule: "F39", PageSize: 2, NoLinks: true, HidesGroups: true},
		{Name: "refuses a member twice by 400", Rule: "F43", RefusesTwice: http.StatusBadRequest, RefusesGone: http.StatusBadRequest, Unknown: http.StatusBadRequest},
		{Name: "refuses a member twice by 500", Rule: "F43", RefusesTwice: http.StatusInternalServerError, RefusesGone: http.StatusInternalServerError, Unknown: http.StatusInternalServerError},
		{Name: "stores members twice", Rule: "F43", StoresTwice: true},
		{Name: "takes any login name", Rule: "F43", TakesAnyID: true},
		{Name: "one bad person answers 500", Rule: "F44", BadPerson: http.StatusInternalServerError},
		{Name: "one bad person answers 403", Rule: "F44", BadPerson: http.StatusForbidden},
		{Name: "one bad person answers 400", Rule: "F44", BadPerson: http.StatusBadRequest},
		{Name: "speaks another language", Rule: "F43", OtherWords: true, RefusesTwice: http.StatusBadRequest},
		{Name: "verbose errors", Rule: "F43", Verbose: true},
		{Name: "busy", Rule: "F43", Busy: true},
	}
}

// Named returns the character of the name. It panics where there is none.
func Named(name string) Character {
	for _, c := range Characters() {
		if c.Name == name {
			return c
		}
	}
	panic("there is no documented SharePoint server called " + name)
}

// Tells reports that some way of asking such a server tells who is a member.
func (c Character) Tells() bool {
	byList := !c.HidesMembers && !c.HidesQuietly && !c.NoLinks
	byFilter := !c.HidesMembers && !c.HidesQuietly && !c.NoFilters && !c.AllPass && !c.AllPresent
	return byList || byFilter || !c.HidesGroups
}
