package lambdaio

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// recorder is the http.ResponseWriter whose answer goes back to the gateway in one piece.
type recorder struct {
	header http.Header // what the handler writes to
	sent   http.Header // what it was when the status was written
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

// Header returns the headers that are still to be sent.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader fixes the status and the headers; only the first call counts, as on
// the wire. Interim answers (1xx) cannot go through the gateway and are dropped.
func (r *recorder) WriteHeader(status int) {
	if r.status != 0 || status < 200 {
		return
	}
	r.status = status
	r.sent = r.header.Clone()
}

// Write adds to the body.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	return r.body.Write(p)
}

// response is the gateway's answer. The API declares every media type as binary,
// so a body is decoded when the answer says that it is base64, and text goes as it is.
func (r *recorder) response() events.APIGatewayProxyResponse {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	answer := events.APIGatewayProxyResponse{StatusCode: r.status, MultiValueHeaders: r.sent}

	if content := r.body.Bytes(); utf8.Valid(content) {
		answer.Body = string(content)
	} else {
		answer.Body, answer.IsBase64Encoded = base64.StdEncoding.EncodeToString(content), true
	}
	return answer
}
