package delivery_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/clock"
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/scim"
	"leasehold/pkg/entitlement"
)

// kind is one kind of server, and what is to come of twenty people whose roles are granted
// and taken back there. The zero values are those of a server that tells in some way.
type kind struct {
	connectortest.Character
	settings  func(*entitlement.ConnectorConfig)
	front     http.Handler  // stands in front of the server for a while, at each beginning
	changes   http.Handler  // the same, for changes alone
	missing   bool          // its group is not found for a while, at each beginning
	listed    bool          // though a search finds it
	dead      time.Duration // people's accounts were deleted and made again so long after they were kept; 0: not
	blocked   bool          // the account of another member was deleted, and is taken out by hand later
	delivered string        // status when all were granted; "": Delivered
	ended     string        // status when all were taken back; "": Expired
	refuses   bool          // no change is ever taken
	late      time.Duration // in which the last one is in; 0: 8 s, so that nobody waits for a hold that was left

	refusesRemovals bool
}

// What is said where nothing tells, or nothing can be done.
const (
	failed  = "DeliveryFailed"
	overdue = "RemovalOverdue"
)

// kinds are the servers of the conformance suite, and those that differ by what an
// administrator set, or by what happens there.
func kinds() []kind {
	var all []kind
	for _, c := range connectortest.Characters() {
		k := kind{Character: c, blocked: c.DeadRefuses}
		switch {
		case c.Lag > 0:
			k.late = 40 * time.Second
		case c.LeavesOut: // its list says absent, and is not doubted before it can be late any more
			k.late = 150 * time.Second
		case c.DeadRefuses:
			k.late = 7 * time.Minute
		case c.ValueListOnly:
			k.settings = func(cfg *entitlement.ConnectorConfig) { cfg.ValueListRemoval = true }
		case c.NoPatch:
			k.delivered, k.ended, k.refuses = failed, overdue, true
		case !c.Tells():
			k.delivered, k.ended = failed, overdue
		}
		all = append(all, k)
	}
	named := func(name string, of string, change func(*kind)) {
		k := kind{Character: connectortest.Named(of), late: 150 * time.Second}
		k.Name = name
		change(&k)
		all = append(all, k)
	}
	unconfirmed := func(k *kind) {
		k.settings = func(cfg *entitlement.ConnectorConfig) { cfg.Unconfirmed = true }
		k.delivered, k.ended = "DeliveredUnconfirmed", "ExpiredUnconfirmed"
	}
	named("reads 10 s behind", "honest", func(k *kind) { k.Rule, k.Lag = "F40", 10*time.Second })
	named("reads 15 s behind, without a lock", "reads 15 s behind", func(k *kind) { k.Rule, k.Racing = "F41", 400*time.Millisecond })
	named("tells nothing, readBack unconfirmed", "tells nothing", unconfirmed)
	named("says present of everybody, readBack unconfirmed", "says present of everybody and shows an empty list", unconfirmed)
	named("honest, readBack unconfirmed", "honest", func(k *kind) { unconfirmed(k); k.Rule, k.delivered, k.ended = "S15", "", "" })
	named("takes any id, accounts made again", "takes any id", func(k *kind) { k.dead = 25 * time.Hour })
	named("refuses dead ids, accounts made again", "honest", func(k *kind) { k.Rule, k.dead = "F43", time.Hour })
	named("drops dead ids, accounts made again", "drops whom it does not know", func(k *kind) { k.dead = time.Hour })
	named("a list of values alone, without the setting", "takes members out by a list of values alone", func(k *kind) { k.ended, k.refusesRemovals = overdue, true })
	named("does not find the group for 10 minutes", "honest", func(k *kind) { k.Rule, k.missing, k.late = "F42", true, 12*time.Minute })
	named("lists the group and does not find it for 10 minutes", "honest", func(k *kind) { k.Rule, k.missing, k.listed, k.late = "F42", true, true, 12*time.Minute })
	for _, front := range []struct {
		says string
		by   http.Handler
	}{{"404 of an ingress", connectortest.Ingress}, {"302", connectortest.Redirect}, {"a page", connectortest.Maintenance}, {"404 in SCIM's form to everything", connectortest.Empty}} {
		named("answers "+front.says+" for 3 and 20 minutes", "honest", func(k *kind) { k.Rule, k.front, k.late = "F42", front.by, 5*time.Minute })
	}
	for _, front := range []struct {
		says string
		by   http.Handler
	}{{"404 of an ingress", connectortest.Ingress}, {"a page", connectortest.Maintenance}} {
		named("answers changes by "+front.says+" for 3 and 20 minutes", "honest", func(k *kind) { k.Rule, k.changes, k.late = "F42", front.by, 5*time.Minute })
	}
	named("changes may cross, as was set", "honest", func(k *kind) {
		k.Rule, k.settings = "F41", func(cfg *entitlement.ConnectorConfig) { cfg.ConcurrentWrites = true }
	})
	slices.SortStableFunc(all, func(a, b kind) int { return strings.Compare(a.Rule, b.Rule) })
	return all
}

