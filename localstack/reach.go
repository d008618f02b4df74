package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/localstack/components"
	"leasehold/pkg/names"
)

// reached is the stack that a command works on.
type reached struct {
	region      string
	endpoint    *string // nil: that of AWS
	credentials aws.CredentialsProvider
	table       string // empty where the environment does not say
	where       string // for people
}

// reach returns how to reach AWS where the environment holds credentials, and else the
// stack of this checkout.
func reach() (reached, error) {
	at := reached{region: first("AWS_REGION", "AWS_DEFAULT_REGION"), table: os.Getenv(string(names.EnvTable))}
	key, secret, session := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	// Without credentials of one's own it is the stack here that is meant.
	if key == "" {
		endpoints, err := components.ReadEndpoints(dir)
		if err != nil {
			return reached{}, fmt.Errorf("the environment holds no credentials of AWS, and %w", err)
		}
		key, secret, session, endpoint = components.AccessKey, components.SecretKey, "", endpoints.Endpoint
		at.region, at.table = components.Region, endpoints.Table
	}
	if at.region == "" {
		return reached{}, errors.New("AWS_REGION is not set")
	}

	at.where = "on AWS in " + at.region
	if endpoint != "" {
		at.endpoint = &endpoint
		at.where = "at " + endpoint
	}
	at.credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: session}, nil
	})
	return at, nil
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
