package secrets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"leasehold/pkg/entitlement"
)

// SignIn reads what proves to issuers that it is the pages that ask: one SecureString for each
// confidential client, named path/name, which whoever deploys writes. It is one signed call: the
// SDK's client would make the function of the pages larger than a function may be (Y10).
type SignIn struct {
	client      *http.Client
	signer      *v4.Signer
	credentials aws.CredentialsProvider
	region      string
	address     string
	path        string
}

// maxParameter bounds what is read of an answer: a parameter has 8 KB at most.
const maxParameter = 64 << 10

// NewSignIn returns the secrets below the path.
func NewSignIn(cfg aws.Config, path string) *SignIn {
	address := "https://ssm." + cfg.Region + ".amazonaws.com"
	if endpoint := aws.ToString(cfg.BaseEndpoint); endpoint != "" {
		address = strings.TrimSuffix(endpoint, "/")
	}
	return &SignIn{client: &http.Client{Timeout: 5 * time.Second}, signer: v4.NewSigner(), credentials: cfg.Credentials,
		region: cfg.Region, address: address + "/", path: strings.TrimRight(path, "/")}
}

// Secret returns the secret of the name, as it is at this moment.
func (s *SignIn) Secret(ctx context.Context, name string) (string, error) {
	const op = "read the secret of sign-in"
	body, _ := json.Marshal(map[string]any{"Name": s.path + "/" + name, "WithDecryption": true}) // text: cannot fail
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")

	credentials, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(body)
	if err := s.signer.SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "ssm", s.region, time.Now()); err != nil {
		return "", err
	}

	answer, err := s.client.Do(r)
	if err != nil {
		return "", entitlement.Wrap(entitlement.Unavailable, op, err, unread)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxParameter))
	if err != nil {
		return "", entitlement.Wrap(entitlement.Unavailable, op, err, unread)
	}
	return valueOf(op, s.path+"/"+name, answer.StatusCode, said)
}

const unread = "Nobody can sign in with this identity provider at the moment. Try again in a minute."

// valueOf reads the answer of Parameter Store. An answer may quote the value, so that of a
// refusal its code alone is kept.
func valueOf(op, name string, status int, said []byte) (string, error) {
	var answer struct {
		Parameter struct{ Value string }
		Code      string `json:"__type"`
	}
	if err := json.Unmarshal(said, &answer); err != nil {
		return "", entitlement.Wrap(entitlement.Unavailable, op, fmt.Errorf("ssm answered %d and no JSON", status), unread)
	}

	switch { // the code may begin with the name of the service
	case status < 300 && strings.TrimSpace(answer.Parameter.Value) != "":
		return strings.TrimRight(answer.Parameter.Value, "\r\n"), nil
	case status < 300:
		return "", entitlement.Wrap(entitlement.Internal, op, fmt.Errorf("the parameter %s is empty", name), "")
	case status >= 500 || strings.HasSuffix(answer.Code, "ThrottlingException"):
		return "", entitlement.Wrap(entitlement.Unavailable, op, fmt.Errorf("ssm answered %d %.80q", status, answer.Code), unread)
	}
	return "", entitlement.Wrap(entitlement.Internal, op, fmt.Errorf("the parameter %s cannot be read: ssm answered %.80q", name, answer.Code), "")
}
