// Package base is what every function's wiring shares: the clients of AWS, built once a
// process from the function's configuration.
package base

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leasehold/pkg/config"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/queue"
)

// callTimeout bounds one call to AWS; the SDK's retries come on top.
const callTimeout = 5 * time.Second

// AWS returns the SDK's configuration. It is put together by hand, since the SDK's own
// loader brings every way of finding credentials into the binary, and a function's lie
// in its environment.
func AWS(c config.AWS) aws.Config {
	cfg := aws.Config{
		Region:     c.Region,
		HTTPClient: awshttp.NewBuildableClient().WithTimeout(callTimeout).WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 32 }),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: string(c.SecretAccessKey), SessionToken: string(c.SessionToken), Source: "environment"}, nil
		}),
	}
	if c.Endpoint != "" {
		cfg.BaseEndpoint = aws.String(c.Endpoint)
	}
	return cfg
}

// Table returns the store.
func Table(c config.Config) *dynamo.DB {
	return dynamo.New(dynamodb.NewFromConfig(AWS(c.AWS)), c.Table)
}

// Urgent returns the queue of deliveries that people wait for.
func Urgent(c config.Config) *queue.SQS { return lane(c, c.UrgentQueueURL) }

// Bulk returns the queue of deliveries that edits of packages bring.
func Bulk(c config.Config) *queue.SQS { return lane(c, c.BulkQueueURL) }

// Fanout returns the queue of edits that have to reach their holders.
func Fanout(c config.Config) *queue.SQS { return lane(c, c.FanoutQueueURL) }

func lane(c config.Config, url string) *queue.SQS {
	return queue.New(sqs.NewFromConfig(AWS(c.AWS)), url)
}

// Lanes gives the adapter of a function the queues that the function drains.
func Lanes(queues ...*queue.SQS) lambdaio.Lanes {
	lanes := lambdaio.Lanes{}
	for _, q := range queues {
		lanes[q.Name()] = q
	}
	return lanes
}
