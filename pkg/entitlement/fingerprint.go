package entitlement

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Fingerprint returns a SHA-256 that two payloads share where they ask for the same, and
// nowhere else. It is compared with what was kept years ago: a member that comes later
// must not change it where that member is empty.
func (w CommandPayload) Fingerprint() string {
	h := sha256.New()
	for _, part := range []string{
		string(w.Type), string(w.Package), string(w.Policy), string(w.Subject), string(w.Assignment), w.Justification, instantWord(w.RequestedSchedule.Start),
		string(w.RequestedSchedule.Expiration.Type), w.RequestedSchedule.Expiration.Duration.String(), instantWord(w.RequestedSchedule.Expiration.End),
	} {
		fmt.Fprintf(h, "%d:%s,", len(part), part) // with its length, so that no two lists look alike
	}
	if w.Adopts != (DriftFindingRef{}) {
		fmt.Fprintf(h, "%q", w.Adopts)
	}
	for _, a := range w.Answers {
		fmt.Fprintf(h, "%d:%s,%d:%s,", len(a.Question), a.Question, len(a.Value), a.Value)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func instantWord(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// MadeBy returns nil where the request was made by a command with the fingerprint. It
// refuses another command that comes under the same key (S12).
func (r AssignmentRequest) MadeBy(fingerprint string) error {
	if r.Fingerprint == fingerprint {
		return nil
	}
	return KeyTaken()
}

// KeyTaken refuses a command under the key of another one.
func KeyTaken() error {
	return Errorf(Precondition, "You have used this Idempotency-Key for another request already. To repeat that one, send it unchanged; for a new request use a new key.")
}
