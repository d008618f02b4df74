package secrets

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/dynamo/dynamotest"
)

// A second implementation of what Parameter Store does with versions: the emulator's.
func TestCredentialsAreKeptByConnectorOnTheEmulator(t *testing.T) {
	if os.Getenv(dynamotest.EnvEndpoint) != "" {
		t.Skip("the emulator that runs already may know no Parameter Store")
	}
	emulator, err := dynamotest.Start()
	if errors.Is(err, dynamotest.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(emulator.Stop)
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &emulator.Endpoint, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
	})}
	for i, c := range behaviour {
		t.Run(c.name, func(t *testing.T) { c.run(t, NewSSM(cfg, "/leasehold/"+strconv.Itoa(i))) })
	}
}
