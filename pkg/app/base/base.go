// Package base is what every function's wiring shares: the clients of AWS, built once a
// process from the function's configuration. It builds those alone that names says the
// function uses, since its role allows nothing else.
package base

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leasehold/pkg/clock"
	"leasehold/pkg/config"
	"leasehold/pkg/dynamo"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/objects"
	"leasehold/pkg/obs"
	"leasehold/pkg/queue"
	"leasehold/pkg/secrets"
)

// callTimeout bounds one try of a call to AWS. Those that follow it come on top: the SDK's,
// or the table's own (dynamo.Open).
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

// Clients makes the clients of one function. One that names does not grant is not made, and
// Err says so: wiring asks for what it needs, looks at Err once, and starts or does not.
type Clients struct {
	c       config.Config
	aws     aws.Config
	refused []error
}

// Open returns the clients of the configuration's function.
func Open(c config.Config) *Clients { return &Clients{c: c, aws: AWS(c.AWS)} }

// Err names everything that was asked for and that the function may not use.
func (k *Clients) Err() error { return errors.Join(k.refused...) }

// may notes a client that the function's role is of no use to.
func (k *Clients) may(granted bool, what string) {
	if !granted {
		k.refused = append(k.refused, fmt.Errorf("names does not let %s use %s", k.c.Function.ID, what))
	}
}

// Table returns the store.
func (k *Clients) Table() *dynamo.DB {
	k.may(k.c.Function.Uses.Table&names.Read != 0, "the table")
	return dynamo.Open(k.aws, k.c.Table, dynamo.Noticing(unreadable(obs.NewMetrics(nil, nil))))
}

// unreadable tells of each item of the table that this version of the service cannot read.
func unreadable(metrics *obs.Metrics) func(context.Context, error) {
	return func(ctx context.Context, err error) {
		obs.Logger(ctx).ErrorContext(ctx, "an item cannot be read and is left out", obs.Err(err))
		metrics.Emit(ctx, names.MetricUnreadable, obs.UnitCount, 1, nil)
	}
}

// Files returns the bucket of exports.
func (k *Clients) Files() *objects.S3 {
	k.may(k.c.Function.Uses.Files == names.Read|names.Write, "the files of exports")
	return objects.New(k.aws, k.c.Bucket)
}

// Sender returns the queue of the id, to send to.
func (k *Clients) Sender(id string) *queue.SQS {
	k.may(k.c.Function.Sends(id), "the queue "+id+" to send to")
	return k.queue(id)
}

// Drained returns the queues that the function drains, as its adapter needs them.
func (k *Clients) Drained() lambdaio.Queues {
	queues := lambdaio.Queues{}
	for _, id := range k.c.Function.Trigger.Queues {
		q := k.queue(id)
		queues[q.Name()] = q
	}
	return queues
}

// Secrets returns the credentials of connectors to be written.
func (k *Clients) Secrets() *secrets.SSM {
	k.may(k.c.Function.Uses.Secrets&names.Write != 0, "the credentials of connectors")
	return secrets.NewSSM(k.aws, k.c.SecretPath)
}

// Credentials returns the credentials of connectors to be read, and kept in the process.
func (k *Clients) Credentials() *secrets.Kept {
	k.may(k.c.Function.Uses.Secrets&names.Read != 0, "the credentials of connectors to read")
	return secrets.Keep(secrets.NewSSM(k.aws, k.c.SecretPath), clock.System{})
}

// Own returns the credentials of the function's own role, with which it assumes others and calls
// functions that are targets.
func (k *Clients) Own() aws.CredentialsProvider {
	k.may(k.c.Function.Uses.Assumes && k.c.Function.Uses.Invokes, "roles and functions of others")
	return k.aws.Credentials
}

// Home is where a function asks AWS who it is.
type Home struct{ Region, Endpoint string }

// Home returns it; the endpoint is that of an emulator, or "".
func (k *Clients) Home() Home {
	k.may(k.c.Function.Uses.Federates, "its own identity elsewhere")
	home := Home{Region: k.aws.Region}
	if k.c.Emulated {
		home.Endpoint = aws.ToString(k.aws.BaseEndpoint)
	}
	return home
}

// SignIn returns what proves to issuers that it is the pages.
func (k *Clients) SignIn() *secrets.SignIn {
	k.may(k.c.Function.Uses.SignsIn, "the secrets of sign-in")
	return secrets.NewSignIn(k.aws, k.c.SignInPath)
}

// Parked returns the counts of what lies in dead-letter queues.
func (k *Clients) Parked() *queue.Parked {
	k.may(k.c.Function.Uses.Parked, "dead-letter queues")
	return queue.NewParked(sqs.NewFromConfig(k.aws), k.c.Queues[names.DeliverUrgent])
}

func (k *Clients) queue(id string) *queue.SQS {
	return queue.New(sqs.NewFromConfig(k.aws), k.c.Queues[id])
}
