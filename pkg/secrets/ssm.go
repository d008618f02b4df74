package secrets

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"leasehold/pkg/entitlement"
)

// SSM keeps the credentials of a connector as one SecureString parameter of Parameter
// Store, named path/id. Their numbers are the versions of that parameter, of which
// Parameter Store keeps the last hundred, and counts anew when it was deleted. It is safe
// for concurrent use.
type SSM struct {
	client *ssm.Client
	path   string
}

// NewSSM returns the credentials below the path.
func NewSSM(client *ssm.Client, path string) *SSM {
	return &SSM{client: client, path: strings.TrimRight(path, "/")}
}

// Put stores a credential of a connector for an address, beside earlier ones, and returns
// its number.
func (s *SSM) Put(ctx context.Context, id entitlement.ConnectorID, address, secret string) (int64, error) {
	id, err := check(id, secret)
	if err != nil {
		return 0, err
	}

	// Overwrite makes a new version beside the former ones, and its number is what the connector
	// will name.
	output, err := s.client.PutParameter(ctx, &ssm.PutParameterInput{
		Name:      s.name(id),
		Value:     aws.String(seal(address, secret)),
		Type:      types.ParameterTypeSecureString,
		Overwrite: aws.Bool(true),
	})

	if err != nil {
		return 0, translate("put credential", err)
	}
	return output.Version, nil
}

// Get returns the credential of a connector that has the number, to be sent to the address.
// NotFound: there is none, or it is for another address.
func (s *SSM) Get(ctx context.Context, id entitlement.ConnectorID, number int64, address string) (string, error) {
	const op = "get credential"
	id, err := entitlement.ParseID[entitlement.ConnectorID]("connector", string(id))
	if err != nil {
		return "", err
	}

	if number < 1 {
		return "", missing(op)
	}

	name := *s.name(id) + ":" + strconv.FormatInt(number, 10)
	output, err := s.client.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", translate(op, err)
	}

	if output.Parameter == nil {
		return "", missing(op)
	}

	return open(op, address, aws.ToString(output.Parameter.Value))
}

// Delete forgets all credentials of a connector; having none already is no error.
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
	_, none := errors.AsType[*types.ParameterNotFound](err)
	_, noVersion := errors.AsType[*types.ParameterVersionNotFound](err)
	if none || noVersion {
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
