// Package queue carries messages that name people whose delivery somebody should
// look at, or an edit of a package that should reach its holders, and nothing else.
// The truth is in the store, and the worker reads it when it starts, so a message
// may come twice, late, in any order or never. That is also why the queues need no
// order and a message no more than ids.
package queue

import (
	"encoding/json"
	"errors"
	"slices"

	"leasehold/pkg/entitlement"
)

// MaxSubjects is the number of people in one message.
const MaxSubjects = 100

// DeliveryMessage names people who are to be reconciled.
type DeliveryMessage struct {
	Subjects []entitlement.UserID
}

// message is the contract: {"v":1,"subjects":["uuid",...]}.
type message struct {
	V        int                  `json:"v"`
	Subjects []entitlement.UserID `json:"subjects"`
}

// Encode returns the message's body.
func (h DeliveryMessage) Encode() string {
	body, _ := json.Marshal(message{V: Version, Subjects: h.Subjects}) // numbers and strings always encode
	return string(body)
}

// Decode reads a message's body. What it does not understand is never acknowledged, see decode.
func Decode(body string) (DeliveryMessage, error) {
	var m message
	if err := decode("decode message", body, &m); err != nil {
		return DeliveryMessage{}, err
	}
	return DeliveryMessage{Subjects: m.Subjects}, nil
}

func (m *message) check() error {
	if len(m.Subjects) == 0 || len(m.Subjects) > MaxSubjects {
		return errors.New("no subjects, or too many")
	}
	for i, s := range m.Subjects {
		id, err := entitlement.ParseID[entitlement.UserID]("subject", string(s))
		if err != nil {
			return err
		}
		m.Subjects[i] = id
	}
	return nil
}

// bodiesFor spreads the subjects over messages, each subject once.
func bodiesFor(subjects []entitlement.UserID) []string {
	seen := make(map[entitlement.UserID]bool, len(subjects))
	once := make([]entitlement.UserID, 0, len(subjects))
	for _, s := range subjects {
		if s != "" && !seen[s] {
			seen[s] = true
			once = append(once, s)
		}
	}

	var bodies []string
	for chunk := range slices.Chunk(once, MaxSubjects) {
		bodies = append(bodies, DeliveryMessage{Subjects: chunk}.Encode())
	}
	return bodies
}
