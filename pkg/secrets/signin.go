package secrets

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/entitlement"
)

// SignIn reads what proves to issuers that it is the pages that ask: one SecureString for each
// confidential client, named path/name, which whoever deploys writes.
type SignIn struct {
	store *parameters
	path  string
}

// NewSignIn returns the secrets below the path.
func NewSignIn(cfg aws.Config, path string) *SignIn {
	return &SignIn{store: newParameters(cfg), path: strings.TrimRight(path, "/")}
}

// Secret returns the secret of the name, as it is at this moment. Internal: it is not there, or
// the function has no right to it; Unavailable: another time.
func (s *SignIn) Secret(ctx context.Context, name string) (string, error) {
	const op = "read the secret of sign-in"
	var kept struct{ Parameter struct{ Value string } }
	err := s.store.call(ctx, "GetParameter", map[string]any{"Name": s.path + "/" + name, "WithDecryption": true}, &kept)

	refused, is := errors.AsType[*refusal](err)
	switch {
	case err == nil && strings.TrimSpace(kept.Parameter.Value) != "":
		return strings.TrimRight(kept.Parameter.Value, "\r\n"), nil
	case err == nil:
		return "", entitlement.Wrap(entitlement.Internal, op, fmt.Errorf("the parameter %s/%s is empty", s.path, name), "")
	case is && !refused.passing():
		return "", entitlement.Wrap(entitlement.Internal, op, fmt.Errorf("the parameter %s/%s cannot be read: %w", s.path, name, err), "")
	}
	return "", entitlement.Wrap(entitlement.Unavailable, op, err, "Nobody can sign in with this identity provider at the moment. Try again in a minute.")
}
