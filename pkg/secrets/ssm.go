package secrets

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/entitlement"
)

// SSM keeps the credentials of a connector as one SecureString parameter of Parameter
// Store, named path/id. Their numbers are the versions of that parameter, of which
// Parameter Store keeps the last hundred, and counts anew when it was deleted. It is safe
// for concurrent use.
type SSM struct {
	store *parameters
	path  string
}

// NewSSM returns the credentials below the path.
func NewSSM(cfg aws.Config, path string) *SSM {
	return &SSM{store: newParameters(cfg), path: strings.TrimRight(path, "/")}
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
	var made struct{ Version int64 }
	err = s.store.call(ctx, "PutParameter", map[string]any{"Name": s.name(id), "Value": seal(address, secret), "Type": "SecureString", "Overwrite": true}, &made)
	if err != nil {
		return 0, translate("put credential", err)
	}
	return made.Version, nil
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

	var kept struct{ Parameter *struct{ Value string } }
	name := s.name(id) + ":" + strconv.FormatInt(number, 10)
	if err := s.store.call(ctx, "GetParameter", map[string]any{"Name": name, "WithDecryption": true}, &kept); err != nil {
		return "", translate(op, err)
	}

	if kept.Parameter == nil {
		return "", missing(op)
	}

	return open(op, address, kept.Parameter.Value)
}

// Delete forgets all credentials of a connector; having none already is no error.
func (s *SSM) Delete(ctx context.Context, id entitlement.ConnectorID) error {
	id, err := entitlement.ParseID[entitlement.ConnectorID]("connector", string(id))
	if err != nil {
		return err
	}
	err = s.store.call(ctx, "DeleteParameter", map[string]any{"Name": s.name(id)}, nil)
	if err = translate("delete credential", err); entitlement.KindOf(err) == entitlement.NotFound {
		return nil
	}
	return err
}

func (s *SSM) name(id entitlement.ConnectorID) string { return s.path + "/" + string(id) }

// translate gives a failure of Parameter Store its kind.
func translate(op string, err error) error {
	if err == nil {
		return nil
	}

	const msg = "Credentials cannot be read or written at the moment."
	refused, is := errors.AsType[*refusal](err)
	switch {
	case !is || refused.passing() && !refused.throttled():
		return entitlement.Wrap(entitlement.Unavailable, op, err, msg)
	case refused.Code == "ParameterNotFound" || refused.Code == "ParameterVersionNotFound":
		return missing(op)
	case refused.throttled():
		return entitlement.Wrap(entitlement.Throttled, op, err, msg)
	default:
		return entitlement.Wrap(entitlement.Internal, op, err, "") // ours to fix: no right to the parameter or its key
	}
}
