package sessions

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"strings"

	"leasehold/pkg/entitlement"
)

// maxFile bounds a text that is kept beside a session (S21).
const maxFile = 4 << 20

// Keep keeps a text beside the session of a secret, and returns the name by which that session
// alone finds it again.
func (s *Service) Keep(ctx context.Context, secret, text string) (id string, err error) {
	if len(text) > maxFile {
		return "", entitlement.Errorf(entitlement.Invalid, "The text is longer than %d bytes: divide it.", maxFile)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err = io.WriteString(w, text); err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", err
	}

	id, left := rand.Text(), base64.StdEncoding.EncodeToString(packed.Bytes())
	var all []entitlement.SessionFile
	for left != "" {
		n := min(len(left), entitlement.SessionFilePart)
		all = append(all, entitlement.SessionFile{Session: digest(secret), ID: id, Part: len(all), Text: left[:n], Created: s.Clock.Now()})
		left = left[n:]
	}
	for i := range all {
		all[i].Parts = len(all)
	}
	return id, s.Store.Commit(ctx, entitlement.Change{SessionFiles: all})
}

// Kept returns a text that was kept beside the session of a secret. NotFound: there is none, or it
// is forgotten, or it is another session's.
func (s *Service) Kept(ctx context.Context, secret, id string) (string, error) {
	gone := entitlement.Errorf(entitlement.NotFound, "What you sent is not kept any more: send it again.")
	parts, err := s.Store.SessionFile(ctx, digest(secret), id)
	if err != nil {
		return "", err
	}
	var packed strings.Builder
	for _, p := range parts {
		packed.WriteString(p.Text)
	}
	if len(parts) == 0 || len(parts) != parts[0].Parts || !s.Clock.Now().Before(parts[0].Expires()) {
		return "", gone
	}

	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed.String())))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxFile))
	return string(text), err
}
