package base

import (
	"testing"

	"leasehold/pkg/config"
	"leasehold/pkg/names"
)

// A function that was given a client which its role is of no use to would start, and fail
// at the first call, which for a message shows nowhere but in the log.
func TestClientsAreThoseThatNamesGrants(t *testing.T) {
	may := func(uses names.Uses) config.Config {
		return config.Config{Function: names.Function{ID: "worker", Uses: uses, Trigger: names.Trigger{Queues: []string{names.DeliverUrgent}}},
			Table: "table", SecretPath: "/path", Queues: map[string]string{names.DeliverUrgent: "https://sqs.example/1/urgent", names.DeliverBulk: "https://sqs.example/1/bulk"}}
	}
	all := names.Uses{Table: names.Read | names.Write, Send: []string{names.DeliverBulk}, Secrets: names.Read}
	for name, tt := range map[string]struct {
		uses names.Uses
		ask  func(*Clients)
		want string
	}{
		"all that is granted": {all, func(k *Clients) { k.Table(); k.Sender(names.DeliverBulk); k.Credentials(); k.Drained() }, ""},
		"no table":            {names.Uses{}, func(k *Clients) { k.Table() }, "names does not let worker use the table"},
		"a table to search":   {names.Uses{Table: names.Search}, func(k *Clients) { k.Table() }, "names does not let worker use the table"},
		"another queue":       {all, func(k *Clients) { k.Sender(names.FanoutJobs) }, "names does not let worker use the queue fanout to send to"},
		"its own queue":       {all, func(k *Clients) { k.Sender(names.DeliverUrgent) }, "names does not let worker use the queue deliver-urgent to send to"},
		"no credentials":      {names.Uses{}, func(k *Clients) { k.Credentials() }, "names does not let worker use the credentials of connectors to read"},
		"none to write":       {all, func(k *Clients) { k.Secrets() }, "names does not let worker use the credentials of connectors"},
	} {
		t.Run(name, func(t *testing.T) {
			clients := Open(may(tt.uses))
			tt.ask(clients)
			got := ""
			if err := clients.Err(); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("refused: %q, want %q", got, tt.want)
			}
		})
	}
	if queues := Open(may(all)).Drained(); len(queues) != 1 || queues["urgent"] == nil {
		t.Errorf("it drains %v", queues)
	}
}
