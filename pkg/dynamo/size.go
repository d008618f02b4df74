package dynamo

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// ItemSize returns the bytes that an item counts as, by the published rules: names and
// values, numbers at half a byte a digit, and an overhead for lists and maps.
func ItemSize(it map[string]types.AttributeValue) int {
	n := 0
	for name, v := range it {
		n += len(name) + valueSize(v)
	}
	return n
}

const (
	containerSize = 3 // of a list or a map
	elementSize   = 1 // of each member of one
)

func valueSize(v types.AttributeValue) int {
	n := 0
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		n = len(v.Value)
	case *types.AttributeValueMemberB:
		n = len(v.Value)
	case *types.AttributeValueMemberN:
		n = numberSize(v.Value)
	case *types.AttributeValueMemberBS:
		for _, b := range v.Value {
			n += len(b)
		}
	case *types.AttributeValueMemberL:
		n = containerSize
		for _, e := range v.Value {
			n += elementSize + valueSize(e)
		}
	case *types.AttributeValueMemberM:
		n = containerSize + elementSize*len(v.Value) + ItemSize(v.Value)
	default: // a truth value; nothing else is stored
		n = 1
	}

	return n
}

// numberSize is half a byte for each significant digit, and one or two more.
func numberSize(s string) int {
	digits := strings.Trim(strings.TrimLeft(s, "-"), "0")
	n := (len(digits)+1)/2 + 1
	if strings.HasPrefix(s, "-") {
		n++
	}
	return n
}
