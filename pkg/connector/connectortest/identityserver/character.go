package identityserver

import "time"

// Character is what the documentation leaves open, or what reports tell of. The zero value shows
// every write at once and makes every assignment at once.
type Character struct {
	Name string // in plain words
	Rule string // the fault of correctness.md that it stands for

	Lag      time.Duration // all reads show what was there so long ago
	Takes    time.Duration // an account assignment is under way for so long
	Fails    int           // so many account assignments fail, with Why
	Forgets  bool          // knows no request of an account assignment any more
	PageSize int           // entries of a page at most; 0: as asked

	NoReasons   bool          // errors say neither their reason nor what is missing
	NoAccounts  bool          // the role may not ask Organizations
	Hides       bool          // asked about one person or one permission set, shows nobody
	ShowsAll    bool          // IsMemberInGroups says yes of everybody
	Concurrent  int           // so many changes of memberships meet another one
	StoresTwice bool          // a membership that is there is made again
	HidesStatus bool          // shows of no user whether it is disabled, as before 2025
	DropsTypes  bool          // keeps no userType
	UsersLate   time.Duration // a user who was just made is not shown for so long
	BadPerson   int           // status of every change that names the person of the user name Bad
}

// Bad is the user name of the person whom BadPerson is about.
const Bad = "bad@example.com"

// Why is what a failed assignment gives as its reason.
const Why = "Received a 409 status error: the account is being changed by another request."

// Characters are the instances that a client must bear, each with one name.
func Characters() []Character {
	return []Character{
		{Name: "as documented", Takes: 4 * time.Second},
		{Name: "makes assignments at once"},
		{Name: "reads 15 s behind", Rule: "F40", Lag: 15 * time.Second, Takes: 4 * time.Second},
		{Name: "assignments take half an hour", Rule: "F35", Takes: 30 * time.Minute},
		{Name: "the first assignment fails", Rule: "F35", Takes: 4 * time.Second, Fails: 1},
		{Name: "forgets requests", Rule: "F35", Takes: 4 * time.Second, Forgets: true},
		{Name: "small pages", Rule: "F39", PageSize: 2},
		{Name: "hides who holds a role", Rule: "F39", Hides: true},
		{Name: "says yes of everybody", Rule: "F39", ShowsAll: true},
		{Name: "changes meet others", Rule: "F41", Concurrent: 1},
		{Name: "gives no reasons", Rule: "F43", NoReasons: true, Takes: 4 * time.Second},
		{Name: "stores memberships twice", Rule: "F43", StoresTwice: true},
		{Name: "may not ask for accounts", Rule: "F44", NoAccounts: true},
		{Name: "one bad person answers 500", Rule: "F44", BadPerson: 500},
		{Name: "one bad person answers 400", Rule: "F44", BadPerson: 400},
	}
}

// Users are the instances that a client which makes users must bear, each with one name.
func Users() []Character {
	return []Character{
		{Name: "as documented"},
		{Name: "does not show whether a user is disabled", Rule: "R270", HidesStatus: true},
		{Name: "shows a new user after 20 s", Rule: "F42", UsersLate: 20 * time.Second},
		{Name: "gives no reasons", Rule: "F43", NoReasons: true},
		{Name: "small pages", Rule: "F39", PageSize: 2},
	}
}

// Named returns the character of the name. It panics where there is none.
func Named(name string) Character {
	for _, c := range Characters() {
		if c.Name == name {
			return c
		}
	}
	panic("there is no documented Identity Center that " + name)
}
