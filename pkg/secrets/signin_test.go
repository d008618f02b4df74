package secrets

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/entitlement"
)

func TestTheSecretOfSignInIsReadByItsNameAndNeverToldInAnError(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		answer string
		want   string
		kind   entitlement.Kind
	}{
		"there":             {200, `{"Parameter":{"Value":"hush"}}`, "hush", 0},
		"with its newline":  {200, `{"Parameter":{"Value":"hush\n"}}`, "hush", 0},
		"empty":             {200, `{"Parameter":{"Value":" "}}`, "", entitlement.Internal},
		"not there":         {400, `{"__type":"ParameterNotFound","message":"hush"}`, "", entitlement.Internal},
		"no right":          {400, `{"__type":"com.amazonaws.ssm#AccessDeniedException","message":"hush"}`, "", entitlement.Internal},
		"too many":          {400, `{"__type":"ThrottlingException","message":"hush"}`, "", entitlement.Unavailable},
		"down":              {503, `hush`, "", entitlement.Unavailable},
		"down, and says so": {500, `{"__type":"InternalServerError","message":"hush"}`, "", entitlement.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameter" || string(body) != `{"Name":"/leasehold/sign-in/provider","WithDecryption":true}` ||
					!strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/ssm/aws4_request") {
					t.Errorf("asked %v %s", r.Header, body)
				}
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.answer)
			}))
			defer server.Close()
			s := NewSignIn(aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
			})}, "/leasehold/sign-in/")

			got, err := s.Secret(t.Context(), "provider")
			if got != tt.want || (err == nil) != (tt.want != "") || err != nil && entitlement.KindOf(err) != tt.kind {
				t.Errorf("%q, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("the error tells what was answered: %v", err)
			}
		})
	}
}
