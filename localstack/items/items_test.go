package items

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
)

const ann = "b1664773-3588-4b59-9d3b-54391f086746"

// table is one with a user in it, and a reader of it that writes to the builder.
func table(t *testing.T) (*engine.Engine, Reader, *strings.Builder) {
	t.Helper()
	e := engine.New(engine.Options{Table: "table"})
	user := entitlement.User{ID: ann, Type: entitlement.Member, DisplayName: "Ann\x1b[31m", UserPrincipalName: "ann@example.com", Enabled: true,
		Identities: []entitlement.Principal{{Issuer: "https://id.example.com", Value: "ann"}}, Created: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	if err := dynamo.New(e, "table").Commit(t.Context(), entitlement.Change{Users: []entitlement.User{user}}); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	return e, Reader{Client: e, Table: "table", Out: &out}, &out
}

// put writes an item that the service did not write.
func put(t *testing.T, e *engine.Engine, pk, sk string) {
	t.Helper()
	_, err := e.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("table"), Item: map[string]types.AttributeValue{
		"pk": text(pk), "sk": text(sk), "t": text("USR"), "z": &types.AttributeValueMemberN{Value: "99"}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnItemIsShownInWords(t *testing.T) {
	_, reader, out := table(t)
	if err := reader.Show(t.Context(), "user/"+ann); err != nil {
		t.Fatal(err)
	}
	want := "SUB#" + ann + `  USR
  user, version 1, schema 2

  ID                 ` + ann + `
  Type               Member
  DisplayName        "Ann\x1b[31m"
  UserPrincipalName  ann@example.com
  Enabled            yes
  Identities
      -
          Issuer  https://id.example.com
          Value   ann
  Created            2026-05-01T12:00:00Z
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}

	out.Reset()
	if err := reader.Show(t.Context(), "SUB#"+ann, "USR"); err != nil || out.String() != want {
		t.Errorf("by its key: %v\n%s", err, out)
	}
}

func TestWhatCannotBeReadIsSaidBesideTheRest(t *testing.T) {
	e, reader, out := table(t)
	put(t, e, "SUB#"+ann, "ABSENCE")
	if err := reader.Show(t.Context(), "SUB#"+ann); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"ABSENCE\n", "schema 99", "ann@example.com"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is not in\n%s", part, out)
		}
	}
}

func TestALongPartitionIsCutAndSaidToBe(t *testing.T) {
	e, reader, out := table(t)
	for i := range shown + 1 {
		put(t, e, "GRP#g", fmt.Sprintf("M#%03d", i))
	}
	if err := reader.Show(t.Context(), "group/g"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "GRP#g  M#"); got != shown || !strings.Contains(out.String(), "There are more than 50") {
		t.Errorf("%d items are shown:\n%s", got, out)
	}
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	_, reader, _ := table(t)
	for want, named := range map[string][]string{
		"there is no item under SUB#bob":      {"user/bob"},
		"there is no item SUB#bob, USR":       {"SUB#bob", "USR"},
		`"person" is none of catalog`:         {"person/bob"},
		"say which item":                      {},
		"or a partition key, or that and a s": {"a", "b", "c"},
	} {
		if err := reader.Show(t.Context(), named...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", named, err, want)
		}
	}
}