// row is what became of the people of one kind.
type row struct {
	notThere   int // people who were called delivered and were not there
	stillThere int // who were called ended and still were
	delivered  int // after all were granted
	ended      int // after all were taken back
	sent       int // a removal was sent for, when all were taken back
}

const heading = "%-3s %-66s %10s %7s %10s %10s %8s %6s %8s %8s %8s\n"

// Twenty people are granted and taken back in bursts at each kind of server, through the
// adapter and by eight workers: some at once, some a second after they were confirmed, some
// late. The server's own log says who was there when.
func TestF39_F40_F41_F42_F43_F44_DeliveredMeansThereAndEndedMeansGone(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, heading, "", "", "delivered,", "ended,", "delivered", "ended", "removals", "", "", "last one", "last one")
	fmt.Fprintf(&table, heading, "", "twenty people at a server that", "not there", "still", "in the end", "in the end", "sent", "calls", "changes", "in after", "out")
	all := kinds()
	if testing.Short() { // the first kind of each rule; `make test` has all of them
		all = slices.CompactFunc(all, func(a, b kind) bool { return a.Rule == b.Rule })
	}
	for _, k := range all {
		t.Run(k.Name, func(t *testing.T) {
			r := &trial{kind: k}
			onBench(t, func(b *bench) { r.run(b) })
			got, of20 := r.row, func(n int) string { return fmt.Sprint(n, " of 20") }
			fmt.Fprintf(&table, "%-3s %-66s %10d %7d %10s %10s %8s %6d %8d %8s %8s\n", k.Rule, k.Name, got.notThere, got.stillThere, of20(got.delivered), of20(got.ended), of20(got.sent),
				len(r.scim.Calls("")), len(r.scim.Calls(http.MethodPatch)), seconds(r.in), seconds(r.out))
			want := row{delivered: 20, ended: 20, sent: 20}
			if k.delivered == failed {
				want.delivered = 0
			}
			if k.ended == overdue {
				want.ended = 0
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if limit := max(k.late, 8*time.Second); r.in > limit {
				t.Errorf("the last one was in after %s, want %s", r.in, limit)
			}
			if late := r.out - r.ordeal; late > 2*time.Minute+10*time.Second {
				t.Errorf("the last one was out %s after the server could be reached", late)
			}
		})
	}
	t.Log("\n" + table.String())
	for _, fault := range []string{"F39", "F40", "F41", "F42", "F43", "F44"} {
		if !slices.ContainsFunc(kinds(), func(k kind) bool { return k.Rule == fault }) {
			t.Errorf("no row is about %s", fault)
		}
	}
}

func seconds(d time.Duration) string {
	if d == 0 {
		return "never"
	}
	return d.Round(time.Second).String()
}

