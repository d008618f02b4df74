package graph

import (
	"bytes"

	"github.com/go-json-experiment/json"

	"leasehold/pkg/entitlement"
)

// Bounds of one answer (S21). Lambda hands at most 6 MB to the gateway, with the body as a
// text in JSON: what is quoted in the body is quoted once more on that way.
const (
	maxResponse = 4 << 20
	maxCarried  = 6<<20 - 128<<10 // the rest is for headers
)

// render writes a body as it goes out.
func render(body object) ([]byte, error) {
	var b bytes.Buffer
	if err := json.MarshalWrite(&b, body, json.Deterministic(true)); err != nil {
		return nil, entitlement.Wrap(entitlement.Internal, "render answer", err, "")
	}
	return b.Bytes(), nil
}

// excess returns how many times larger a text is than an answer may be: at most 1 where it fits.
func excess(text []byte) float64 {
	carried := len(text)
	for _, quoted := range []string{`"`, `\`} {
		carried += bytes.Count(text, []byte(quoted))
	}
	for _, escaped := range []string{"\u2028", "\u2029"} {
		carried += len(`\u2028`) * bytes.Count(text, []byte(escaped))
	}
	return max(float64(len(text))/maxResponse, float64(carried)/maxCarried)
}

// shorter returns the size of a page that fits, after n items made one that does not.
func shorter(n int, excess float64) int {
	return max(1, min(n-1, int(float64(n)*0.9/excess)))
}

func tooLarge() error {
	return entitlement.Errorf(entitlement.Invalid, "One of these is larger than an answer may be, %d MB. Leave out $expand, or name in $select what you need.", maxResponse>>20)
}
