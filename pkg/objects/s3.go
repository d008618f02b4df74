// Package objects keeps files in one private bucket of S3, in parts and under links that end.
// It is a handful of signed calls: the SDK's whole client would make each function larger than
// a function may be (Y10).
package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"leasehold/pkg/entitlement"
)

// callTimeout bounds one call, of a part of some megabytes at most.
const callTimeout = 20 * time.Second

// maxAnswer bounds what is read of an answer: files are not read back.
const maxAnswer = 1 << 20

// unsigned is S3's word for content that a signature does not cover.
const unsigned = "UNSIGNED-PAYLOAD"

// S3 is one bucket. It is safe for concurrent use.
type S3 struct {
	client      *http.Client
	signer      *v4.Signer
	credentials aws.CredentialsProvider
	region      string
	base        string // address of the bucket
}

// New returns the bucket of the name. On an emulator it is a path of its address.
func New(cfg aws.Config, bucket string) *S3 {
	base := "https://" + bucket + ".s3." + cfg.Region + ".amazonaws.com"
	if endpoint := aws.ToString(cfg.BaseEndpoint); endpoint != "" {
		base = strings.TrimSuffix(endpoint, "/") + "/" + bucket
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // as S3 alone has it
	return &S3{client: &http.Client{Timeout: callTimeout}, signer: signer, credentials: cfg.Credentials, region: cfg.Region, base: base}
}

// Put writes a small file. With fresh it is a Conflict where there is one already.
func (s *S3) Put(ctx context.Context, key string, content []byte, fresh bool) error {
	header := http.Header{}
	if fresh {
		header.Set("If-None-Match", "*")
	}
	_, _, err := s.call(ctx, "put file", http.MethodPut, key, nil, header, content)
	return err
}

// Get reads a small file. NotFound: there is none.
func (s *S3) Get(ctx context.Context, key string) ([]byte, error) {
	content, _, err := s.call(ctx, "get file", http.MethodGet, key, nil, nil, nil)
	return content, err
}

// Begin begins a file that comes in parts. Until it is complete there is no such file; one that
// never is, is forgotten by the bucket.
func (s *S3) Begin(ctx context.Context, key, media string) (upload string, err error) {
	answer, _, err := s.call(ctx, "begin file", http.MethodPost, key, url.Values{"uploads": {""}}, http.Header{"Content-Type": {media}}, nil)
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(answer), "<UploadId>")
	upload, _, found := strings.Cut(rest, "</UploadId>")
	if !found || upload == "" {
		return "", entitlement.Wrap(entitlement.Internal, "begin file", fmt.Errorf("the answer names no upload"), "")
	}
	return html.UnescapeString(upload), nil
}

// Part writes a part of a file, of 5 MiB at least unless it is the last one. Written again it
// takes the place of the first. NotFound: the upload is over.
func (s *S3) Part(ctx context.Context, key, upload string, number int, content []byte) (tag string, err error) {
	_, header, err := s.call(ctx, "put part", http.MethodPut, key, url.Values{"partNumber": {strconv.Itoa(number)}, "uploadId": {upload}}, nil, content)
	return header.Get("ETag"), err
}

// Complete makes a file of its parts, by their tags in order. A part that was written again
// meanwhile has another tag, and is refused.
func (s *S3) Complete(ctx context.Context, key, upload string, tags []string) error {
	var body strings.Builder
	body.WriteString("<CompleteMultipartUpload>")
	for i, tag := range tags {
		fmt.Fprintf(&body, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, html.EscapeString(tag))
	}
	body.WriteString("</CompleteMultipartUpload>")

	answer, _, err := s.call(ctx, "complete file", http.MethodPost, key, url.Values{"uploadId": {upload}}, nil, []byte(body.String()))
	// S3 begins to answer before it knows how it ends.
	if err == nil && bytes.Contains(answer, []byte("<Error>")) {
		return entitlement.Wrap(entitlement.Unavailable, "complete file", fmt.Errorf("refused after the answer began"), "")
	}
	return err
}

// Link returns an address at which anybody may read a file for so long, under a name to keep it by.
func (s *S3) Link(ctx context.Context, key, name string, valid time.Duration) (string, error) {
	query := url.Values{"X-Amz-Expires": {strconv.Itoa(int(valid.Seconds()))}, "response-content-disposition": {`attachment; filename="` + name + `"`}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/"+key+"?"+query.Encode(), nil)
	if err != nil {
		return "", err
	}
	credentials, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	link, _, err := s.signer.PresignHTTP(ctx, credentials, r, unsigned, "s3", s.region, time.Now())
	return link, err
}

// call makes one signed call, and returns the answer.
func (s *S3) call(ctx context.Context, op, method, key string, query url.Values, header http.Header, content []byte) ([]byte, http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.base+"/"+key+"?"+query.Encode(), bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	credentials, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return nil, nil, err
	}
	digest := sha256.Sum256(content)
	sum := hex.EncodeToString(digest[:])
	r.Header.Set("X-Amz-Content-Sha256", sum)
	if err := s.signer.SignHTTP(ctx, credentials, r, sum, "s3", s.region, time.Now()); err != nil {
		return nil, nil, err
	}

	answer, err := s.client.Do(r)
	if err != nil {
		return nil, nil, entitlement.Wrap(entitlement.Unavailable, op, err, "")
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, nil, entitlement.Wrap(entitlement.Unavailable, op, err, "")
	}
	return said, answer.Header, refusal(op, answer.StatusCode)
}

// refusal says what a status means. A role that may not list a bucket is told that it may not
// see what is not there.
func refusal(op string, status int) error {
	cause := fmt.Errorf("S3 answers %d", status)
	switch {
	case status < 300:
		return nil
	case status == http.StatusNotFound, status == http.StatusForbidden && op == "get file":
		return entitlement.Wrap(entitlement.NotFound, op, cause, "There is no such file.")
	case status == http.StatusPreconditionFailed, status == http.StatusConflict:
		return entitlement.Wrap(entitlement.Conflict, op, cause, "There is such a file already.")
	case status >= 500:
		return entitlement.Wrap(entitlement.Unavailable, op, cause, "")
	default:
		return entitlement.Wrap(entitlement.Internal, op, cause, "")
	}
}