// trial is one kind of server in a bubble.
type trial struct {
	*bench
	kind
	scim   *connectortest.Server
	group  string
	others []string // members that nobody of us has to do with
	pack   entitlement.AccessPackage
	staff  []*employee
	bad    *employee // the one by whom changes fail; nil: nobody
	row    row
	in     time.Duration // until those who stay were delivered
	ordeal time.Duration // in which the server could not be reached, or did not find the group
	out    time.Duration // until those who were taken back were gone
	mark   int           // of what was asked of the server before all were taken back
	began  time.Time     // of that
}

// employee is one of the people of a trial.
type employee struct {
	id       entitlement.UserID
	name     string
	accounts []string                // at the server, the last one is theirs now
	held     []entitlement.RequestID // of the assignments, in order
	since    time.Time               // of the last one
	due      time.Time               // to be taken out of turn; zero: never
	back     time.Time               // to be granted again
	wrong    [2]bool                 // was called delivered or ended, and it was not so
}

// Open makes a trial its own registry.
func (r *trial) Open(context.Context, entitlement.ConnectorID) (connector.Connector, error) {
	cfg := r.scim.Config(target)
	if r.settings != nil {
		r.settings(&cfg)
	}
	base, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	client := r.scim.Client()
	client.Transport = distant{client.Transport}
	return scim.New(base, r.scim.Token, cfg, client)
}

// distant is a server that it takes a while to get to, and back from.
type distant struct{ next http.RoundTripper }

// RoundTrip takes the way there and back.
func (d distant) RoundTrip(r *http.Request) (*http.Response, error) {
	const away = 75 * time.Millisecond
	time.Sleep(away)
	defer time.Sleep(away)
	return d.next.RoundTrip(r)
}

func (r *trial) run(b *bench) {
	r.bench = b
	r.open()
	r.work(8)
	time.Sleep(time.Millisecond) // so that nothing else happens in the instants in which it is looked

	r.grantInBursts()
	r.pass(14 * time.Minute)
	for _, e := range r.staff {
		status := r.status(e.held[len(e.held)-1])
		if strings.HasPrefix(status, "Delivered") {
			r.row.delivered++
		}
		if status != orElse(r.delivered, "Delivered") {
			r.t.Errorf("after all were granted one is %s: %s", status, r.told(e))
		}
		if !r.refuses && !r.there(e) {
			r.t.Errorf("after all were granted one is not there: %s", r.told(e))
		}
	}

	r.takeBackInBursts()
	r.pass(30 * time.Minute)
	r.count()
}

// open makes the server, its people and its group, and a package of the group.
func (r *trial) open() {
	r.scim = connectortest.NewServer(r.Character, clock.System{})
	r.worker.Connectors = r
	for i := range max(r.ShowsFirst, 2) {
		r.others = append(r.others, r.scim.AddUser(fmt.Sprint("other", i), "", ""))
	}
	r.group = r.scim.AddGroup(r.others...)
	r.pack = r.bench.pack(r.group)
	for range 20 {
		r.staff = append(r.staff, r.hire(""))
	}
	if r.BadPerson != 0 {
		r.bad = r.hire(connectortest.Bad)
	}
	if r.blocked {
		dead := r.scim.AddUser("dead", "", "")
		r.scim.AddMember(r.group, dead)
		r.scim.DeleteUser("dead")
	}
	if r.dead > 0 {
		r.rehire()
	}
}

func (r *trial) hire(name string) *employee {
	id := entitlement.UserID(r.clock.New())
	e := &employee{id: id, name: orElse(name, string(id))}
	r.commit(entitlement.Change{Users: []entitlement.User{{ID: id, Type: entitlement.Member, DisplayName: "P", UserPrincipalName: e.name, Enabled: true}}})
	e.accounts = append(e.accounts, r.scim.AddUser(e.name, "", ""))
	return e
}

// rehire has all accounts deleted and made again after their ids were kept.
func (r *trial) rehire() {
	before := r.bench.pack(r.scim.AddGroup())
	for _, e := range r.staff {
		r.assign(e.id, before)
		r.deliver(e.id)
	}
	time.Sleep(r.dead)
	for _, e := range r.staff {
		r.scim.DeleteUser(e.name)
		e.accounts = append(e.accounts, r.scim.AddUser(e.name, "", ""))
	}
}

