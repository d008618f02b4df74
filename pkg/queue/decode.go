package queue

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"leasehold/pkg/entitlement"
)

// Version is the message contract that this build writes and the only one it reads.
const Version = 1

// decode reads a message's body into the shape m and checks it. Whatever this build does
// not understand, another version's messages above all, is an Internal error: the queue
// delivers it again and parks it at last, where a build that understands it can have it
// back. It is never Invalid, which would acknowledge it.
func decode(op, body string, m interface{ check() error }) error {
	err := parse(body, m)
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return entitlement.Wrap(entitlement.Internal, op, err, "A message of the queue could not be read.")
	}
	return nil
}

func parse(body string, m any) error {
	// The version is read alone first: what else a future one holds must not hide it.
	var envelope struct{ V *int }
	if err := json.Unmarshal([]byte(body), &envelope); err != nil {
		return err
	}
	if envelope.V == nil || *envelope.V != Version {
		return errors.New("unknown version of the message")
	}

	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("text after the message")
	}
	return nil
}
