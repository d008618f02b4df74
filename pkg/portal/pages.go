package portal

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Places in lists are signed together with the visitor and the page, so that one continues this
// list for this visitor and no other (A12).

const macSize = 16

// next is the address that continues the list of this page; "" where there is no more.
func (v *visit) next(ctx context.Context, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	sealed, err := v.seal(ctx, token)
	if err != nil {
		return "", err
	}
	query := v.request.URL.Query()
	query.Set("page", sealed)
	return strings.TrimPrefix(v.request.URL.Path, names.PortalPath) + "?" + query.Encode(), nil
}

// seal is a place in the list of this page, as an address or a form carries it.
func (v *visit) seal(ctx context.Context, token string) (string, error) {
	mac, err := v.sign(ctx, token)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(mac, token...)), nil
}

// unseal is the place in the list that an address names; "" is its beginning.
func (v *visit) unseal(ctx context.Context, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) <= macSize {
		return "", foreignPage()
	}
	token := string(raw[macSize:])
	mac, err := v.sign(ctx, token)
	if err != nil {
		return "", err
	}
	if !hmac.Equal(mac, raw[:macSize]) {
		return "", foreignPage()
	}
	return token, nil
}

func foreignPage() error {
	return entitlement.Errorf(entitlement.Invalid, "This address does not continue a list of yours. Begin at its first page.")
}

func (v *visit) sign(ctx context.Context, token string) ([]byte, error) {
	key, err := v.Views.SigningKey(ctx)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	for _, part := range []string{"page of a list", string(v.by.ID), v.request.URL.Path, token} {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	return mac.Sum(nil)[:macSize], nil
}
