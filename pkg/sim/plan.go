package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

// Plan is a whole run before it happens, drawn from its number.
type Plan struct {
	Number    uint64
	Rate      int           // faults in a thousand calls
	Lag       int           // commits by which indexes are behind
	Skew      time.Duration // by which clocks are wrong at most
	PageSize  int
	AtOnce    int // people with whom a change of roles is looked at in one call; 0: as many as the product does
	Targets   [2]Nature
	People    []Person
	Groups    [][]int
	Packages  []Pack
	Commands  []Command
	Delegated bool // people hold roles
	VPC       bool // the second target is in the deployment's VPC
	Watched   bool // administrators pause targets, and some edits need a second person
	Roles     []Role
	Waive     []string // conditions that the table does not look at, by their names
	Lists     bool     // the names of all conditions are wanted
}

// Person is one person of a run.
type Person struct {
	Manager int  // one's own index means none
	Guest   bool // in no policy for members
	Unknown int  // to which targets, a bit each, until somebody hires them there
}

// Pack is one package.
type Pack struct {
	Roles     []int
	Policies  []Terms
	Elsewhere bool  // it is in the second catalog
	Excludes  []int // which of the other packages, and beyond them which groups
}

// Terms are a policy's terms.
type Terms struct {
	Scope     entitlement.TargetScope
	For       int           // whom, with the scope for specific people
	Closed    bool          // nobody can ask
	Lasts     time.Duration // 0: for ever
	Update    bool
	Remove    bool
	Custom    bool
	Again     bool // extensions are approved too
	Stages    []StageTerms
	Questions int // that are asked, a bit each
}

// StageTerms are those of one stage.
type StageTerms struct {
	Asks      int
	Then      int // whom it escalates to
	Limit     time.Duration
	Escalates bool
}

// Command is one thing that somebody or something does. What A, B and C mean depends on
// its kind; Seed decides what goes wrong in it, so that it fares alike whatever is taken
// out of the list around it.
type Command struct {
	Kind    Kind
	A, B, C int
	By      int // somebody who may have a role for it; 0: an administrator
	Span    time.Duration
	Terms   *Terms
	In      string // the state in which what it is about should be; "": any
	Same    bool   // it is about the same as the command before
	Meets   Fault  // what happens to its Nth call that can meet it; Fine: nothing
	Nth     int
	Steps   int  // calls that are made before the next command; 0: all
	Calm    bool // nothing goes wrong
	Seed    uint64
}

// String words a command for the log.
func (c Command) String() string {
	s := fmt.Sprintf("%s a=%d b=%d c=%d", c.Kind, c.A, c.B, c.C)
	// Only what is not as usual is said: a log is read by people.
	if c.Span != 0 {
		s += " " + c.Span.String()
	}

	if c.Same {
		s += " of the same"
	} else if c.In != "" {
		s += " in " + c.In
	}

	if c.Meets != Fine {
		s += fmt.Sprintf(", %s at %d", c.Meets, c.Nth)
	}

	if c.Steps > 0 {
		s += fmt.Sprint(", interrupted after ", c.Steps)
	}
	if c.Calm {
		s += " calm"
	}
	if c.By > 0 {
		s += fmt.Sprint(", by ", c.By)
	}

	return s
}

// Kind is the kind of a command.
type Kind uint8

// The kinds.
const (
	Submit Kind = iota
	Assign
	Approve
	Deny
	Cancel
	RemoveByAdmin
	RemoveByUser
	ExtendByUser
	ExtendByAdmin
	AddRole
	RemoveRole
	ReplacePolicy
	NewPackage
	Exclude
	Admit
	DeletePackage
	DeletePolicy
	NewPerson
	Disable
	Enable
	DeleteUser
	ChangeManager
	AddToGroup
	RemoveFromGroup
	Again
	ReprocessRequest
	ReprocessAssignment
	ReprocessFailing
	Sweep
	Urgent
	Bulk
	Fanout
	Redrive
	Pass
	SetTargetMode
	HandEdit
	Rehire
	Rotate
	Malformed
	Spoil
	Lose
	GiveRole
	TakeRole
	NewCatalog
	Rename
	MovePackage
	Offer
	Withdraw
	Look
	Reanswer
	Pause
	Bound
	Agree
	Reject
	kinds
)

var kindNames = [kinds]string{"submit", "assign", "approve", "deny", "cancel", "remove by administrator", "remove by user", "extend by user", "extend by administrator",
	"add role", "remove role", "replace policy", "new package", "exclude", "admit", "delete package", "delete policy", "new person", "disable", "enable", "delete user", "change manager", "join", "leave",
	"again", "reprocess request", "reprocess assignment", "reprocess failing", "sweep", "urgent", "bulk", "fan-out", "redrive", "pass", "mode", "hand edit", "rehire", "rotate", "malformed", "spoil", "lose",
	"give role", "take role", "new catalog", "rename", "move package", "offer", "withdraw", "look", "reanswer", "pause", "bound", "agree", "reject"}