// Bursts are so many people each, and so far apart.
const (
	burst = 5
	apart = 200 * time.Millisecond
	pause = 500 * time.Millisecond // between two looks
	busy  = 8 * time.Minute        // after which nobody is granted or taken out
)

// grantInBursts grants the role to all in four bursts. Of each, one is taken back while the
// grant is on its way, and granted again later; one is taken back a second after the role
// was confirmed, and granted again a moment later.
func (r *trial) grantInBursts() {
	r.trouble(3 * time.Minute)
	if r.bad != nil {
		r.grant(r.bad)
	}
	for some := range slices.Chunk(r.staff, burst) {
		for i, e := range some {
			r.grant(e)
			switch i {
			case 0:
				e.due, e.back = time.Now().Add(pause), time.Now().Add(7*time.Minute)
			case 1:
				e.due = time.Now().Add(6 * time.Minute)
				e.back = e.due.Add(5 * time.Second)
			}
		}
		r.pass(apart)
	}
}

func (r *trial) takeBackInBursts() {
	r.mark, r.began = len(r.scim.MemberChanges()), time.Now()
	r.trouble(20 * time.Minute)
	if r.bad != nil {
		r.take(r.bad)
	}
	for some := range slices.Chunk(r.staff, burst) {
		for _, e := range some {
			r.take(e)
		}
		r.pass(apart)
	}
}

// trouble keeps the server from being reached for so long, or its group from being found
// for ten minutes.
func (r *trial) trouble(d time.Duration) {
	if r.missing {
		r.ordeal = 10 * time.Minute
		r.scim.Lose(r.group, r.ordeal, r.listed)
	}
	if r.front != nil {
		r.ordeal = d
		r.scim.Front(r.front, d)
	}
	if r.changes != nil {
		r.ordeal = d
		r.scim.FrontChanges(r.changes, d)
	}
}

func (r *trial) grant(e *employee) {
	e.held, e.since = append(e.held, r.assign(e.id, r.pack)), time.Now()
	r.enqueue(e.id)
}

func (r *trial) take(e *employee) {
	r.remove(e.id, r.pack)
	r.enqueue(e.id)
}

// pass lets time pass, in which people are taken out and granted again as they are due, and
// looks all the time whether what is said of them is so.
func (r *trial) pass(d time.Duration) {
	for began, now := time.Now(), time.Now(); now.Sub(began) < d; {
		if now.Sub(began) < busy {
			time.Sleep(min(d, pause))
		} else {
			time.Sleep(10 * pause)
		}
		now = time.Now()
		for _, e := range r.staff {
			r.look(e)
			switch {
			case !e.due.IsZero() && !now.Before(e.due):
				e.due = time.Time{}
				r.take(e)
			case e.due.IsZero() && !e.back.IsZero() && !now.Before(e.back):
				e.back = time.Time{}
				r.grant(e)
			}
		}
		if r.bad != nil {
			r.look(r.bad)
		}
		if r.blocked && now.Sub(r.staff[0].since) > 5*time.Minute {
			r.blocked = false
			r.unblock()
		}
	}
}

// unblock has an administrator of the server take the dead account out of the group.
func (r *trial) unblock() {
	for _, m := range r.scim.Members(r.group) {
		if ours := slices.ContainsFunc(r.staff, func(e *employee) bool { return slices.Contains(e.accounts, string(m)) }); !ours && !slices.Contains(r.others, string(m)) {
			r.scim.RemoveMember(r.group, string(m))
		}
	}
}

