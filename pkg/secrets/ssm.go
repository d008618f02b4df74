package secrets

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"leasehold/pkg/entitlement"
)

// SSM keeps each credential as a SecureString parameter of Parameter Store, named
// path/id. It is safe for concurrent use.
type SSM struct {
	client *ssm.Client
	path   string
}

// NewSSM returns the credentials below the path.
func NewSSM(client *ssm.Client, path string) *SSM {
	return &SSM{client: client, path: strings.TrimRight(path, "/")}
}

// Put stores the credential of a connector, in place of an earlier one.
func (s *SSM) Put(ctx context.Context, id entitlement.ConnectorID, secret string) error {
	id, err := check(id, secret)
	if err != nil {
		return err
	}
	_, err = s.client.PutParameter(ctx, &ssm.PutParameterInput{
		Name:      s.name(id),
		Value:     &secret,
		Type:      types.ParameterTypeSecureString,
		Overwrite: aws.Bool(true),
	})
	return translate("put credential", err)
}

// Get returns the credential of a connector. NotFound: there is none.
func (s *SSM) Get(ctx context.Context, id entitlement.ConnectorID) (string, error) {
	const op = "get credential"
	id, err := entitlement.ParseID[entitlement.ConnectorID]("connector", string(id))
	if err != nil {
		return "", err
	}
	output, err := s.client.GetParameter(ctx, &ssm.GetParameterInput{Name: s.name(id), WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", translate(op, err)
	}
	if output.Parameter == nil || aws.ToString(output.Parameter.Value) == "" {
		return "", missing(op)
	}
	return *output.Parameter.Value, nil
}

// Delete forgets the credential of a connector; having none already is no error.
func (s *SSM) Delete(ctx context.Context, id entitlement.ConnectorID) error {
	id, err := entitlement.ParseID[entitlement.ConnectorID]("connector", string(id))
	if err != nil {
		return err
	}
	_, err = s.client.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: s.name(id)})
	if err = translate("delete credential", err); entitlement.KindOf(err) == entitlement.NotFound {
		return nil
	}
	return err
}

func (s *SSM) name(id entitlement.ConnectorID) *string { return aws.String(s.path + "/" + string(id)) }

// translate gives an SSM failure its kind. Of what SSM says only the code is kept, since
// a message about a value may quote it.
func translate(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*types.ParameterNotFound](err); ok {
		return missing(op)
	}

	kind, msg := entitlement.Unavailable, "Credentials cannot be read or written at the moment."
	throttled := retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code := fmt.Errorf("ssm answered %s", api.ErrorCode())
		switch {
		case throttled || api.ErrorCode() == "TooManyUpdates":
			kind = entitlement.Throttled
		case refused(err):
			kind, msg = entitlement.Internal, "" // ours to fix: no right to the parameter or its key
		}
		return entitlement.Wrap(kind, op, code, msg)
	}
	return entitlement.Wrap(kind, op, err, msg)
}

// refused reports an answer that blames the request.
func refused(err error) bool {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500
}
