package graph

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/go-json-experiment/json"

	"leasehold/pkg/entitlement"
)

// macSize is the length of the signature at the front of a page token.
const macSize = 16

// seal makes a page token of a store's own. It is signed together with the caller, the
// path and the options, so that it continues this list for this caller and no other (A12).
func (c *call) seal(ctx context.Context, inner string) (string, error) {
	mac, err := c.sign(ctx, inner)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(mac, inner...)), nil
}

// position returns where the page begins that the call's $skiptoken asks for; nil for the first.
func (c *call) position(ctx context.Context) (*position, error) {
	inner, err := c.unseal(ctx)
	if err != nil || inner == "" {
		return nil, err
	}
	return parsePosition(inner)
}

// parsePosition reads what position.text wrote.
func parsePosition(text string) (*position, error) {
	var at position
	if err := json.Unmarshal([]byte(text), &at); err != nil || at.Row < 0 || at.Limit < 0 || at.Limit > entitlement.PageSize {
		return nil, foreignToken()
	}
	return &at, nil
}

// text writes a position as a token has it.
func (p position) text() (string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return "", entitlement.Wrap(entitlement.Internal, "write a page token", err, "")
	}
	return string(raw), nil
}

// unseal returns the store's token out of the call's $skiptoken, "" where there is none.
func (c *call) unseal(ctx context.Context) (string, error) {
	if c.options.SkipToken == "" {
		return "", nil
	}

	plain, err := base64.RawURLEncoding.Strict().DecodeString(c.options.SkipToken)
	if err != nil || len(plain) < macSize {
		return "", foreignToken()
	}

	inner := string(plain[macSize:])
	want, err := c.sign(ctx, inner)
	if err != nil {
		return "", err
	}

	// In constant time, so that a forger learns nothing from how long a refusal takes.
	if !hmac.Equal(want, plain[:macSize]) {
		return "", foreignToken()
	}

	return inner, nil
}

func foreignToken() error {
	return entitlement.Errorf(entitlement.Invalid, "The $skiptoken is not one of this list, these options and this caller. Start again from the first page.")
}

// sign writes each part with its length before it, so that no two lists of parts look alike.
func (c *call) sign(ctx context.Context, inner string) ([]byte, error) {
	key, err := c.deps.Views.SigningKey(ctx)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	for _, part := range []string{string(c.by.ID), c.request.URL.Path, c.question().Encode(), inner} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)[:macSize], nil
}
