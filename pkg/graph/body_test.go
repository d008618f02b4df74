package graph

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
)

func pack(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.Bytes()
}

func deflate(text string) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.Bytes()
}

// sent is a body as it arrives, with what its headers say of it.
type sent struct {
	body     []byte
	kind     string
	encoding string
	want     int
}

const fine = `{"displayName":"Packed"}`

func sentBodies() map[string]sent {
	const kind = "application/json"
	return map[string]sent{
		"plain":                 {[]byte(fine), kind, "", 201},
		"with parameters":       {[]byte(fine), `application/json; odata.metadata=minimal; charset="UTF-8"`, "identity", 201},
		"no type":               {[]byte(fine), "", "", 415},
		"another type":          {[]byte(fine), "text/plain", "", 415},
		"another charset":       {[]byte(fine), "application/json;charset=utf-16", "", 415},
		"nothing":               {[]byte("  \n"), "", "", 400},
		"packed":                {pack(fine), kind, "GZIP", 201},
		"packed, an older name": {pack(fine), kind, "x-gzip", 201},
		"half of what's packed": {pack(fine)[:20], kind, "gzip", 400},
		"packed, then more":     {append(pack(fine), "{}"...), kind, "gzip", 400},
		"a bomb":                {pack(`{"displayName":"` + strings.Repeat("x", 1<<24) + `"}`), kind, "gzip", 413},
		"nothing, packed":       {pack(""), kind, "gzip", 400},
		"the mark alone":        {[]byte{0x1f, 0x8b}, kind, "gzip", 400},

		// As API Gateway hands it over, and as the official Go SDK tries again.
		"said to be packed":             {[]byte(fine), kind, "gzip", 201},
		"said to be packed, with space": {[]byte("\n " + fine), kind, "gzip", 201},
		"said to be packed twice":       {[]byte(fine), kind, "gzip, gzip", 201},
		"said to be in another form":    {[]byte(fine), kind, "br", 201},
		"said to be packed, nothing":    {nil, kind, "gzip", 400},
		"said to be packed, no JSON":    {[]byte("displayName"), kind, "gzip", 400},
		"said to be packed, text of it": {[]byte(base64.StdEncoding.EncodeToString(pack(fine))), kind, "gzip", 400},

		// What nobody said is not guessed.
		"packed, and not said":      {pack(fine), kind, "", 400},
		"packed, said to be plain":  {pack(fine), kind, "identity", 400},
		"packed, in another form":   {deflate(fine), kind, "br", 415},
		"packed twice":              {pack(string(pack(fine))), kind, "gzip, gzip", 415},
		"packed twice, said once":   {pack(string(pack(fine))), kind, "gzip", 400},
		"packed, said to be others": {pack(fine), kind, "br", 415},
	}
}

func (s sent) header() http.Header {
	header := http.Header{}
	if s.kind != "" {
		header.Set("Content-Type", s.kind)
	}
	if s.encoding != "" {
		header.Set("Content-Encoding", s.encoding)
	}
	return header
}

func TestBodies(t *testing.T) {
	w := newFixture(t)
	for name, tt := range sentBodies() {
		t.Run(name, func(t *testing.T) {
			got := w.send("admin", "POST", root+"/groups", tt.body, tt.header())
			if got.status != tt.want || got.status == 201 && got.get("displayName") != "Packed" {
				t.Errorf("got %d, want %d: %s", got.status, tt.want, got.text)
			}
		})
	}
}

// The same bodies as they come out of the gateway: in base64, or as they are where they are text.
func TestBodiesBehindTheGateway(t *testing.T) {
	w := newFixture(t)
	serve := lambdaio.HTTP(w.api[names.Catalogs])
	for name, tt := range sentBodies() {
		for _, binary := range []bool{true, false} {
			if !binary && bytes.HasPrefix(tt.body, []byte{0x1f}) || !binary && bytes.HasPrefix(tt.body, []byte{0x78}) {
				continue // no text
			}
			header := tt.header()
			header.Set("Authorization", "Bearer admin")
			event := events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: root + "/groups", MultiValueHeaders: header, Body: string(tt.body), IsBase64Encoded: binary}
			if binary {
				event.Body = base64.StdEncoding.EncodeToString(tt.body)
			}
			if got, err := serve(w.Context(), event); err != nil || got.StatusCode != tt.want {
				t.Errorf("%s, binary %v: got %d, %v, want %d: %s", name, binary, got.StatusCode, err, tt.want, got.Body)
			}
		}
	}
}

// FuzzReadBody: whatever the header says, a body without gzip's mark that begins as a JSON
// object is itself; and whatever comes, it is an answer within bounds and never a panic.
func FuzzReadBody(f *testing.F) {
	for _, tt := range sentBodies() {
		f.Add(tt.body[:min(len(tt.body), 1<<12)], tt.encoding)
	}
	f.Fuzz(func(t *testing.T, body []byte, encoding string) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header["Content-Encoding"] = []string{encoding}
		got, err := readBody(r)
		if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) && len(body) <= maxBody && (err != nil || !bytes.Equal(got, body)) {
			t.Errorf("%q under %q became %q, %v", body, encoding, got, err)
		}
		if len(got) > maxBody || err != nil && got != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if err == nil && !bytes.HasPrefix(body, gzipMark) && !bytes.Equal(got, body) {
			t.Errorf("%q under %q became %q", body, encoding, got)
		}
		if err == nil && bytes.HasPrefix(body, gzipMark) && !slices.Equal(encodingsOf(r.Header), []string{"gzip"}) {
			t.Errorf("%q was taken under %q", body, encoding)
		}
	})
}
