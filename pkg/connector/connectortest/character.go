package connectortest

import "time"

// Character is what the standard leaves open, or what a server gets wrong. The zero value
// is an honest server, which does what RFC 7643 and RFC 7644 say: it shows all members,
// heeds every filter, takes nobody for a member whom it does not know, and takes an account
// that is deleted out of its groups.
type Character struct {
	Name string // in plain words; "" for none of Characters
	Rule string // the fault of correctness.md that it stands for

	// What it shows of a group's members.
	ShowsNobody bool // an empty list, always
	OmitsList   bool // no attribute members at all, though its schema promises one
	OmitsEmpty  bool // no attribute members where there is none
	ShowsFirst  int  // the first so many alone; 0: all
	LeavesOut   bool // those whose id ends in an odd digit

	// What it shows of a person's groups.
	HidesGroups    bool // no attribute groups
	IndirectGroups bool // all of them as memberships by way of another group

	// Filters.
	NoMemberFilters    bool // refuses those on members
	PlainMemberFilters bool // reads members eq "u" and not members[value eq "u"], and says 404 of a member whom it does not know
	NeedsMembers       bool // refuses those on members of a group that has none
	NoOr               bool // refuses what has an "or"
	FirstTermOnly      bool // reads the first comparison of a filter alone
	IgnoresFilters     bool // finds everybody, whatever is asked
	PresentToAll       bool // finds the group whoever the member is that a filter names
	NoPeopleFilters    bool // refuses those on people
	NoMailFilter       bool // finds nobody by mail

	// Writes.
	Lag           time.Duration // reads show what was there so long ago
	Racing        time.Duration // between reading a group and writing it back, without a lock
	StoresTwice   bool          // a member added again is stored again
	RefusesTwice  bool          // a member added again is a conflict
	MissesAbsent  bool          // taking out who is not there is an error
	Partial       bool          // what came before a refused operation stays
	TakesAnyID    bool          // takes an id that nobody has for a member, and keeps members whose account is deleted
	DropsUnknown  bool          // leaves out whom it does not know, and says that all is done
	KeepsDead     bool          // keeps members whose account is deleted
	DeadRefuses   bool          // answers 404 to every change of a group with such a member
	BadPerson     int           // status of every change that names the person of UserName bad
	NoPatch       bool          // answers 501 to every change
	ValueListOnly bool          // takes members out by a list of values alone
	ValueEmpties  bool          // understands a removal by a list of values as of everybody

	NumericIDs bool // its ids are numbers

	// What it says of itself at /ResourceTypes; nothing where none of these holds.
	Elsewhere bool // it has accounts at /People and groups at /Teams, and says so
	NoGroups  bool // it has no groups, and says so

	// Versions (RFC 7644, 3.14).
	Versions        bool // it keeps some, and changes nothing for who names another
	DemandsVersions bool // and nothing for who names none
}

// Bad is the user name of the person whom BadPerson is about.
const Bad = "bad"

// Characters are the servers that public reports tell of, each with one name.
func Characters() []Character {
	// Each is one that somebody met; F39 to F44 say what must hold at it all the same.
	return []Character{
		{Name: "honest"},
		{Name: "shows an empty list and reads plain filters", Rule: "F39", ShowsNobody: true, PlainMemberFilters: true, HidesGroups: true, NoOr: true},
		{Name: "shows an empty list and groups of people", Rule: "F39", ShowsNobody: true, NoMemberFilters: true},
		{Name: "sends no members", Rule: "F39", OmitsList: true, HidesGroups: true},
		{Name: "shows the first hundred", Rule: "F39", ShowsFirst: 100, HidesGroups: true},
		{Name: "leaves some out", Rule: "F39", LeavesOut: true, NoMemberFilters: true},
		{Name: "ignores filters", Rule: "F39", IgnoresFilters: true, HidesGroups: true},
		{Name: "ignores filters and shows an empty list", Rule: "F39", IgnoresFilters: true, ShowsNobody: true},
		{Name: "reads the first comparison alone", Rule: "F39", FirstTermOnly: true},
		{Name: "filters say present of everybody", Rule: "F39", PresentToAll: true},
		{Name: "says present of everybody and shows an empty list", Rule: "F39", PresentToAll: true, ShowsNobody: true, HidesGroups: true},
		{Name: "tells nothing", Rule: "F39", IgnoresFilters: true, ShowsNobody: true, HidesGroups: true},
		{Name: "shows memberships of others alone", Rule: "F39", OmitsList: true, NoMemberFilters: true, IndirectGroups: true},
		{Name: "reads 15 s behind", Rule: "F40", Lag: 15 * time.Second},
		{Name: "reads 15 s behind and shows an empty list", Rule: "F40", Lag: 15 * time.Second, ShowsNobody: true, HidesGroups: true},
		{Name: "reads, changes and writes without a lock", Rule: "F41", Racing: 400 * time.Millisecond},
		{Name: "takes any id", Rule: "F43", TakesAnyID: true},
		{Name: "drops whom it does not know", Rule: "F43", DropsUnknown: true},
		{Name: "stores members twice", Rule: "F43", StoresTwice: true, OmitsEmpty: true},
		{Name: "is strict", Rule: "F43", RefusesTwice: true, MissesAbsent: true, Partial: true},
		{Name: "a dead account refuses every change", Rule: "F43", KeepsDead: true, DeadRefuses: true},
		{Name: "one bad person answers 500", Rule: "F44", BadPerson: 500},
		{Name: "one bad person answers 403", Rule: "F44", BadPerson: 403},
		{Name: "one bad person answers 400", Rule: "F44", BadPerson: 400},
		{Name: "numeric ids", Rule: "F44", NumericIDs: true},
		{Name: "takes members out by a list of values alone", Rule: "F44", ValueListOnly: true},
		{Name: "empties the group on a list of values", Rule: "F44", ValueEmpties: true},
		{Name: "answers 501", Rule: "F44", NoPatch: true},
	}
}

// Named returns the character of the name. It panics where there is none.
func Named(name string) Character {
	for _, c := range Characters() {
		if c.Name == name {
			return c
		}
	}
	panic("there is no server that " + name)
}

// Tells reports that some way of asking such a server tells who is a member.
func (c Character) Tells() bool {
	byList := !c.ShowsNobody && !c.OmitsList && !c.LeavesOut && c.ShowsFirst == 0
	byFilter := !c.NoMemberFilters && !c.IgnoresFilters && !c.PresentToAll
	byPerson := !c.HidesGroups && !c.IndirectGroups
	return byList || byFilter || byPerson
}
