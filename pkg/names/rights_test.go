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
		"a worker":             {Function{Uses: Uses{Table: Read | Write, Send: []string{DeliverBulk}}, Trigger: Trigger{Queues: []string{FanoutJobs}}}, []EnvKey{EnvTable, EnvBulkQueue, EnvFanoutQueue}},
		"one with targets":     {Function{Uses: Uses{Secrets: Read}}, []EnvKey{EnvSecretPath, EnvEmulated}},
		"one behind the door":  {Function{Trigger: Trigger{API: true}}, []EnvKey{EnvIssuers, EnvFirstAdmin, EnvPublicURL, EnvEmulated}},
		"its own queue, twice": {Function{Uses: Uses{Send: []string{FanoutJobs}}, Trigger: Trigger{Queues: []string{FanoutJobs}}}, []EnvKey{EnvFanoutQueue}},
	} {
		if got := tt.f.Env(); !slices.Equal(got, tt.want) {
			t.Errorf("%s is given %v, want %v", name, got, tt.want)
		}
	}
}

func TestRightsFollowFromWhatAFunctionUses(t *testing.T) {
	worker := Function{ID: "worker", Uses: Uses{Table: Read | Search, Send: []string{DeliverBulk}, Secrets: Read | Delete}, Trigger: Trigger{Queues: []string{FanoutJobs}}}
	var got []string
	for _, right := range worker.Rights() {
		by := ""
		if right.ByLambda {
			by = " by Lambda"
		}
		got = append(got, fmt.Sprintf("%s %s%s: %s", right.Part, right.ID, by, strings.Join(right.Actions, " ")))
	}
	want := []string{
		"log  by Lambda: logs:CreateLogStream logs:PutLogEvents",
		"table : dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query",
		"index index1: dynamodb:Query",
		"index index2: dynamodb:Query",
		"secret : ssm:GetParameter",
		"secret : ssm:DeleteParameter",
		"queue deliver-bulk: sqs:SendMessage",
		"queue fanout: sqs:ChangeMessageVisibility",
		"queue fanout by Lambda: sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rights:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	tick := Function{ID: "tick", Trigger: Trigger{Schedule: TickPeriod}}
	if rights := tick.Rights(); len(rights) != 2 || !rights[1].ByLambda || rights[1].ID != "tick-dead" {
		t.Errorf("a scheduled function is parked by Lambda in its dead letters: %v", rights)
	}
}
