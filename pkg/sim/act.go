package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"leasehold/pkg/authz"
	"leasehold/pkg/catalogs"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/requests"
)

// The time-outs of the functions behind the API, and of the sweep.
const (
	apiTimeout   = 29 * time.Second
	sweepTimeout = names.SweepPeriod + 10*time.Second
)

// act carries out one command of a plan.
func (w *simulation) act(c Command) {
	w.at++

	switch c.Kind {
	case Pass:
		w.advance(c.Span)
	case Sweep:
		w.begin(w.invoke(c, sweepTimeout), func(ctx context.Context) error {
			_, err := w.sweep.Sweep(ctx, "sweep")
			return err
		})
	case Urgent:
		w.drain(w.either(w.urgent, w.insideUrgent, c), c)
	case Bulk:
		w.drain(w.either(w.bulk, w.insideBulk, c), c)
	case Fanout:
		w.drain(w.fanout, c)
	case Redrive:
		for _, l := range w.queues() {
			l.Redrive()
		}
	case SetTargetMode:
		t := w.targets[c.A%len(w.targets)]
		if t.mode = targetMode(c.B % int(targetModes)); t.mode == deaf && !t.Tells() && t.glimpsed() {
			t.mode = well // who is not among those that it shows is out, for all that anybody can see
		}
		w.say("  %s is %s", t.name, targetModeNames[t.mode])
	case HandEdit:
		w.handEdit(c)
	case Rehire:
		w.rehire(c)
	case Spoil:
		w.spoil(c)
	case Lose:
		w.lose(c)
	case Malformed:
		l := w.queues()[c.A%3]
		l.Send([]string{"{", `{"v":2,"subjects":[]}`, `{"v":1,"subjects":["nobody"]}`}[c.B%3], 0)
		w.malformed++
	case Rotate:
		t := w.targets[c.A%len(w.targets)]
		t.credential = fmt.Sprint(secretWord, t.name, c.B)
		w.call(c, func(ctx context.Context, by authz.Command) error {
			_, err := w.catalogs.UpdateConnector(ctx, by, t.id, t.credential, func(*entitlement.ConnectorConfig) {})
			return err
		})
	case Again:
		w.again(c)
	default:
		w.call(c, w.asDelegate(c, w.use(c)))
	}
}

// invoke makes an invocation whose clock is wrong by as much as is drawn.
func (w *simulation) invoke(c Command, timeout time.Duration) *invocation {
	inv := &invocation{command: c.Kind.String(), seed: c.Seed, calm: c.Calm, meets: c.Meets, nth: c.Nth, timeout: timeout, first: w.oracle.seq}
	if most := w.skew; most > 0 && !c.Calm && !w.resting {
		if c.Kind == Urgent || c.Kind == Bulk {
			most = min(most, maxWorkerSkew)
		}
		inv.skew = time.Duration(below(mix(c.Seed, 23), 2*int(most/time.Second)+1))*time.Second - most
	}
	return inv
}

// call carries out a command of the API. What it answers is checked once it is there.
func (w *simulation) call(c Command, use func(ctx context.Context, by authz.Command) error) {
	if use == nil {
		w.say("  nothing to do")
		return
	}

	inv := w.invoke(c, apiTimeout)
	inv.state = w.about
	inv.finish = func(err error) {
		w.answered(inv, c, err, false)
		if r := w.oracle.requests[inv.answer]; r != nil && !r.last.Type.Removes() {
			w.lastRequest = inv.answer
		}
	}

	by := w.admin
	if w.actor != "" {
		by = authz.Command{Caller: authz.Caller{ID: w.actor, Scopes: authz.Every}}
	}

	if makesRequest(c.Kind) && c.C%3 > 0 {
		by.IdempotencyKey = fmt.Sprint("key ", w.at)
		w.sent = append(w.sent, sent{use, by})
	}

	w.actor, w.about = "", ""

	w.as(inv, by, use)
}

// as carries out a command in somebody's name.
func (w *simulation) as(inv *invocation, by authz.Command, use usage) {
	by.CommandID = fmt.Sprint("command ", w.at)
	inv.by = by.ID
	if by.IdempotencyKey != "" {
		inv.key = string(by.ID) + by.IdempotencyKey
	}
	w.begin(inv, func(ctx context.Context) error { return use(ctx, by) })
}

// sent is a command that makes a request, as its client can send it again.
type sent struct {
	use usage
	by  authz.Command
}

func makesRequest(k Kind) bool {
	switch k {
	case Submit, Assign, RemoveByAdmin, RemoveByUser, ExtendByUser, ExtendByAdmin:
		return true
	default:
		return false
	}
}

// again has a client send a command again under its key, mostly the last one; or, now and
// then, another command under that key.
func (w *simulation) again(c Command) {
	if len(w.sent) == 0 {
		w.say("  nothing was sent")
		return
	}

	back := 0
	// A client repeats what it got no answer to; an older key comes from one that was restarted.
	if c.A%3 == 0 {
		back = c.B % len(w.sent)
	}

	old := w.sent[len(w.sent)-1-back]
	inv := w.invoke(c, apiTimeout)

	use, other := old.use, c.C%5 == 0
	// Another command under a used key must be refused, and change nothing.
	if other {
		use = func(ctx context.Context, by authz.Command) error {
			in := requests.Submission{Type: entitlement.UserAdd, Package: w.population.packages[0], Justification: fmt.Sprint("another, ", w.at)}
			if by.ID == w.admin.ID {
				in.Type, in.Subject, in.Policy = entitlement.AdminAdd, w.personAt(c.A), w.policyOf(in.Package, c.B)
			}
			r, err := w.requests.Submit(ctx, by, in)
			answers(ctx, r)
			return err
		}
	}

	inv.finish = func(err error) {
		w.answered(inv, c, err, other)
	}
	w.as(inv, old.by, use)
}