// look compares what is said of somebody with what is there. Who was confirmed for the
// first time and is to be taken out then is due in a second.
func (r *trial) look(e *employee) {
	if len(e.held) == 0 {
		return
	}
	now := time.Now()
	last := r.status(e.held[len(e.held)-1])
	called := strings.HasPrefix(last, "Delivered")
	if called && e.due.IsZero() && e.back.IsZero() && len(e.held) == 1 {
		r.in = max(r.in, r.assignment(e.held[0]).Delivered.Sub(e.since))
	}
	if called && !r.there(e) && !e.wrong[0] {
		e.wrong[0] = true
		r.row.notThere++
		r.t.Errorf("called %s and not there: %s", last, r.told(e))
	}
	if called && !e.due.IsZero() && e.due.Sub(now) > time.Second {
		e.due = now.Add(time.Second)
		e.back = e.due.Add(5 * time.Second)
	}
	if strings.HasPrefix(last, "Expired") && !e.wrong[1] && r.anywhere(e) && r.over(e) {
		e.wrong[1] = true
		r.row.stillThere++
		r.t.Errorf("called %s and still there: %s", last, r.told(e))
	}
}

// over reports that all that somebody held is called ended.
func (r *trial) over(e *employee) bool {
	return !slices.ContainsFunc(e.held, func(id entitlement.RequestID) bool { return !strings.HasPrefix(r.status(id), "Expired") })
}

func (r *trial) status(id entitlement.RequestID) string { return r.assignment(id).Status(time.Now()) }

// there reports that somebody's account is a member, by what the server stores.
func (r *trial) there(e *employee) bool {
	return slices.Contains(r.scim.Members(r.group), connector.PrincipalRef(e.accounts[len(e.accounts)-1]))
}

// anywhere reports that an account is that was ever theirs.
func (r *trial) anywhere(e *employee) bool {
	return slices.ContainsFunc(r.scim.Members(r.group), func(m connector.PrincipalRef) bool { return slices.Contains(e.accounts, string(m)) })
}

// count counts how it ended.
func (r *trial) count() {
	asked := r.scim.MemberChanges()[r.mark:]
	for _, m := range r.scim.Stored() {
		if !m.In && m.At.After(r.began) && m.Group == r.group {
			r.out = max(r.out, m.At.Sub(r.began))
		}
	}
	for _, e := range r.staff {
		status := r.status(e.held[len(e.held)-1])
		if strings.HasPrefix(status, "Expired") {
			r.row.ended++
		}
		if status != orElse(r.ended, "Expired") {
			r.t.Errorf("after all were taken back one is %s: %s", status, r.told(e))
		}
		sent := slices.DeleteFunc(slices.Clone(asked), func(a connectortest.MemberChange) bool {
			return a.Add || a.Group != r.group || !slices.Contains(e.accounts, a.Member)
		})
		if len(sent) > 0 {
			r.row.sent++
		}
		if again := len(sent) > 1 && sent[len(sent)-1].At.Sub(sent[0].At) >= 2*time.Minute; r.ended == "ExpiredUnconfirmed" && !again {
			r.t.Errorf("a removal that nobody can see was not accepted again later: %s", r.told(e))
		}
		if r.anywhere(e) && !r.refusesRemovals {
			r.t.Errorf("after all were taken back one is still there: %s", r.told(e))
		}
	}
	for _, other := range r.others {
		if !slices.Contains(r.scim.Members(r.group), connector.PrincipalRef(other)) {
			r.t.Fatal("others were taken out too")
		}
	}
}

// told is what was told and done of somebody, for when a test fails.
func (r *trial) told(e *employee) string {
	var b strings.Builder
	fmt.Fprintf(&b, "accounts %v at %s, held since %s\n", e.accounts, time.Now().Format("15:04:05.000"), e.since.Format(time.TimeOnly))
	_, grantSets, _ := r.store.SubjectRecord(context.Background(), e.id)
	for _, s := range grantSets {
		fmt.Fprintf(&b, "\t%+v\n", s)
	}
	for _, a := range r.scim.MemberChanges() {
		if slices.Contains(e.accounts, a.Member) {
			fmt.Fprintf(&b, "\tasked %s %s add=%t\n", a.At.Format(time.TimeOnly), a.Member, a.Add)
		}
	}
	for _, a := range r.scim.Stored() {
		if slices.Contains(e.accounts, a.Member) {
			fmt.Fprintf(&b, "\tstored %s %s in=%t\n", a.At.Format(time.TimeOnly), a.Member, a.In)
		}
	}
	return b.String()
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
