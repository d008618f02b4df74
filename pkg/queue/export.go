package queue

import (
	"context"
	"encoding/json"

	"leasehold/pkg/entitlement"
)

// Export names a list that somebody takes away as a file. What it is of, and how far it has
// come, lies beside the file.
type Export struct {
	Caller entitlement.UserID `json:"caller"`
	ID     string             `json:"id"`
}

// exportMessage is the contract: {"v":1,"export":{"caller":"uuid","id":"uuid"}}.
type exportMessage struct {
	V      int    `json:"v"`
	Export Export `json:"export"`
}

// Encode returns the message's body.
func (e Export) Encode() string {
	body, _ := json.Marshal(exportMessage{V: Version, Export: e}) // texts always encode
	return string(body)
}

// DecodeExport reads a message's body, as strictly as Decode and with errors of the same kind.
func DecodeExport(body string) (Export, error) {
	var m exportMessage
	if err := decode("decode export", body, &m); err != nil {
		return Export{}, err
	}
	return m.Export, nil
}

func (m *exportMessage) check() (err error) {
	if m.Export.Caller, err = entitlement.ParseID[entitlement.UserID]("caller", string(m.Export.Caller)); err == nil {
		m.Export.ID, err = entitlement.ParseID[string]("id", m.Export.ID)
	}
	return err
}

// EnqueueExport asks that an export be written on.
func (q *SQS) EnqueueExport(ctx context.Context, caller entitlement.UserID, id string) error {
	return q.sendOne(ctx, Export{Caller: caller, ID: id}.Encode(), 0)
}

// EnqueueExport asks that an export be written on.
func (m *Memory) EnqueueExport(_ context.Context, caller entitlement.UserID, id string) error {
	m.Send(Export{Caller: caller, ID: id}.Encode(), 0)
	return nil
}
