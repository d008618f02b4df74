package dynamo

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

// sep parts the members of a key. No member holds it: part and enc escape it.
const sep = "#"

// join makes one key value of its members.
func join(members ...string) string { return strings.Join(members, sep) }

// part writes an id as a member of a key. UUIDs stay as they are; any other byte is
// escaped, so that two different ids never meet in one key.
func part[T ~string](id T) string { return escape(string(id), "-") }

// unpart is the inverse of part and enc's escapes.
func unpart[T ~string](s string) T {
	if !strings.Contains(s, "%") {
		return T(s)
	}

	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			// What is no escape stands for itself: a token may come from anywhere.
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}

		b.WriteByte(s[i])
	}

	return T(b.String())
}

// maxEncoded is how many bytes of a free text enter an index entry or a sentinel.
const maxEncoded = 128

// enc writes free text as a member of a key: in lower case, every byte outside the
// alphabet escaped. It keeps prefixes, so that names may be searched by their beginning.
func enc(text string) string { return escape(strings.ToLower(text), "-@._") }

// encName is enc for an index entry: cut off where it is long, since order is all it gives.
func encName(text string) string {
	e := enc(text)
	return e[:min(len(e), maxEncoded)]
}

// encNamed is what the index entries of names begin with that are asked for.
func encNamed(n entitlement.Named) string {
	if e := enc(n.Begins); n.Whole && n.Begins != "" && len(e) < maxEncoded {
		return join(e, "")
	}
	return encName(n.Begins)
}

// encUnique is enc for a unique name: a long one becomes a hash behind a mark that
// enc never writes.
func encUnique(text string) string {
	if e := enc(text); len(e) <= maxEncoded {
		return e
	}
	return "~" + digest(strings.ToLower(text))
}

func escape(s, also string) string {
	// Most ids need no escape, and then nothing is allocated.
	at := 0
	for at < len(s) && plain(s[at], also) {
		at++
	}
	if at == len(s) {
		return s
	}

	const digits = "0123456789ABCDEF"
	b := []byte(s[:at])
	for ; at < len(s); at++ {
		c := s[at]
		if plain(c, also) {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&0xF])
		}
	}

	return string(b)
}

// plain reports a byte that is not escaped.
func plain(c byte, also string) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte(also, c) >= 0
}

// digest hashes several texts so that no two lists of texts give the same.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		h.Write([]byte(strconv.Itoa(len(t)) + ":" + t))
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// shard spreads keys over n shards by their hash.
func shard(n int, members ...string) int {
	h := fnv.New32a()
	h.Write([]byte(join(members...)))
	return int(h.Sum32() % uint32(n))
}

// stampLayout has a fixed width: trimmed fractions would sort wrongly.
const stampLayout = "2006-01-02T15:04:05.000000000Z"

// The first and last instants that keys can order. What lies beyond is refused at
// the edge; a stray one counts as the nearest.
var (
	firstStamp = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	lastStamp  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
)

// stamp writes an instant as a member of a key.
func stamp(t time.Time) string {
	if t.Before(firstStamp) {
		t = firstStamp
	}
	if t.After(lastStamp) {
		t = lastStamp
	}
	return t.UTC().Format(stampLayout)
}

// unstamp is the inverse of stamp.
func unstamp(s string) time.Time {
	t, err := time.Parse(stampLayout, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// counter writes a number so that keys order it.
func counter(n int64) string {
	s := strconv.FormatInt(n, 10)
	return strings.Repeat("0", max(0, 8-len(s))) + s
}
