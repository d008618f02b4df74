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
	content, err := c.content()
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

// bodyIfAny returns the body as an object, or an empty one where there is none.
func (c *call) bodyIfAny() (*strict.Object, error) {
	content, err := c.content()
	if err == nil && len(bytes.TrimSpace(content)) == 0 {
		return strict.Parse([]byte("{}"))
	}
	if err != nil {
		return nil, err
	}
	return c.body()
}

// content returns the body of the call, unpacked; it is read once.
func (c *call) content() ([]byte, error) {
	if c.read == nil {
		content, err := readBody(c.request)
		if err != nil {
			return nil, err
		}
		c.read = &content
	}
	return *c.read, nil
}

// sameID takes the id in the body of a change, which clients send back as they read it: it
// says once more what the path says, or nothing.
func sameID(o *strict.Object, inPath string) {
	var named string
	strict.ID(o, "id", &named)
	if named != "" && named != inPath {
		o.Fail("id", "must be that of the path.")
	}
}

// gzipMark begins every gzip stream, and no JSON text.
var gzipMark = []byte{0x1f, 0x8b}

// readBody returns the body, unpacked. API Gateway unpacks gzip itself and leaves the header
// that says it is packed, and clients try again plain under the old header: so only what
// bears gzip's mark is unpacked, and only where the header says that it is gzip.
func readBody(r *http.Request) ([]byte, error) {
	content, err := bounded(r.Body)
	if err != nil {
		return nil, err
	}

	packed, encodings := bytes.HasPrefix(content, gzipMark), encodingsOf(r.Header)
	switch {
	case len(encodings) == 0 && packed:
		return nil, entitlement.Errorf(entitlement.Invalid, "The body is compressed by gzip, and Content-Encoding does not say so.")
	case len(encodings) == 1 && encodings[0] == "gzip" && packed:
		return unpacked(content)
	// A body that begins like JSON is not packed, whatever an old header says.
	case len(encodings) == 0 || len(encodings) == 1 && encodings[0] == "gzip" || bytes.HasPrefix(bytes.TrimSpace(content), []byte("{")):
		return content, nil
	default:
		return nil, unsupportedMedia("Send the body as it is, or compressed by gzip.")
	}
}

// encodingsOf lists what the header says was done to the body, in order.
func encodingsOf(h http.Header) []string {
	var all []string
	for encoding := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		switch encoding = strings.ToLower(strings.TrimSpace(encoding)); encoding {
		case "", "identity":
		case "x-gzip": // its older name
			all = append(all, "gzip")
		default:
			all = append(all, encoding)
		}
	}
	return all
}

func unpacked(packed []byte) ([]byte, error) {
	stream, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, broken(err)
	}
	// What comes out is counted while it comes, so that a bomb never goes off.
	return bounded(stream)
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