// String names the kind.
func (k Kind) String() string { return kindNames[k] }

// weights says how often each kind is drawn. Those of none are put into some runs alone.
var weights = [kinds]int{Submit: 22, Assign: 16, Approve: 12, Deny: 2, Cancel: 3, RemoveByAdmin: 4, RemoveByUser: 3, ExtendByUser: 3, ExtendByAdmin: 3,
	AddRole: 3, RemoveRole: 3, ReplacePolicy: 3, NewPackage: 3, Exclude: 2, Admit: 1, DeletePackage: 2, DeletePolicy: 2, NewPerson: 2, Disable: 2, Enable: 4, DeleteUser: 1, ChangeManager: 2, AddToGroup: 2, RemoveFromGroup: 2,
	Again: 5, ReprocessRequest: 1, ReprocessAssignment: 2, ReprocessFailing: 1, Sweep: 12, Urgent: 24, Bulk: 5, Fanout: 5, Redrive: 1, Pass: 14, SetTargetMode: 8, HandEdit: 3, Rehire: 2, Rotate: 1, Malformed: 1, Spoil: 2, Lose: 1}

var (
	lives = []time.Duration{0, time.Minute, 10 * time.Minute, time.Hour, 8 * time.Hour, day, 30 * day, 365 * day}
	steps = []time.Duration{time.Second, 10 * time.Second, time.Minute, time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour, 9 * time.Hour, day, 15 * day, 100 * day}
)

// Draw draws the run of a number.
func Draw(number uint64) Plan {
	r := rand.New(rand.NewPCG(number, 0x1ea5e))
	// The order of draws is what a number means: a draw in between makes another run of it.
	p := Plan{Number: number, Rate: []int{0, 5, 15, 40, 120}[r.IntN(5)], Lag: []int{0, 0, 1, 3, 8}[r.IntN(5)], PageSize: []int{1, 2, 100}[r.IntN(3)]}

	if r.IntN(4) == 0 {
		p.Skew = maxSkew
	}

	p.Targets = [...]Nature{drawNature(r), drawNature(r)}
	n := 2 + r.IntN(4)

	for range n {
		h := Person{Manager: r.IntN(n), Guest: r.IntN(8) == 0}
		if r.IntN(5) == 0 {
			h.Unknown = 1 + r.IntN(3)
		}
		p.People = append(p.People, h)
	}

	for range 2 {
		var members []int
		for i := range n {
			if r.IntN(2) == 0 {
				members = append(members, i)
			}
		}
		p.Groups = append(p.Groups, members)
	}

	for range 1 + r.IntN(3) {
		p.Packages = append(p.Packages, drawPack(r))
	}

	for n := 40 + r.IntN(81); len(p.Commands) < n; {
		c := drawCommand(r)
		if p.Rate == 0 {
			c.Meets = Fine
		}
		p.Commands = append(p.Commands, c)

		if against := rivals[c.Kind]; len(against) > 0 && r.IntN(3) == 0 {
			p.Commands[len(p.Commands)-1].Steps = 1 + r.IntN(30)
			rival := drawOf(r, against[r.IntN(len(against))])
			rival.Same = true
			p.Commands = append(p.Commands, rival)
		}

		if r.IntN(12) == 0 {
			p.Commands = append(p.Commands, drawScenario(r, p.Rate > 0)...)
		}
	}

	own := rand.New(rand.NewPCG(number, 0x5e3a))
	for i := range p.Targets {
		n := &p.Targets[i]
		if n.Semantics = drawSemantics(own, *n); n.Semantics != (Semantics{}) && n.Behind == 0 {
			n.Behind = []time.Duration{0, 0, 5 * time.Second, 45 * time.Second}[own.IntN(4)]
		}
	}

	p.VPC = number%networkEvery == networkEvery-1
	switch number % delegatedEvery {
	case 0:
		p.delegate()
	case questioned:
		p.question()
	case administered:
		p.administer()
	}

	return p
}

// scenario is a list of commands about the same pair, one after the other, of which one stands
// still somewhere in its middle until the others are done; -1: none does.
type scenario struct {
	still int
	kinds []Kind
}

