package graph

import (
	"bytes"
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"strings"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/strict"
)

// maxBody bounds a body, as it comes and unpacked.
const maxBody = 1 << 20

// body reads the body of a call that needs one. Done of the object says whether all of
// it was understood.
func (c *call) body() (*strict.Object, error) {
	content, err := readBody(c.request)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, entitlement.Errorf(entitlement.Invalid, "This needs a body: a JSON object.")
	}
	if !isJSON(c.request.Header) {
		return nil, unsupportedMedia("Send the body as application/json.")
	}
	return strict.Parse(content)
}

// readBody returns the body, unpacked.
func readBody(r *http.Request) ([]byte, error) {
	encodings := strings.Join(r.Header.Values("Content-Encoding"), ",")
	switch strings.ToLower(strings.TrimSpace(encodings)) {
	case "", "identity":
		return bounded(r.Body)
	case "gzip":
	default:
		return nil, unsupportedMedia("Send the body as it is, or compressed by gzip.")
	}
	packed, err := bounded(r.Body)
	if err != nil || len(packed) == 0 {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, broken(err)
	}
	// What comes out is counted while it comes, so that a bomb never goes off.
	return bounded(unpacked)
}

// bounded reads at most maxBody bytes, and refuses more.
func bounded(from io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(from, maxBody+1))
	if len(content) > maxBody {
		return nil, &failure{status: http.StatusRequestEntityTooLarge, code: "invalidRequest", message: "The body must be at most 1 MiB, also when it is unpacked."}
	}
	if err != nil {
		return nil, broken(err)
	}
	return content, nil
}

func broken(err error) error {
	return entitlement.Wrap(entitlement.Invalid, "read body", err, "The body could not be read to its end.")
}

func isJSON(h http.Header) bool {
	kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := parameters["charset"]
	return err == nil && kind == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

func unsupportedMedia(message string) error {
	return &failure{status: http.StatusUnsupportedMediaType, code: "notSupported", message: message}
}
