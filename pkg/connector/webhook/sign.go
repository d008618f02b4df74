package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

// secretPrefix begins each secret, as Standard Webhooks writes them.
const secretPrefix = "whsec_"

// Bounds of a secret, in bytes, as Standard Webhooks sets them.
const (
	minSecret = 24
	maxSecret = 64
)

// secrets are the keys that a target may know us by: two while one is replaced by another.
type secrets [][]byte

// readSecrets reads a credential: one secret, or two with a space between.
func readSecrets(credential string) (secrets, error) {
	fields := strings.Fields(credential)
	if len(fields) < 1 || len(fields) > 2 {
		return nil, badSecret()
	}

	var keys secrets
	for _, field := range fields {
		text, is := strings.CutPrefix(field, secretPrefix)
		key, err := base64.StdEncoding.DecodeString(text)
		if !is || err != nil || len(key) < minSecret || len(key) > maxSecret {
			return nil, badSecret()
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func badSecret() error {
	return entitlement.Errorf(entitlement.Invalid, "The credential of a webhook is %s and 24 to 64 bytes in base64; two of them, with a space between, while the secret is changed.", secretPrefix)
}

// sign puts the headers of Standard Webhooks on a request, with a signature by each secret.
func (s secrets) sign(h http.Header, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)

	var signatures []string
	for _, key := range s {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}

	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", stamp)
	h.Set("webhook-signature", strings.Join(signatures, " "))
}
