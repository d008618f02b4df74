package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leasehold/localstack/deadletters"
)

// dlq shows the dead letters of every queue, gives those of one queue back to it, or
// drops them.
func dlq(ctx context.Context, arguments []string) error {
	client, where, err := sqsClient()
	if err != nil {
		return err
	}
	console := deadletters.Console{Client: client, Out: os.Stdout}
	// Said first: to discard on AWS what was meant for the machine cannot be taken back.
	fmt.Println("Dead letters " + where + ":")

	switch {
	case len(arguments) == 0:
		return console.Show(ctx)
	case len(arguments) == 2 && arguments[0] == "redrive":
		return console.Redrive(ctx, arguments[1])
	case len(arguments) == 2 && arguments[0] == "discard":
		return console.Discard(ctx, arguments[1])
	}
	return errors.New("say nothing to see all dead letters, or one of: redrive <queue>, discard <queue>")
}

// sqsClient returns a client of AWS where the environment holds credentials, and else of
// the stack of this checkout.
func sqsClient() (client *sqs.Client, where string, err error) {
	at, err := reach()
	if err != nil {
		return nil, "", err
	}
	return sqs.New(sqs.Options{Region: at.region, BaseEndpoint: at.endpoint, Credentials: at.credentials}), at.where, nil
}
