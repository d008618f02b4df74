package queue

import (
	"context"
	"encoding/json"

	"leasehold/pkg/entitlement"
)

// Impact names a change of a package's roles that a worker looks at. What it is, and how far it
// has come, is in the store.
type Impact struct {
	Package entitlement.PackageID   `json:"package"`
	ID      entitlement.ImpactJobID `json:"id"`
}

// impactMessage is the contract: {"v":1,"impact":{"package":"uuid","id":"uuid"}}.
type impactMessage struct {
	V      int    `json:"v"`
	Impact Impact `json:"impact"`
}

// Encode returns the message's body.
func (i Impact) Encode() string {
	body, _ := json.Marshal(impactMessage{V: Version, Impact: i}) // texts always encode
	return string(body)
}

// DecodeImpact reads a message's body, as strictly as Decode and with errors of the same kind.
func DecodeImpact(body string) (Impact, error) {
	var m impactMessage
	if err := decode("decode impact", body, &m); err != nil {
		return Impact{}, err
	}
	return m.Impact, nil
}

func (m *impactMessage) check() (err error) {
	if m.Impact.Package, err = entitlement.ParseID[entitlement.PackageID]("package", string(m.Impact.Package)); err == nil {
		m.Impact.ID, err = entitlement.ParseID[entitlement.ImpactJobID]("id", string(m.Impact.ID))
	}
	return err
}

// EnqueueImpact asks that a change of roles be looked at, or looked at on.
func (q *SQS) EnqueueImpact(ctx context.Context, pkg entitlement.PackageID, id entitlement.ImpactJobID) error {
	return q.sendOne(ctx, Impact{Package: pkg, ID: id}.Encode(), 0)
}

// EnqueueImpact asks that a change of roles be looked at, or looked at on.
func (m *Memory) EnqueueImpact(_ context.Context, pkg entitlement.PackageID, id entitlement.ImpactJobID) error {
	m.Send(Impact{Package: pkg, ID: id}.Encode(), 0)
	return nil
}
