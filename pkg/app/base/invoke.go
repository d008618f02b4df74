package base

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"leasehold/pkg/names"
)

// invokeTimeout bounds one call of another function, which is bounded by the gateway's own.
const invokeTimeout = 27 * time.Second

// Function returns what invokes another function and waits for its answer. It is one signed
// call of Lambda's API, for which the SDK's whole client would make each function larger;
// it is never tried twice, since what is handed on may have had its effect.
func (k *Clients) Function(id string) func(ctx context.Context, payload []byte) ([]byte, error) {
	k.may(slices.Contains(k.c.Function.Uses.Calls, id), "the function "+id)
	endpoint := k.c.AWS.Endpoint
	if endpoint == "" {
		endpoint = "https://lambda." + k.c.AWS.Region + ".amazonaws.com"
	}

	client, signer := &http.Client{Timeout: invokeTimeout}, v4.NewSigner()
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/2015-03-31/functions/"+names.FunctionName(id)+"/invocations", bytes.NewReader(payload))
		if err != nil {
			return nil, err
		}

		// Asked for at each call: those of a role end, and the provider keeps them until then.
		credentials, err := k.aws.Credentials.Retrieve(ctx)
		if err != nil {
			return nil, err
		}

		digest := sha256.Sum256(payload)
		if err := signer.SignHTTP(ctx, credentials, r, hex.EncodeToString(digest[:]), "lambda", k.c.AWS.Region, time.Now()); err != nil {
			return nil, err
		}

		answer, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		said, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}

		// A function that failed is answered with 200 all the same, and with this header.
		if failed := answer.Header.Get("X-Amz-Function-Error"); answer.StatusCode != http.StatusOK || failed != "" {
			return nil, fmt.Errorf("the function %s was not served: status %d %s", id, answer.StatusCode, failed)
		}
		return said, nil
	}
}

// Targets returns what invokes the functions that answer questions about targets: by the internet,
// and in the VPC, nil where the deployment has none.
func (k *Clients) Targets() (internet, vpc func(ctx context.Context, payload []byte) ([]byte, error)) {
	internet = k.Function(names.Targets)
	if k.c.Network != "" {
		vpc = k.Function(names.TargetsVPC)
	}
	return internet, vpc
}
