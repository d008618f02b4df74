package dynamo

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
)

// textMark begins what is neither a UUID nor a hash. It occurs in no UTF-8 text.
const textMark = 0xFF

// Sizes of what is packed without a mark.
const (
	packedUUID = 16
	packedHash = 32
)

// pack writes a UUID in 16 bytes, a SHA-256 in 32, and any other text as it is
// behind a mark; short ids are what lets a record hold its packages in 1 KB.
func pack[T ~string](id T) []byte {
	s := string(id)
	if b, ok := packedShort(s); ok {
		return b
	}
	b := append([]byte{textMark}, s...)
	if len(b) == packedUUID || len(b) == packedHash {
		b = append(b, textMark)
	}
	return b
}

// packedShort packs a UUID or a hash that is written as unpack writes it.
func packedShort(s string) ([]byte, bool) {
	var b []byte
	switch len(s) {
	case uuidLength:
		b = make([]byte, 0, packedUUID)
	case 2 * packedHash:
		b = make([]byte, 0, packedHash)
	default:
		return nil, false
	}

	for i := 0; i < len(s); i += 2 {
		if len(s) == uuidLength && isDash(i) {
			if s[i] != '-' {
				return nil, false
			}
			i++
		}

		high, low := nibble(s[i]), nibble(s[i+1])
		// Upper case would come back as lower case, and so is no id of ours.
		if high > 0xF || low > 0xF {
			return nil, false
		}
		b = append(b, high<<4|low)
	}

	return b, true
}

// uuidLength is the length of a UUID as text, in which isDash says where its dashes are.
const uuidLength = 36

func isDash(i int) bool { return i == 8 || i == 13 || i == 18 || i == 23 }

// nibble is the value of a hexadecimal digit in lower case, or more than 15.
func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xFF
}

// unpack is the inverse of pack.
func unpack[T ~string](b []byte) T {
	switch {
	case len(b) == packedUUID:
		return T(uuid(b))
	case len(b) == packedHash:
		return T(hex.EncodeToString(b))
	default:
		b = bytes.TrimPrefix(b, []byte{textMark})
		return T(bytes.TrimSuffix(b, []byte{textMark}))
	}
}

func uuid(b []byte) string {
	var text [uuidLength]byte
	at := 0
	for _, c := range b {
		if isDash(at) {
			text[at] = '-'
			at++
		}
		text[at], text[at+1] = digits[c>>4], digits[c&0xF]
		at += 2
	}
	return string(text[:])
}

const digits = "0123456789abcdef"

// packPair writes two ids as one member of a set; the second may be empty.
func packPair[A, B ~string](a A, b B) []byte {
	first := pack(a)
	pair := append([]byte{byte(len(first))}, first...)
	if b != "" {
		pair = append(pair, pack(b)...)
	}
	return pair
}

// unpackPair is the inverse of packPair.
func unpackPair[A, B ~string](pair []byte) (a A, b B, ok bool) {
	if len(pair) == 0 || len(pair) < 1+int(pair[0]) {
		return "", "", false
	}
	first, second := pair[1:1+pair[0]], pair[1+pair[0]:]
	return unpack[A](first), unpack[B](second), true
}

func packWaiting(w entitlement.Waiting) []byte { return packPair(w.Package, w.Assignment) }

// unpackWaiting is the inverse of packWaiting.
func unpackWaiting(pair []byte) (w entitlement.Waiting, ok bool) {
	w.Package, w.Assignment, ok = unpackPair[entitlement.PackageID, entitlement.AssignmentID](pair)
	return w, ok
}

// packRemoving writes what is being removed as one member of a set: the assignment, and behind it
// the package with the request.
func packRemoving(r entitlement.Removing) []byte {
	first := pack(r.Assignment)
	return slices.Concat([]byte{byte(len(first))}, first, packPair(r.Package, r.Request))
}

// unpackRemoving is the inverse of packRemoving.
func unpackRemoving(all []byte) (r entitlement.Removing, ok bool) {
	if len(all) == 0 || len(all) < 1+int(all[0]) {
		return r, false
	}
	r.Assignment = unpack[entitlement.AssignmentID](all[1 : 1+all[0]])
	r.Package, r.Request, ok = unpackPair[entitlement.PackageID, entitlement.RequestID](all[1+all[0]:])
	return r, ok
}

// packed is pack as an attribute.
func packed[T ~string](id T) types.AttributeValue {
	return &types.AttributeValueMemberB{Value: pack(id)}
}

// packedSet is a set of packed ids without repetitions; a set is never empty.
func packedSet[T ~string](ids ...T) types.AttributeValue {
	all := make([][]byte, len(ids))
	for i, v := range ids {
		all[i] = pack(v)
	}
	return binarySet(all...)
}

func binarySet(members ...[]byte) types.AttributeValue {
	if len(members) == 1 {
		return &types.AttributeValueMemberBS{Value: members}
	}
	var all [][]byte
	seen := map[string]bool{}
	for _, m := range members {
		if !seen[string(m)] {
			seen[string(m)] = true
			all = append(all, m)
		}
	}
	return &types.AttributeValueMemberBS{Value: all}
}

func literal(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// numeral is a number as an attribute. Nobody changes one, so that small ones, which most
// are, are there once.
func numeral(n int64) types.AttributeValue {
	if n >= 0 && n < int64(len(smallNumerals)) {
		return &smallNumerals[n]
	}
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

var smallNumerals = func() (all [256]types.AttributeValueMemberN) {
	for n := range all {
		all[n].Value = strconv.Itoa(n)
	}
	return all
}()

// instant is a time as its nanoseconds since 1970, which outgrow 64 bits in 2262.
func instant(t time.Time) types.AttributeValue {
	if near(t.Unix()) {
		return numeral(t.UnixNano())
	}
	n := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(int64(time.Second)))
	n.Add(n, big.NewInt(int64(t.Nanosecond())))
	return &types.AttributeValueMemberN{Value: n.String()}
}

// near reports seconds since 1970 whose nanoseconds fit into 64 bits.
func near(seconds int64) bool {
	const most = math.MaxInt64/int64(time.Second) - 1
	return seconds <= most && seconds >= -most
}

// unInstant is the inverse of instant.
func unInstant(s string) (t time.Time, ok bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(0, n).UTC(), true
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return time.Time{}, false
	}
	sec, nano := new(big.Int).DivMod(n, big.NewInt(int64(time.Second)), new(big.Int))
	return time.Unix(sec.Int64(), nano.Int64()).UTC(), true
}

// yes is a flag that is set; one that is not has no attribute.
var yes types.AttributeValue = &types.AttributeValueMemberBOOL{Value: true}