var scenarios = []scenario{
	{0, []Kind{ExtendByAdmin, RemoveByAdmin, Submit}},
	{0, []Kind{ExtendByUser, RemoveByUser, Assign}},
	{0, []Kind{Submit, Cancel, Submit}},
	{0, []Kind{Approve, Cancel, Submit}},
	{0, []Kind{Assign, RemoveByAdmin, Assign}},
	{0, []Kind{Urgent, RemoveByAdmin, Urgent, Assign, Urgent}},
	{0, []Kind{Urgent, RemoveByAdmin, Assign}},
	{0, []Kind{Urgent, RemoveRole, AddRole}},
	{0, []Kind{Urgent, Disable, Enable}},
	{0, []Kind{Sweep, ExtendByAdmin, Sweep}},
	{0, []Kind{RemoveByAdmin, Sweep, Assign}},
	{0, []Kind{DeletePolicy, DeletePolicy, Assign}},
	{1, []Kind{Disable, Urgent, Enable, Assign, Disable}},
	{1, []Kind{ReprocessAssignment, Urgent, RemoveByAdmin, Urgent, AddRole, AddToGroup}},
	{-1, []Kind{Submit, RemoveFromGroup, Approve, Approve}},
	{-1, []Kind{Submit, ReplacePolicy, RemoveFromGroup, Approve, Approve}},
	{-1, []Kind{Submit, Disable, Sweep, Approve, Approve}},
	{-1, []Kind{Submit, DeleteUser, Sweep, Approve, Approve}},
	{-1, []Kind{Submit, ChangeManager, Sweep, Approve, Approve}},
	{-1, []Kind{Submit, RemoveFromGroup, Pass, Sweep}},
	{-1, []Kind{Submit, Approve, RemoveFromGroup, Pass, Sweep}},
	{-1, []Kind{Assign, RemoveFromGroup, Pass, Sweep}},
	{-1, []Kind{ExtendByUser, RemoveFromGroup, Approve, Approve}},
	{-1, []Kind{Disable, Submit, Approve, Approve}},
	{3, []Kind{Submit, RemoveFromGroup, AddToGroup, Approve, RemoveFromGroup}},
}

func drawScenario(r *rand.Rand, troubled bool) []Command {
	s := scenarios[r.IntN(len(scenarios))]

	var all []Command

	for i, k := range s.kinds {
		c := drawOf(r, k)
		c.Same, c.Meets, c.Steps = i > 0, Fine, 0

		if i == 0 && slices.Contains(s.kinds, Pass) {
			c.Span, c.C, c.B = 8*time.Hour, 10*r.IntN(6), c.B/7*7+1 // it starts in twenty minutes
		}

		if k == Pass {
			c.Span = 25 * time.Minute
		}

		if i == s.still {
			c.Steps = 1 + r.IntN(12)
			if troubled && r.IntN(2) == 0 {
				c.Meets, c.Nth = Frozen, c.Steps
			}
		}

		all = append(all, c)
	}
	return all
}

// rivals are the commands that are worth to come in the middle of another.
var rivals = map[Kind][]Kind{
	Submit:        {Again, Again, Exclude, AddToGroup, Submit, Assign, DeletePackage, DeletePackage, DeletePolicy, Disable, ReplacePolicy},
	Assign:        {Again, Submit, Assign, DeletePackage, DeletePolicy, Disable},
	Approve:       {Exclude, AddToGroup, Assign, Approve, Deny, Cancel, RemoveFromGroup, ChangeManager, Disable, ReplacePolicy, Sweep},
	Deny:          {Approve, Cancel, Sweep},
	Cancel:        {Approve, Cancel, Sweep},
	ExtendByUser:  {Again, Sweep, RemoveByAdmin, ExtendByAdmin, Pass},
	ExtendByAdmin: {Again, Sweep, RemoveByAdmin, ExtendByUser, Pass},
	DeletePackage: {Submit, Assign, Sweep},
	DeletePolicy:  {Submit, Assign},
	RemoveByAdmin: {Again, Sweep, ExtendByAdmin},
	Urgent:        {RemoveByAdmin, RemoveByAdmin, Disable, RemoveRole, AddRole, Urgent, Assign, Sweep, Pass},
	Bulk:          {RemoveByAdmin, RemoveRole, Urgent},
	Fanout:        {RemoveByAdmin, AddRole, RemoveRole, Fanout, Assign},
	Sweep:         {Sweep, ExtendByAdmin, RemoveByAdmin, Approve, Cancel},
}

func drawPack(r *rand.Rand) Pack {
	var k Pack
	// A package may have no role at all, and one that another has too.
	for thing := range 5 {
		if r.IntN(5) < 2 {
			k.Roles = append(k.Roles, thing)
		}
	}

	for range []int{1, 1, 2, 2, 3}[r.IntN(5)] {
		k.Policies = append(k.Policies, drawTerms(r))
	}

	if r.IntN(4) == 0 {
		k.Excludes = append(k.Excludes, r.IntN(5))
	}

	return k
}

