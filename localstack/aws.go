package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"leasehold/localstack/components"
	"leasehold/pkg/names"
)

// logs prints what a function has logged since it was deployed.
func logs(ctx context.Context, arguments []string) error {
	endpoints, function, err := functionOf(arguments)
	if err != nil {
		return err
	}
	query := map[string]any{"logGroupName": "/aws/lambda/" + function}
	// An empty page may be followed by others: only the token says which one is the last.
	for {
		var page struct {
			Events []struct {
				Timestamp int64
				Message   string
			} `json:"events"`
			NextToken string `json:"nextToken"`
		}

		body, err := json.Marshal(query)
		if err != nil {
			return err
		}

		answer, err := call(ctx, endpoints, "logs", "/", body, http.Header{
			"Content-Type": {"application/x-amz-json-1.1"},
			"X-Amz-Target": {"Logs_20140328.FilterLogEvents"},
		})
		if err != nil {
			return err
		}

		if err := json.Unmarshal(answer, &page); err != nil {
			return err
		}

		for _, event := range page.Events {
			fmt.Println(time.UnixMilli(event.Timestamp).Format("15:04:05.000"), strings.TrimSpace(event.Message))
		}

		if page.NextToken == "" {
			return nil
		}
		query["nextToken"] = page.NextToken
	}
}

// placeholder stands in the sample payloads where the caller's token belongs.
const placeholder = "put-a-token-here"

// invoke hands a function the sample payloads in events/<function> and prints its
// answers. Calls of the API are made by the account that follows the function's id.
func invoke(ctx context.Context, arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("say which function and as whom")
	}
	endpoints, function, err := functionOf(arguments[:1])
	if err != nil {
		return err
	}
	token, err := endpoints.Token(ctx, cmp.Or(arguments[1], components.Admin))
	if err != nil {
		return err
	}
	samples, err := filepath.Glob(filepath.Join("events", arguments[0], "*.json"))
	if err != nil {
		return err
	}
	if len(samples) == 0 {
		return fmt.Errorf("there is no payload in events/%s", arguments[0])
	}

	// Each sample is a payload of its own, with our token in place of the one in it.
	for _, sample := range samples {
		payload, err := os.ReadFile(sample)
		if err != nil {
			return err
		}
		payload = bytes.ReplaceAll(payload, []byte(placeholder), []byte(token))
		answer, err := call(ctx, endpoints, "lambda", "/2015-03-31/functions/"+function+"/invocations", payload, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", sample, err)
		}
		fmt.Printf("%s\n%s\n", sample, answer)
	}
	return nil
}

// functionOf is the deployed name of the function that the arguments give by its id.
func functionOf(arguments []string) (components.Endpoints, string, error) {
	endpoints, err := components.ReadEndpoints(dir)
	if err != nil {
		return endpoints, "", err
	}
	var known []string
	for _, f := range names.Functions {
		if len(arguments) == 1 && arguments[0] == f.ID {
			return endpoints, names.StackName + "-" + f.ID, nil
		}
		known = append(known, f.ID)
	}
	return endpoints, "", errors.New("say which function: " + strings.Join(known, ", "))
}

// call sends one signed request to the emulator.
func call(ctx context.Context, endpoints components.Endpoints, service, path string, body []byte, header http.Header) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoints.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for key, values := range header {
		request.Header[key] = values
	}
	// The emulator checks what AWS checks, so the request is signed for the same region.
	sum := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: components.AccessKey, SecretAccessKey: components.SecretKey}
	err = v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), service, components.Region, time.Now())
	if err != nil {
		return nil, err
	}

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(answer)))
	}
	return answer, nil
}
