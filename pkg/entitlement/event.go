package entitlement

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// AggregateKind names what an event is about.
type AggregateKind string

// The aggregates. An assignment continues the chain of the request that created it, a
// membership of a group the chain of its user.
const (
	OfCatalog      AggregateKind = "catalog"
	OfPackage      AggregateKind = "package"
	OfPolicy       AggregateKind = "policy"
	OfRequest      AggregateKind = "request"
	OfUser         AggregateKind = "user"
	OfGroup        AggregateKind = "group"
	OfConnector    AggregateKind = "connector"
	OfPrincipal    AggregateKind = "principal" // a sign-in, by an id of its own: that the deployment's parameter was used
	OfSettings     AggregateKind = "settings"  // of the whole, by one id
	OfOrganization AggregateKind = "connectedOrganization"
	OfReprocess    AggregateKind = "reprocess" // a command to deliver again, by an id of its own
	OfRole         AggregateKind = "roleAssignment"
	OfAccount      AggregateKind = "account"   // one that we made at a target, by the mark that it carries there
	OfCommand      AggregateKind = "command"   // a command that may be sent again, and made nothing with events of its own
	OfDrift        AggregateKind = "driftScan" // the comparison of one role with its target: what was found there, and decided of it
)

// What the first event of what a command made says of the command.
const (
	DataFingerprint = "fingerprint" // of what it asked
	DataAnswer      = "answer"      // what it was answered
)

// DataRole names, in an event of a role that is given or taken back, the role assignment.
const DataRole = "roleAssignment"

// OfRole reports an event of a role that is given or taken back. It is in the chain of the
// role assignment, or in that of its catalog.
func (e Event) OfRole() bool { return e.Data[DataRole] != "" }

// Service is the actor of what nobody asked for: expiry, start, time-out, delivery.
const Service UserID = "service"

// Actor is who makes a change, by which call, and by which policy a delegated role allowed it;
// "" where no role was needed.
type Actor struct {
	ID        UserID
	Command   string
	AllowedBy string
}

// Chain is the head of an aggregate's events: how many there are and the last one's hash.
type Chain struct {
	Number int64
	Hash   string // hex of SHA-256
}

// Event is one immutable record of a change: who, what, when, from, to. It is the
// audit record; it is written in the transaction of the change itself (S10).
type Event struct {
	Aggregate AggregateKind
	ID        string
	Number    int64
	Kind      string // what happened, in the past tense: submitted, approved, delivered
	Actor     UserID
	Command   string // request id of the call, or the sweep's
	At        time.Time
	Before    string            `json:",omitempty"` // state before
	After     string            `json:",omitempty"` // state after
	Changed   []Changed         `json:",omitempty"` // properties with their values before and after
	Data      map[string]string `json:",omitempty"`
	AllowedBy string            `json:",omitempty"` // the policy by which a delegated role allowed it
	Prev      string            // hash of the event before
	Hash      string            `json:",omitempty"`
}

// Append numbers and links e and returns it with the new head.
func (c Chain) Append(e Event) (Chain, Event) {
	e.Number, e.Prev = c.Number+1, c.Hash
	e.Hash = e.digest()
	return Chain{Number: e.Number, Hash: e.Hash}, e
}

// digest hashes the canonical form: the event's JSON without its own hash.
func (e Event) digest() string {
	e.Hash = ""
	e.At = e.At.UTC()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		panic("event has no canonical form: " + err.Error()) // strings and a time always have
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

// VerifyChain checks that events are complete, in order and unaltered up to head (S11).
func VerifyChain(head Chain, events []Event) error {
	at, err := Chain{}.Follow(events)
	if err == nil && at != head {
		err = Errorf(Internal, "the chain ends at event %d, its head says %d.", at.Number, head.Number)
	}
	return err
}

// Follow checks that events continue the chain, in order, and returns where it stands after
// them. A long chain is so verified page by page.
func (at Chain) Follow(events []Event) (Chain, error) {
	for _, e := range events {
		if e.Number != at.Number+1 || e.Prev != at.Hash || e.Hash != e.digest() {
			return at, Errorf(Internal, "event %d of %s %s does not continue the chain.", e.Number, e.Aggregate, e.ID)
		}
		at = Chain{Number: e.Number, Hash: e.Hash}
	}
	return at, nil
}