func drawTerms(r *rand.Rand) Terms {
	t := Terms{Scope: entitlement.ScopeAllUsers, Lasts: lives[r.IntN(len(lives))], Update: r.IntN(3) > 0, Remove: r.IntN(3) > 0, Custom: r.IntN(2) == 0, Again: r.IntN(2) == 0}
	// Many policies are for everybody, so that most commands get through.
	switch r.IntN(8) {
	case 0, 1:
		t.Scope = entitlement.ScopeAllMembers
	case 2, 3:
		t.Scope, t.For = entitlement.ScopeSpecificUsers, []int{askGroup, askGroup, askFirstGroup, askPerson}[r.IntN(4)]
	case 4:
		t.Scope = entitlement.ScopeNobody
	}

	t.Closed = r.IntN(12) == 0

	for range []int{0, 0, 0, 1, 1, 2}[r.IntN(6)] {
		t.Stages = append(t.Stages, StageTerms{Asks: r.IntN(asks), Then: []int{askPerson, askPerson, askManager, askGroup}[r.IntN(4)], Limit: []time.Duration{time.Hour, 2 * day, 14 * day}[r.IntN(3)], Escalates: r.IntN(3) == 0})
	}

	return t
}

var allWeights = func() (sum int) {
	for _, w := range weights {
		sum += w
	}
	return sum
}()

func drawCommand(r *rand.Rand) Command {
	at := r.IntN(allWeights)
	for k, w := range weights {
		if at -= w; at < 0 {
			return drawOf(r, Kind(k))
		}
	}
	panic("the weights have no end")
}

func drawOf(r *rand.Rand, k Kind) Command {
	c := Command{Kind: k, A: r.IntN(60), B: r.IntN(60), C: r.IntN(60), Seed: r.Uint64()}

	switch c.Kind {
	case Pass:
		c.Span = steps[r.IntN(len(steps))]
	case Submit, Assign, ExtendByUser, ExtendByAdmin:
		if r.IntN(3) == 0 {
			c.Span = lives[1+r.IntN(len(lives)-1)]
		}
	case ReplacePolicy, NewPackage:
		t := drawTerms(r)
		c.Terms = &t
	}

	if list := statesOf(k); len(list) > 1 {
		c.In = drawState(r, list)
	}
	// Functions that go through many make many calls, so their faults are drawn further in.
	if list := faultsOf(k); r.IntN(5) == 0 {
		c.Meets, c.Nth = list[r.IntN(len(list))], 1+r.IntN(4)
		if k == Sweep || k == Urgent || k == Bulk || k == Fanout {
			c.Nth = 1 + r.IntN(16)
		}
	}

	if r.IntN(4) == 0 {
		c.Steps = 1 + r.IntN(25)
	}

	return c
}

// drawState draws a state to look for: mostly one in which the command can do something.
func drawState(r *rand.Rand, list []state) string {
	s := list[r.IntN(len(list))]
	for !s.acts && r.IntN(4) > 0 {
		s = list[r.IntN(len(list))]
	}
	return s.name
}

// String words the whole plan.
func (p Plan) String() string {
	var b strings.Builder

	fmt.Fprintf(&b, "run %d: %d faults in 1000 calls, indexes %d behind, clocks wrong by %s, pages of %d\n", p.Number, p.Rate, p.Lag, p.Skew, p.PageSize)
	fmt.Fprintf(&b, "  targets: alpha %s; beta %s%s\n", p.Targets[0], p.Targets[1], when(p.VPC, ", in the VPC"))

	for i, h := range p.People {
		fmt.Fprintf(&b, "  person %d: manager %d%s%s\n", i, h.Manager, when(h.Guest, " guest"), when(h.Unknown > 0, fmt.Sprint(" unknown to targets ", h.Unknown)))
	}

	for i, g := range p.Groups {
		fmt.Fprintf(&b, "  group %d: %v\n", i, g)
	}

	for i, k := range p.Packages {
		fmt.Fprintf(&b, "  package %d: roles %v%s\n", i, k.Roles, when(len(k.Excludes) > 0, fmt.Sprint(", excludes ", k.Excludes))+when(k.Elsewhere, ", elsewhere"))
		for _, t := range k.Policies {
			fmt.Fprintf(&b, "    policy %+v\n", t)
		}
	}

	for _, x := range p.Roles {
		fmt.Fprintf(&b, "  role %s of %d%s\n", rolesGiven[x.Role], x.Holder, when(x.Elsewhere, ", elsewhere"))
	}

	for i, c := range p.Commands {
		fmt.Fprintf(&b, "  %2d. %s\n", i+1, c)
	}

	return b.String()
}

func when(is bool, word string) string {
	if is {
		return word
	}
	return ""
}
