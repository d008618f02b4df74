package ldap

import (
	"errors"
	"io"
	"net"
)

// Bounds of what is taken in of one connection. A part of a message is an element of BER: two
// bytes on the wire, and some hundreds when it was read.
const (
	maxBytes = 16 << 20
	maxParts = 400_000
	maxDepth = 16
)

var (
	errTooLong   = errors.New("the directory sent more than is taken in")
	errNoMessage = errors.New("the directory sent what is no message of LDAP")
)

// messages is a connection from which whole messages are read, each of which was looked at
// before anybody reads it: LDAP has definite lengths alone, and tags of one byte (RFC 4511, 5.1).
type messages struct {
	net.Conn
	bytes, parts int
	rest         []byte // of a message
}

// Read reads of the message that is there, and waits for the next one.
func (m *messages) Read(p []byte) (int, error) {
	if len(m.rest) == 0 {
		message, err := m.next()
		if err != nil {
			return 0, err
		}
		m.rest = message
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// next reads one message.
func (m *messages) next() ([]byte, error) {
	prefix := make([]byte, 2, 6)
	if _, err := io.ReadFull(m.Conn, prefix); err != nil {
		return nil, err
	}
	if more := prefix[1] & 0x7f; prefix[1] > 0x80 && more <= 4 {
		prefix = prefix[:2+more]
		if _, err := io.ReadFull(m.Conn, prefix[2:]); err != nil {
			return nil, err
		}
	}
	size, body, ok := lengthOf(prefix)
	switch {
	case prefix[0] != 0x30 || !ok || len(body) != 0:
		return nil, errNoMessage
	case size > maxBytes-m.bytes:
		return nil, errTooLong
	}

	// Only what comes takes room: a length that is announced is no more than that.
	content, err := io.ReadAll(io.LimitReader(m.Conn, int64(size)))
	if err == nil && len(content) < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	m.bytes += len(prefix) + size
	if err := m.count(content, 1); err != nil {
		return nil, err
	}
	return append(prefix, content...), nil
}

// count looks at the parts of what a part holds.
func (m *messages) count(content []byte, depth int) error {
	if depth > maxDepth {
		return errNoMessage
	}
	for len(content) > 0 {
		if m.parts++; m.parts > maxParts {
			return errTooLong
		}
		tag := content[0]
		size, body, ok := lengthOf(content)
		if !ok || tag&0x1f == 0x1f || size > len(body) {
			return errNoMessage
		}
		if tag&0x20 != 0 {
			if err := m.count(body[:size], depth+1); err != nil {
				return err
			}
		}
		content = body[size:]
	}
	return nil
}

// lengthOf reads the length of a part, and returns what follows it.
func lengthOf(part []byte) (size int, body []byte, ok bool) {
	if len(part) < 2 {
		return 0, nil, false
	}
	n := int(part[1])
	if n < 0x80 {
		return n, part[2:], true
	}
	n &= 0x7f
	if n == 0 || n > 4 || len(part) < 2+n {
		return 0, nil, false
	}
	for _, b := range part[2 : 2+n] {
		size = size<<8 | int(b)
	}
	return size, part[2+n:], true
}
