package e2e

import (
	"strings"
	"testing"

	"leasehold/localstack/components"
	"leasehold/pkg/graph/graphtest"
)

// Every operation of Graph's reference is answered on the deployed stack with the status and
// the members that are documented.
func TestStory_EveryOperationOfTheReferenceIsServed(t *testing.T) {
	t.Parallel()
	who := map[string]string{graphtest.Administrator: components.Admin, graphtest.Member: components.Member, graphtest.Reviewer: components.Approver, "manager": components.Manager}
	people := map[string]string{}
	for name, as := range who {
		people[name] = call(t, as, "GET", "/v1.0/me", nil).want(200).get("id")
	}
	caller := func(as, method, path string, body any) (graphtest.Answer, error) {
		got := call(t, who[as], method, path, body)
		return graphtest.Answer{Status: got.status, Body: got.body, Text: got.text}, nil
	}
	filled, err := graphtest.New(caller, people, strings.ReplaceAll(strings.ToLower(unique("m")), " ", ""))
	if err != nil {
		t.Fatal(err)
	}

	passed, all := 0, graphtest.InOneFixture()
	for _, op := range all {
		wrong, err := filled.Try(op)
		switch {
		case err != nil:
			t.Fatal(err)
		case wrong != "":
			t.Error(wrong)
		default:
			passed++
		}
	}
	t.Logf("conformance on the deployed stack: %d of %d operations pass", passed, len(all))
}
