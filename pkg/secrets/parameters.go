package secrets

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// parameters calls Parameter Store. Three calls are all that is needed of it, signed by the
// SDK's signer: its client carries the whole of Systems Manager, 0.9 MiB in each function that
// has it (Y10).
type parameters struct {
	client      aws.HTTPClient
	signer      *v4.Signer
	credentials aws.CredentialsProvider
	region      string
	address     string
	tries       int
}

const (
	// maxParameter bounds what is read of an answer: a parameter has 8 KB at most.
	maxParameter = 64 << 10

	// parameterTries is how often a call is made that was throttled or not answered, and
	// parameterPause the most that lies between two of them.
	parameterTries = 3
	parameterPause = time.Second
)

func newParameters(cfg aws.Config) *parameters {
	address := "https://ssm." + cfg.Region + ".amazonaws.com"
	if endpoint := aws.ToString(cfg.BaseEndpoint); endpoint != "" {
		address = strings.TrimSuffix(endpoint, "/")
	}

	p := &parameters{client: cfg.HTTPClient, signer: v4.NewSigner(), credentials: cfg.Credentials, region: cfg.Region, address: address + "/",
		tries: cmp.Or(cfg.RetryMaxAttempts, parameterTries)}
	if p.client == nil {
		p.client = &http.Client{Timeout: 5 * time.Second}
	}
	return p
}

// refusal is what Parameter Store answered instead of doing something. Of its words the code
// alone is kept, since a message about a value may quote it.
type refusal struct {
	Status int
	Code   string // without the name of the service; "" where the answer was no JSON
}

func (r *refusal) Error() string { return fmt.Sprintf("ssm answered %d %.80s", r.Status, r.Code) }

// throttled reports that there were too many calls, or too many at the same parameter.
func (r *refusal) throttled() bool {
	_, known := retry.DefaultThrottleErrorCodes[r.Code]
	return known || r.Code == "TooManyUpdates" || r.Status == http.StatusTooManyRequests
}

// passing reports that the same call may be answered another time.
func (r *refusal) passing() bool { return r.throttled() || r.Status >= http.StatusInternalServerError }

// call makes a call, again where it was throttled or not answered, and fills in out, unless
// that is nil. Whoever is refused gets a *refusal.
func (p *parameters) call(ctx context.Context, action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}

	pause := retry.NewExponentialJitterBackoff(parameterPause)
	for try := 1; ; try++ {
		err := p.once(ctx, action, body, out)
		refused, is := err.(*refusal)
		if err == nil || is && !refused.passing() || try >= p.tries {
			return err
		}

		wait, _ := pause.BackoffDelay(try-1, err) // it knows no error
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// once makes a call one time.
func (p *parameters) once(ctx context.Context, action string, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonSSM."+action)

	credentials, err := p.credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if err := p.signer.SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "ssm", p.region, time.Now()); err != nil {
		return err
	}

	answer, err := p.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxParameter))
	if err != nil {
		return err
	}
	return understood(answer.StatusCode, said, out)
}

// understood reads an answer. An error quotes nothing of it but its code.
func understood(status int, said []byte, out any) error {
	if status < 300 {
		if out == nil {
			return nil
		}
		if json.Unmarshal(said, out) != nil {
			return &refusal{Status: http.StatusBadGateway}
		}
		return nil
	}

	var answer struct {
		Code string `json:"__type"`
	}
	_ = json.Unmarshal(said, &answer) // what is no JSON has no code

	// A code may begin with the name of the service, and a sign between them.
	code := strings.FieldsFunc(answer.Code, func(r rune) bool { return !unicode.IsLetter(r) && r != '.' })
	return &refusal{Status: status, Code: strings.Join(code[max(len(code)-1, 0):], "")}
}