// answers notes the request that a command was answered.
func answers(ctx context.Context, r entitlement.AssignmentRequest) {
	if inv := invocationOf(ctx); inv != nil {
		inv.answer = r.ID
	}
}

// answered checks what a command of the API was answered.
func (w *simulation) answered(inv *invocation, c Command, err error, other bool) {
	w.say("  answered: %v", err)
	if w.listen != nil {
		w.listen(err)
	}
	w.waits(err)
	w.refused(inv, c, err)
	w.oracle.looked(inv, err)
	w.oracle.replied(inv, err, other)
}

// refused checks that a command which was refused for good changed nothing (S13). Closing
// a package or a policy to look whether it can be deleted is a change that the product
// makes and takes back; and an approval that comes too late has its request closed, for a
// reason that the oracle asks for (F36).
func (w *simulation) refused(inv *invocation, c Command, err error) {
	if err == nil || len(inv.faults) > 0 || inv.writes == 0 && inv.sent == 0 || c.Kind == DeletePackage || c.Kind == DeletePolicy || c.Kind == Approve && inv.closed != "" {
		return
	}
	if entitlement.CodeOf(err) == catalogs.CodeSecondPerson {
		return // it is refused for now, and laid down
	}
	if entitlement.KindOf(err).Verdict() == entitlement.Permanent {
		w.oracle.fail("S13", "%s was refused (%v) and made %d writes, sent %d messages", c.Kind, err, inv.writes, inv.sent)
	}
	if indexOf([]byte(err.Error()), secretWord) {
		w.oracle.fail("S20", "an error holds a credential")
	}
}

// drain hands a batch of a queue's messages to its function.
func (w *simulation) drain(l *memoryQueue, c Command) {
	messages := l.Receive(1+c.A%l.batch, l.visibility)

	if len(messages) == 0 {
		w.say("  %s is empty", l.name)
		return
	}

	event := events.SQSEvent{}
	for _, m := range messages {
		event.Records = append(event.Records, events.SQSMessage{MessageId: m.ID, ReceiptHandle: m.Receipt, Body: m.Body, EventSourceARN: "arn:sim:" + l.name,
			Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(m.Receives)}})
		w.say("  message %s: %s", m.Receipt, m.Body)
		if indexOf([]byte(m.Body), secretWord) {
			w.oracle.fail("S20", "a message holds a credential")
		}
	}

	handle := lambdaio.SQS(w.handlers[l.name], lambdaio.Queues{l.name: l})
	inv := w.invoke(c, names.DeliverTimeout)

	failed := map[string]bool{}
	// As at SQS: what the function does not name as failed is deleted.
	inv.finish = func(error) {
		for _, m := range messages {
			if !failed[m.ID] {
				l.Delete(m.Receipt)
			}
		}
	}

	w.begin(inv, func(ctx context.Context) error {
		answer, err := handle(lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: fmt.Sprint("batch ", inv.id)}), event)
		for _, f := range answer.BatchItemFailures {
			failed[f.ItemIdentifier] = true
		}
		return err
	})
}

// handEdit has somebody add or take a member at a target by hand.
func (w *simulation) handEdit(c Command) {
	u := w.population.people[c.A%len(w.population.people)]
	t := w.targets[c.B%len(w.targets)]
	role := entitlement.RoleRef{Connector: t.id, Resource: []string{"one", "two"}[c.C%2], Role: memberRole}
	ref, there := t.people[u]
	if !there {
		return
	}
	_, holds := t.holds[role][ref]
	t.set(role, ref, !holds, false)
	w.say("  by hand, %s of %s: %v", show(role), short(string(u)), !holds)
}

// rehire has a person come to a target, go, or come back with another id.
func (w *simulation) rehire(c Command) {
	u := w.population.people[c.A%len(w.population.people)]
	t := w.targets[c.B%len(w.targets)]
	if c.C%3 == 0 {
		t.fire(u)
		w.say("  %s leaves %s", short(string(u)), t.name)
		return
	}
	t.hire(u)
	w.say("  %s has an account at %s: %s", short(string(u)), t.name, t.people[u])
}

// spoil has a target fail every change that one person is part of, in one of two ways, or
// none any more.
func (w *simulation) spoil(c Command) {
	t := w.targets[c.B%len(w.targets)]
	t.bad, t.forbidden = "", c.C%3 == 1
	if c.C%3 > 0 {
		t.bad = w.personAt(c.A)
	}
	w.say("  %s fails at %s", t.name, short(string(t.bad)))
}

// lose has a target say for some minutes that a resource is not there; or the resource is
// deleted, with its members, until somebody makes it again.
func (w *simulation) lose(c Command) {
	t, name := w.targets[c.B%len(w.targets)], []string{"one", "two"}[c.A%2]

	switch {
	case !t.resources[name]:
		t.resources[name] = true
		w.say("  %s of %s is there again", name, t.name)
	case c.C%4 > 0:
		t.missing[name] = time.Now().Add(time.Duration(1+c.C%12) * time.Minute)
		w.say("  %s of %s is not found for %d minutes", name, t.name, 1+c.C%12)
	default:
		// What is held there is gone with it, and nobody took it from anybody.
		role := entitlement.RoleRef{Connector: t.id, Resource: name, Role: memberRole}
		for _, ref := range slices.Sorted(maps.Keys(t.holds[role])) {
			t.set(role, ref, false, false)
		}
		maps.DeleteFunc(t.took, func(m membership, _ *taken) bool { return m.role == role })
		t.resources[name], t.remade[role] = false, true
		w.say("  %s of %s is deleted", name, t.name)
	}
}
