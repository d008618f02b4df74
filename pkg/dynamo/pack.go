package dynamo

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
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
// behind a mark; short ids are what lets a head hold its packages in 1 KB.
func pack[T ~string](id T) []byte {
	s := string(id)
	if bare := strings.ReplaceAll(s, "-", ""); s == strings.ToLower(s) {
		if b, err := hex.DecodeString(bare); err == nil {
			if len(b) == packedUUID && s == uuid(b) || len(b) == packedHash && s == bare {
				return b
			}
		}
	}
	b := append([]byte{textMark}, s...)
	if len(b) == packedUUID || len(b) == packedHash {
		b = append(b, textMark)
	}
	return b
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
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

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

func packWaiting(w entitlement.Waiting) []byte   { return packPair(w.Package, w.Assignment) }
func packRemoving(r entitlement.Removing) []byte { return packPair(r.Assignment, r.Request) }

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

func numeral(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// instant is a time as its nanoseconds since 1970, which outgrow 64 bits in 2262.
func instant(t time.Time) types.AttributeValue {
	n := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(int64(time.Second)))
	n.Add(n, big.NewInt(int64(t.Nanosecond())))
	return &types.AttributeValueMemberN{Value: n.String()}
}

// yes is a flag that is set; one that is not has no attribute.
var yes types.AttributeValue = &types.AttributeValueMemberBOOL{Value: true}
