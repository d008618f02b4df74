package names

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTheEnvironmentFollowsFromWhatAFunctionUses(t *testing.T) {
	for name, tt := range map[string]struct {
		f    Function
		want []EnvKey
	}{
		"nothing":              {Function{}, nil},
		"one with files":       {Function{Uses: Uses{Files: Read}}, []EnvKey{EnvBucket}},
		"a worker":             {Function{Uses: Uses{Table: Read | Write, Send: []string{DeliverBulk}}, Trigger: Trigger{Queues: []string{FanoutJobs}}}, []EnvKey{EnvTable, EnvBulkQueue, EnvFanoutQueue}},
		"one with targets":     {Function{Uses: Uses{Secrets: Read}}, []EnvKey{EnvSecretPath, EnvInternal, EnvNetwork, EnvEmulated}},
		"one that signs in":    {Function{Uses: Uses{SignsIn: true}}, []EnvKey{EnvSignInPath}},
		"one behind the API":   {Function{Trigger: Trigger{API: true}}, []EnvKey{EnvIssuers, EnvPublicURL, EnvEmulated}},
		"one that binds":       {Function{Trigger: Trigger{API: true}, Uses: Uses{Writes: []Family{FamilyPrincipal}}}, []EnvKey{EnvIssuers, EnvFirstAdmin, EnvPublicURL, EnvEmulated}},
		"its own queue, twice": {Function{Uses: Uses{Send: []string{FanoutJobs}}, Trigger: Trigger{Queues: []string{FanoutJobs}}}, []EnvKey{EnvFanoutQueue}},
	} {
		if got := tt.f.Env(); !slices.Equal(got, tt.want) {
			t.Errorf("%s is given %v, want %v", name, got, tt.want)
		}
	}
}

func TestRightsFollowFromWhatAFunctionUses(t *testing.T) {
	worker := Function{ID: "worker", Uses: Uses{Table: Read | Search | Order | Write | Check, Writes: []Family{FamilyRequest, FamilyEvent, FamilyConfig}, Send: []string{DeliverBulk}, Secrets: Read | Delete, Files: Read | Write, SignsIn: true, Parked: true}, Trigger: Trigger{Queues: []string{FanoutJobs}}}
	var got []string
	for _, right := range worker.Rights() {
		by := ""
		if right.ByLambda {
			by = " by Lambda"
		}
		for _, family := range right.Leading {
			by += " " + family.Pattern()
		}
		got = append(got, fmt.Sprintf("%s %s%s: %s", right.Part, right.ID, by, strings.Join(right.Actions, " ")))
	}
	want := []string{
		"log  by Lambda: logs:CreateLogStream logs:PutLogEvents",
		"table : dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query",
		"index index1: dynamodb:Query",
		"index index2: dynamodb:Query",
		"table  REQ#* CFG: dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem",
		"table  EV#*: dynamodb:PutItem",
		"table : dynamodb:ConditionCheckItem",
		"secret : ssm:GetParameter",
		"secret : ssm:DeleteParameter",
		"client : ssm:GetParameter",
		"files : s3:GetObject",
		"files : s3:PutObject",
		"queue deliver-bulk: sqs:SendMessage",
		"queue deliver-urgent-dead: sqs:GetQueueAttributes",
		"queue deliver-bulk-dead: sqs:GetQueueAttributes",
		"queue fanout-dead: sqs:GetQueueAttributes",
		"queue expire-dead: sqs:GetQueueAttributes",
		"queue drift-dead: sqs:GetQueueAttributes",
		"queue deliver-urgent-vpc-dead: sqs:GetQueueAttributes",
		"queue deliver-bulk-vpc-dead: sqs:GetQueueAttributes",
		"queue drift-vpc-dead: sqs:GetQueueAttributes",
		"queue fanout: sqs:ChangeMessageVisibility",
		"queue fanout by Lambda: sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rights:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	sweep := Function{ID: "sweep", Trigger: Trigger{Schedule: SweepPeriod}}
	if rights := sweep.Rights(); len(rights) != 2 || !rights[1].ByLambda || rights[1].ID != "sweep-dead" {
		t.Errorf("a scheduled function is parked by Lambda in its dead letters: %v", rights)
	}
}

// Whoever takes over a function can write what that function writes, and change no event.
func TestS11_RolesPutEventsAndWriteNothingElseOfOthers(t *testing.T) {
	_, functions := Deployed(true)
	may := func(id, action, partition string) bool {
		f := functions[slices.IndexFunc(functions, func(f Function) bool { return f.ID == id })]
		return slices.ContainsFunc(f.Rights(), func(r Right) bool {
			return r.Part == PartTable && slices.Contains(r.Actions, "dynamodb:"+action) && r.Allows(partition)
		})
	}
	for _, f := range functions {
		for _, action := range []string{"UpdateItem", "DeleteItem"} {
			if may(f.ID, action, "EV#REQ#1") {
				t.Errorf("%s may %s an event", f.ID, action)
			}
		}
		if silent := f.Code() == Targets; may(f.ID, "PutItem", "EV#REQ#1") == silent {
			t.Errorf("%s: may put an event %t", f.ID, silent)
		}
		if may(f.ID, "PutItem", "OTHER#1") || may(f.ID, "PutItem", "REQUEST#1") {
			t.Errorf("%s may write what is in no family", f.ID)
		}
	}
	for _, partition := range []string{"GRP#1", "PRINC#1", "POL#1", "CON#1", "CAT#1", "NAME#UPN#a"} {
		for _, action := range writeTable {
			if may(Requests, strings.TrimPrefix(action, "dynamodb:"), partition) {
				t.Errorf("requests may %s in %s", action, partition)
			}
		}
	}
	if !may(Requests, "PutItem", "REQ#1") || !may(Requests, "UpdateItem", "SUB#1") || !may(Requests, "UpdateItem", "CFG") || !may(Requests, "ConditionCheckItem", "GRP#1") {
		t.Error("requests may not write what it writes")
	}
}
