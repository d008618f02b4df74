package objects_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/dynamo/dynamotest"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/objects"
)

// bucket is what both have.
type bucket interface {
	Put(ctx context.Context, key string, content []byte, fresh bool) error
	Get(ctx context.Context, key string) ([]byte, error)
	Begin(ctx context.Context, key, media string) (string, error)
	Part(ctx context.Context, key, upload string, number int, content []byte) (string, error)
	Complete(ctx context.Context, key, upload string, tags []string) error
	Link(ctx context.Context, key, name string, valid time.Duration) (string, error)
}

func TestABucketInMemory(t *testing.T) { keeps(t, &objects.Memory{}) }

func TestABucketOfTheEmulator(t *testing.T) {
	emulator, err := dynamotest.Start()
	if errors.Is(err, dynamotest.ErrNone) {
		fmt.Fprintln(os.Stderr, err)
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(emulator.Stop)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, emulator.Endpoint+"/a-bucket", nil)
	if err != nil {
		t.Fatal(err)
	}
	made, err := http.DefaultClient.Do(r)
	if err != nil || made.StatusCode != http.StatusOK {
		t.Fatalf("no bucket: %v, %v", made, err)
	}
	made.Body.Close()

	b := objects.New(aws.Config{Region: "us-east-1", BaseEndpoint: &emulator.Endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})}, "a-bucket")
	keeps(t, b)

	link, err := b.Link(t.Context(), "big.csv", "assignments.csv", 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.Get(link) // as anybody would, without a token
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK || len(text) != 5<<20+4 {
		t.Errorf("the link gives %d and %d bytes, %v: %.300s", got.StatusCode, len(text), err, text)
	}
	parsed, _ := url.Parse(link)
	if q := parsed.Query(); q.Get("X-Amz-Expires") != "300" || !strings.Contains(q.Get("response-content-disposition"), "assignments.csv") {
		t.Errorf("the link is %s", link)
	}
}

func keeps(t *testing.T, b bucket) {
	ctx := t.Context()
	kind := func(want entitlement.Kind, err error) {
		t.Helper()
		if err == nil || entitlement.KindOf(err) != want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	is := func(key, want string) {
		t.Helper()
		if got, err := b.Get(ctx, key); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v, want %q", key, got, err, want)
		}
	}

	_, err := b.Get(ctx, "none.json")
	kind(entitlement.NotFound, err)
	if err := b.Put(ctx, "a.json", []byte("one"), true); err != nil {
		t.Fatal(err)
	}
	kind(entitlement.Conflict, b.Put(ctx, "a.json", []byte("two"), true))
	is("a.json", "one")
	if err := b.Put(ctx, "a.json", []byte("three"), false); err != nil {
		t.Fatal(err)
	}
	is("a.json", "three")

	upload, err := b.Begin(ctx, "big.csv", "text/csv")
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("x"), 5<<20)
	if _, err := b.Part(ctx, "big.csv", upload, 1, []byte("thrown away")); err != nil {
		t.Fatal(err)
	}
	first, err := b.Part(ctx, "big.csv", upload, 1, large)
	if err != nil {
		t.Fatal(err)
	}
	last, err := b.Part(ctx, "big.csv", upload, 2, []byte("last"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Get(ctx, "big.csv")
	kind(entitlement.NotFound, err)
	if err := b.Complete(ctx, "big.csv", upload, []string{first, last}); err != nil {
		t.Fatal(err)
	}
	_, err = b.Part(ctx, "big.csv", upload, 3, nil)
	kind(entitlement.NotFound, err)
}
