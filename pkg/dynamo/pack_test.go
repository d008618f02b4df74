package dynamo

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// TestWhatIsNearlyAnIDComesBack proves that only a UUID and a hash in their one form are
// packed short, and that everything comes back as it was.
func TestWhatIsNearlyAnIDComesBack(t *testing.T) {
	const id = "0f8fad5b-d9cb-469f-a165-70867728950e"
	hash := strings.Repeat("0a", 32)
	for s, size := range map[string]int{
		id: packedUUID, hash: packedHash,
		strings.ToUpper(id):                    37,
		strings.ReplaceAll(id, "-", ""):        33,
		"0f8fad5bd-9cb-469f-a165-70867728950e": 37,
		"0f8fad5b-d9cb-469f-a165-70867728950g": 37,
		"0f8fad5b-d9cb-469f-a165-7086772895-e": 37,
		strings.ToUpper(hash):                  65,
		hash[:62] + "0g":                       65,
		strings.Repeat("x", packedUUID-1):      packedUUID + 1,
		strings.Repeat("x", packedHash-1):      packedHash + 1,
		strings.Repeat("-", uuidLength):        37,
	} {
		b := pack(s)
		if len(b) != size || unpack[string](b) != s {
			t.Errorf("%q: %d bytes, back as %q, want %d", s, len(b), unpack[string](b), size)
		}
	}
}

// TestInstantsComeBack proves that times are exact on both sides of what 64 bits hold.
func TestInstantsComeBack(t *testing.T) {
	for _, at := range []time.Time{
		time.Unix(0, 0), time.Unix(0, 1), time.Unix(0, -1), time.Unix(-1, 0), start(2026), start(1677), start(1678), start(2262), start(2263), firstStamp, lastStamp,
	} {
		n := instant(at).(*types.AttributeValueMemberN).Value
		if back, ok := unInstant(n); !ok || !back.Equal(at) {
			t.Errorf("%v is written as %s and comes back as %v", at, n, back)
		}
	}
	for _, s := range []string{"", "x", "1.5"} {
		if at, ok := unInstant(s); ok {
			t.Errorf("%q is %v", s, at)
		}
	}
}

func start(year int) time.Time { return time.Date(year, 7, 1, 0, 0, 0, 999_999_999, time.UTC) }
