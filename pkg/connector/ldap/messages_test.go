package ldap

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// sent is a connection that has brought what it will.
type sent struct {
	net.Conn
	io.Reader
}

func (s sent) Read(p []byte) (int, error) { return s.Reader.Read(p) }

// part writes an element of BER.
func part(tag byte, content string) string {
	n := len(content)
	return string([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}) + content
}

func TestA19_AMessageIsLookedAtBeforeItIsRead(t *testing.T) {
	nested := "\x04\x00"
	for range maxDepth {
		nested = part(0x30, nested)
	}

	for name, c := range map[string]struct {
		sent string
		want error
	}{
		"a message":                   {part(0x30, "\x02\x01\x01"), nil},
		"two messages":                {part(0x30, "\x02\x01\x01") + "\x30\x03\x02\x01\x02", nil},
		"as many parts as there may":  {part(0x30, strings.Repeat("\x04\x00", maxParts)), nil},
		"more":                        {part(0x30, strings.Repeat("\x04\x00", maxParts+1)), errTooLong},
		"more, in several messages":   {strings.Repeat(part(0x30, strings.Repeat("\x04\x00", maxParts/4)), 5), errTooLong},
		"more bytes":                  {strings.Repeat(part(0x30, part(0x04, strings.Repeat("x", 5<<20))), 4), errTooLong},
		"a length of gigabytes":       {"\x30\x84\x7f\xff\xff\xff", errTooLong},
		"a length without an end":     {"\x30\x80\x02\x01\x01\x00\x00", errNoMessage},
		"a length of five bytes":      {"\x30\x85\x00\x00\x00\x00\x01x", errNoMessage},
		"a part longer than the rest": {part(0x30, "\x04\x05x"), errNoMessage},
		"a part without a length":     {part(0x30, "\x04"), errNoMessage},
		"an endless part":             {part(0x30, "\x30\x80\x00\x00"), errNoMessage},
		"a tag of several bytes":      {part(0x30, "\x1f\x81\x00"), errNoMessage},
		"deep":                        {part(0x30, nested), errNoMessage},
		"as deep as there may":        {nested, nil},
		"text":                        {"HTTP/1.1 400 Bad Request\r\n", errNoMessage},
		"half":                        {"\x30\x05\x02\x01\x01", io.ErrUnexpectedEOF},
	} {
		got, err := io.ReadAll(&messages{Conn: sent{Reader: iotest.HalfReader(strings.NewReader(c.sent))}})
		if !errors.Is(err, c.want) || c.want == nil && string(got) != c.sent {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// What passes is what the library reads; what it would stumble over need not pass.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(part(0x30, "\x02\x01\x01")))
	f.Add([]byte("\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		message, err := (&messages{Conn: sent{Reader: bytes.NewReader(data)}}).next()
		if err != nil {
			return
		}
		if !bytes.HasPrefix(data, message) {
			t.Fatalf("read %x of %x", message, data)
		}
		ber.DecodePacketErr(message)
	})
}
