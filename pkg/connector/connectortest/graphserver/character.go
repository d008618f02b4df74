package graphserver

import (
	"net/http"
	"time"
)

// Character is what the documentation leaves open, or what reports tell of. The zero value
// shows every write at once, and heeds what it is asked.
type Character struct {
	Name string // in plain words
	Rule string // the fault of correctness.md that it stands for

	Lag       time.Duration // all reads show what was there so long ago
	IndexLag  time.Duration // filters do: they ask an index that follows
	YoungFor  time.Duration // a group that was just made is not found by reads, and its changes are refused, for so long
	NoFilters bool          // refuses filters on members
	AllPass   bool          // ignores filters on members and finds everybody
	NoMembers bool          // shows an empty list of members, always
	FirstPage bool          // shows the first page of a plain list alone, and no link to a next one
	PageSize  int           // entries of a page at most; 0: as asked

	BadPerson      int  // status of every change that names the person of UPN Bad
	BatchConflicts bool // answers 409 to the second and later changes of one group in a batch
	TakesAnyID     bool // takes an id that nobody has for a member
	StoresTwice    bool // an application role given again is given twice
	OtherWords     bool // writes its errors in another language
	BareErrors     bool // writes no codes in its errors

	// Of guests.
	GuestsLate     time.Duration // a guest who was just invited is not there for reads, and refused in changes, for so long
	NoInvitations  bool          // the tenant sends none: 403
	IgnoresEnabled bool          // says that it has disabled a guest, and has not
	HidesMade      bool          // does not show when an account was made
}

// Guests are the servers that a client which invites guests must bear, each with one name.
func Guests() []Character {
	return []Character{
		{Name: "as documented"},
		{Name: "a guest is not found for 20 s", Rule: "F42", GuestsLate: 20 * time.Second},
		{Name: "filters 45 s behind", Rule: "F40", IndexLag: 45 * time.Second},
		{Name: "reads 15 s behind", Rule: "F40", Lag: 15 * time.Second},
		{Name: "small pages", Rule: "F39", PageSize: 4},
		{Name: "speaks another language", Rule: "F43", OtherWords: true},
		{Name: "does not show when accounts were made", Rule: "R270", HidesMade: true},
	}
}

// Bad is the user principal name of the person whom BadPerson is about.
const Bad = "bad@contoso.com"

// Characters are the servers that a client must bear, each with one name.
func Characters() []Character {
	return []Character{
		{Name: "as documented"},
		{Name: "reads 15 s behind", Rule: "F40", Lag: 15 * time.Second},
		{Name: "filters 45 s behind", Rule: "F40", IndexLag: 45 * time.Second},
		{Name: "a new group is not found", Rule: "F42", YoungFor: time.Minute},
		{Name: "no filters on members", Rule: "F39", NoFilters: true},
		{Name: "filters find everybody", Rule: "F39", AllPass: true},
		{Name: "an empty list of members", Rule: "F39", NoMembers: true},
		{Name: "small pages", Rule: "F39", PageSize: 4},
		{Name: "the first page alone", Rule: "F39", FirstPage: true, PageSize: 2},
		{Name: "one bad person answers 500", Rule: "F44", BadPerson: http.StatusInternalServerError},
		{Name: "one bad person answers 403", Rule: "F44", BadPerson: http.StatusForbidden},
		{Name: "one bad person answers 400", Rule: "F44", BadPerson: http.StatusBadRequest},
		{Name: "changes of one group conflict in a batch", Rule: "F41", BatchConflicts: true},
		{Name: "takes any id", Rule: "F43", TakesAnyID: true},
		{Name: "gives application roles twice", Rule: "F43", StoresTwice: true},
		{Name: "speaks another language", Rule: "F43", OtherWords: true},
	}
}

// Named returns the character of the name. It panics where there is none.
func Named(name string) Character {
	for _, c := range Characters() {
		if c.Name == name {
			return c
		}
	}
	panic("there is no documented Graph server called " + name)
}
