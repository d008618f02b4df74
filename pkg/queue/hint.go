// Package queue carries hints: messages that name people whose delivery somebody
// should look at, and nothing else. The truth is in the store, and the worker reads
// it when it starts, so a hint may come twice, late, in any order or never. That is
// also why the lanes need no order and a message no more than ids.
package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"leasehold/pkg/entitlement"
)

// Version is the message contract that this build writes and the only one it reads.
const Version = 1

// MaxSubjects is the number of people in one message.
const MaxSubjects = 100

// Hint names people whose debt should be looked at.
type Hint struct {
	Subjects []entitlement.UserID
}

// message is the contract: {"v":1,"subjects":["uuid",...]}.
type message struct {
	V        int                  `json:"v"`
	Subjects []entitlement.UserID `json:"subjects"`
}

// Encode returns the message's body.
func (h Hint) Encode() string {
	body, _ := json.Marshal(message{V: Version, Subjects: h.Subjects}) // numbers and strings always encode
	return string(body)
}

// Decode reads a message's body. Whatever this build does not understand, another
// version's messages above all, is an Internal error: the queue delivers it again and
// parks it at last, where a build that understands it can have it back. It is never
// Invalid, which would acknowledge it.
func Decode(body string) (Hint, error) {
	m, err := parse(body)
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return Hint{}, entitlement.Wrap(entitlement.Internal, "decode hint", err, "A message of the queue could not be read.")
	}
	return Hint{Subjects: m.Subjects}, nil
}

func parse(body string) (message, error) {
	// The version is read alone first: what else a future one holds must not hide it.
	var head struct{ V *int }
	if err := json.Unmarshal([]byte(body), &head); err != nil {
		return message{}, err
	}
	if head.V == nil || *head.V != Version {
		return message{}, errors.New("unknown version of the message")
	}

	var m message
	d := json.NewDecoder(bytes.NewReader([]byte(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return message{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return message{}, errors.New("text after the message")
	}
	return m, nil
}

func (m message) check() error {
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

// hints spreads the subjects over messages, each subject once.
func hints(subjects []entitlement.UserID) []string {
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
		bodies = append(bodies, Hint{Subjects: chunk}.Encode())
	}
	return bodies
}
