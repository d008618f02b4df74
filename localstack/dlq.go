package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leasehold/localstack/deadletters"
	"leasehold/localstack/parts"
)

// dlq shows the dead letters of every queue, gives those of one queue back to it, or
// drops them.
func dlq(ctx context.Context, arguments []string) error {
	client, where, err := sqsClient()
	if err != nil {
		return err
	}
	desk := deadletters.Desk{Client: client, Out: os.Stdout}
	fmt.Println("Dead letters " + where + ":")

	switch {
	case len(arguments) == 0:
		return desk.Show(ctx)
	case len(arguments) == 2 && arguments[0] == "redrive":
		return desk.Redrive(ctx, arguments[1])
	case len(arguments) == 2 && arguments[0] == "discard":
		return desk.Discard(ctx, arguments[1])
	}
	return errors.New("say nothing to see all dead letters, or one of: redrive <queue>, discard <queue>")
}

// sqsClient returns a client of AWS where the environment holds credentials, and else of
// the stack of this checkout.
func sqsClient() (client *sqs.Client, where string, err error) {
	options := sqs.Options{Region: first("AWS_REGION", "AWS_DEFAULT_REGION")}
	key, secret, session := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	if key == "" {
		facts, err := parts.ReadFacts(dir)
		if err != nil {
			return nil, "", fmt.Errorf("the environment holds no credentials of AWS, and %w", err)
		}
		key, secret, session, endpoint, options.Region = parts.AccessKey, parts.SecretKey, "", facts.Endpoint, parts.Region
	}
	if options.Region == "" {
		return nil, "", errors.New("AWS_REGION is not set")
	}

	where = "on AWS in " + options.Region
	if endpoint != "" {
		options.BaseEndpoint = &endpoint
		where = "at " + endpoint
	}
	options.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: session}, nil
	})
	return sqs.New(options), where, nil
}

// first returns the first of the environment's variables that is set.
func first(keys ...string) string {
	for _, key := range keys {
		if value := os.Getenv(key); value != "" {
			return value
		}
	}
	return ""
}
