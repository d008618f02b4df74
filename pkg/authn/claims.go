package authn

import (
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// skew is how far an issuer's clock may be ahead of ours. It is granted to the
// beginning of a token's life only: an expired token is expired.
const skew = 60 * time.Second

// maxText is the longest principal, issuer or token id, in bytes.
const maxText = 512

// claims are a token's claims by their exact names, each still as it was sent.
type claims map[string]jsontext.Value

// parseClaims refuses whatever two readers could read differently: a name twice,
// at any depth, text that is not UTF-8, anything after the object.
func parseClaims(payload []byte) (claims, error) {
	var said claims
	if err := json.Unmarshal(payload, &said); err != nil || said == nil {
		return nil, refuse("the claims are not one strict JSON object")
	}
	return said, nil
}

func (c claims) has(name string) bool {
	_, there := c[name]
	return there
}

// text returns a claim that must be there as text fit for an identifier: a string,
// not empty, of at most 512 bytes and without control characters.
func (c claims) text(name string) (string, error) {
	value := c[name]
	if value.Kind() != '"' {
		return "", refuse("the claim " + name + " is missing or no string")
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return "", refuse("the claim " + name + " is no string")
	}
	if text == "" || len(text) > maxText || strings.ContainsFunc(text, unicode.IsControl) {
		return "", refuse("the claim " + name + " is empty, too long or has control characters")
	}
	return text, nil
}

func (c claims) optionalText(name string) (string, error) {
	if !c.has(name) {
		return "", nil
	}
	return c.text(name)
}

// list returns a claim that is a list of strings, or one string standing for a
// list of one; nothing where the claim is missing.
func (c claims) list(name string) ([]string, error) {
	value, there := c[name]
	if !there {
		return nil, nil
	}

	list, err := []string(nil), error(nil)

	// RFC 7519 has aud be either, and scopes come as a list from some issuers.
	switch value.Kind() {
	case '"':
		list = make([]string, 1)
		err = json.Unmarshal(value, &list[0])
	case '[':
		err = json.Unmarshal(value, &list)
	default:
		return nil, refuse("the claim " + name + " is neither a string nor a list")
	}

	if err != nil {
		return nil, refuse("the claim " + name + " is not a list of strings")
	}

	return list, nil
}

// scopes returns what the token may be used for, and whether an application calls
// for itself: such a token has roles where one for a person has scopes.
func (c claims) scopes() (scopes []string, application bool, err error) {
	name := "scp"
	if !c.has(name) {
		name = "scope"
	}
	if !c.has(name) && c.has("roles") {
		roles, err := c.list("roles")
		return roles, true, err
	}

	given, err := c.list(name)
	for _, words := range given {
		scopes = append(scopes, strings.Fields(words)...)
	}
	return scopes, false, err
}

// checkTime checks that the token lives: exp must be there and ahead, nbf and iat,
// where they are there, not ahead by more than the skew.
func (c claims) checkTime(now time.Time) error {
	if !c.has("exp") {
		return refuse("the claim exp is missing")
	}
	end, err := c.seconds("exp")
	if err != nil {
		return err
	}
	if unix(now) >= end {
		return refuse("the token has expired")
	}

	for _, name := range []string{"nbf", "iat"} {
		if !c.has(name) {
			continue
		}
		start, err := c.seconds(name)
		if err != nil {
			return err
		}
		if start > unix(now.Add(skew)) {
			return refuse("the claim " + name + " is in the future")
		}
	}

	return nil
}

// seconds returns a claim that is a time: seconds since 1970, fractions allowed.
func (c claims) seconds(name string) (float64, error) {
	var seconds float64
	if value := c[name]; value.Kind() != '0' || json.Unmarshal(value, &seconds) != nil {
		return 0, refuse("the claim " + name + " is no time")
	}
	return seconds, nil
}

// unix returns t as claims tell it. Milliseconds are exact in a float64.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
