package catalogs_test

import (
	"context"
	"fmt"
	"testing"

	"leasehold/pkg/catalogs"
	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/secrets"
)

// actor is one caller who crosses others: it waits before each of its calls to a store
// until it is its turn, and says when it has no more.
type actor struct {
	turn, ready chan bool
	run         func(a *actor)
}

// step waits for the actor's turn.
func (a *actor) step() {
	a.ready <- true
	<-a.turn
}

// actorStore and actorSecrets are the stores as one actor calls them.
type actorStore struct {
	catalogs.Store
	a *actor
}

func (s actorStore) Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	s.a.step()
	return s.Store.Connector(ctx, id)
}

func (s actorStore) Commit(ctx context.Context, c entitlement.Change) error {
	s.a.step()
	return s.Store.Commit(ctx, c)
}

type actorSecrets struct {
	*secrets.Memory
	a *actor
}

func (s actorSecrets) Put(ctx context.Context, id entitlement.ConnectorID, address, secret string) (int64, error) {
	s.a.step()
	return s.Memory.Put(ctx, id, address, secret)
}

func (s actorSecrets) Delete(ctx context.Context, id entitlement.ConnectorID) error {
	s.a.step()
	return s.Memory.Delete(ctx, id)
}

func (s actorSecrets) Get(ctx context.Context, id entitlement.ConnectorID, number int64, address string) (string, error) {
	s.a.step()
	return s.Memory.Get(ctx, id, number, address)
}

// crossing is one connector, and what was sent to it.
type crossing struct {
	*fixture
	vault  *secrets.Memory
	id     entitlement.ConnectorID
	pairs  map[string]string // what was sent: credential by address
	errs   map[string]error  // what the actors were answered
	opened []string          // pairs that were opened
}

func newCrossing(t *testing.T) *crossing {
	t.Helper()
	x := &crossing{fixture: newFixture(t), vault: &secrets.Memory{}, pairs: map[string]string{}, errs: map[string]error{}}
	x.Secrets = x.vault
	x.pairs["https://old.example"] = "of old"
	c := must[entitlement.ConnectorConfig](t)(x.RegisterConnector(t.Context(), by, entitlement.ConnectorConfig{DisplayName: "CRM", Kind: "scim", URL: "https://old.example", CorrelationKeys: []string{"userName"}}, "of old"))
	x.id = c.ID
	return x
}

// as is the service as one actor calls it.
func (x *crossing) as(a *actor) *catalogs.Service {
	s := *x.Service
	s.Store, s.Secrets = actorStore{x.store, a}, actorSecrets{x.vault, a}
	return &s
}

// moves changes address and credential.
func (x *crossing) moves(name string) func(*actor) {
	url, credential := "https://"+name+".example", "of "+name
	x.pairs[url] = credential
	return func(a *actor) {
		_, x.errs[name] = x.as(a).UpdateConnector(context.Background(), by, x.id, credential, func(c *entitlement.ConnectorConfig) { c.URL = url })
	}
}

// renames changes neither.
func (x *crossing) renames(a *actor) {
	_, x.errs["renames"] = x.as(a).UpdateConnector(context.Background(), by, x.id, "", func(c *entitlement.ConnectorConfig) { c.DisplayName = "CRM 2" })
}

func (x *crossing) deletes(a *actor) {
	x.errs["deletes"] = x.as(a).DeleteConnector(context.Background(), by, x.id)
}

// opens opens the connector, as a worker does.
func (x *crossing) opens(a *actor) { x.open(actorStore{x.store, a}, actorSecrets{x.vault, a}) }

func (x *crossing) open(configs connector.Configs, vault connector.Secrets) {
	factory := func(cfg entitlement.ConnectorConfig, credential string) (connector.Connector, error) {
		x.opened = append(x.opened, cfg.URL)
		if x.pairs[cfg.URL] != credential {
			x.t.Errorf("S20: %s is opened with the credential %s", cfg.URL, credential)
		}
		return nil, nil
	}
	_, err := connector.NewRegistry(configs, vault, nil, map[string]connector.Factory{"scim": factory}).Open(context.Background(), x.id)
	if kind := entitlement.KindOf(err); err != nil && kind != entitlement.NotFound && kind != entitlement.Forbidden {
		x.t.Errorf("opened: %v", err)
	}
}

// cross lets the actors take their steps in one order: whose turn it is, by number. It
// opens the connector after every step, since each may be the last before a crash, and
// returns how many could have gone at each.
func (x *crossing) cross(order []int, actors ...func(*actor)) (choices []int) {
	all := make([]*actor, len(actors))
	for i, run := range actors {
		a := &actor{make(chan bool), make(chan bool), run}
		all[i] = a
		go func() {
			a.run(a)
			a.ready <- false
		}()
		if !<-a.ready {
			x.t.Fatal("an actor without a step")
		}
	}
	for n := 0; len(all) > 0; n++ {
		choices = append(choices, len(all))
		next := 0
		if n < len(order) {
			next = order[n]
		}
		all[next].turn <- true
		if !<-all[next].ready {
			all = append(all[:next:next], all[next+1:]...)
		}
		x.open(x.store, x.vault)
	}
	return choices
}

// everyOrder calls do with every order of steps; do returns how many choices there were
// at each step.
func everyOrder(do func(order []int) (choices []int)) (orders int) {
	for order := []int{}; ; {
		choices := do(order)
		orders++
		for len(order) < len(choices) {
			order = append(order, 0)
		}
		last := len(choices) - 1
		for order = order[:len(choices)]; last >= 0 && order[last] == choices[last]-1; last-- {
		}
		if last < 0 {
			return orders
		}
		order = append(order[:last:last], order[last]+1)
	}
}

// However two changes of a connector and those who open it cross, and wherever one of them
// stops, an address is opened with the credential that was sent for it or not at all.
func TestS20_NoCrossingPairsOnesAddressWithAnothersCredential(t *testing.T) {
	tests := map[string]func(x *crossing) []func(*actor){
		"two move it":                   func(x *crossing) []func(*actor) { return []func(*actor){x.moves("a"), x.moves("b")} },
		"two move it, and one opens it": func(x *crossing) []func(*actor) { return []func(*actor){x.moves("a"), x.moves("b"), x.opens} },
		"one moves, one renames it":     func(x *crossing) []func(*actor) { return []func(*actor){x.moves("a"), x.renames, x.opens} },
		"one moves, one deletes it":     func(x *crossing) []func(*actor) { return []func(*actor){x.moves("a"), x.deletes, x.opens} },
	}
	for name, actors := range tests {
		t.Run(name, func(t *testing.T) {
			orders := everyOrder(func(order []int) []int {
				x := newCrossing(t)
				choices := x.cross(order, actors(x)...)
				x.settled(order)
				return choices
			})
			t.Logf("%d orders", orders)
		})
	}
}

// settled checks what is left when all actors are done: those who were told that it was
// done are right, at least one was, and a deleted connector leaves no credential.
func (x *crossing) settled(order []int) {
	x.t.Helper()
	done := 0
	for name, err := range x.errs {
		if err == nil {
			done++
		} else if kind := entitlement.KindOf(err); kind != entitlement.Conflict && kind != entitlement.NotFound {
			x.t.Errorf("%v: %s: %v", order, name, err)
		}
	}
	if done == 0 {
		x.t.Errorf("%v: nobody came through: %v", order, x.errs)
	}
	if err, tried := x.errs["deletes"]; tried && err == nil {
		for number := range int64(4) {
			if _, err := x.vault.Get(x.t.Context(), x.id, number, "scim https://a.example"); entitlement.KindOf(err) != entitlement.NotFound {
				x.t.Errorf("%v: the credential %d of a deleted connector is kept", order, number)
			}
		}
		return
	}
	before := len(x.opened)
	x.open(x.store, x.vault)
	if len(x.opened) == before {
		x.t.Errorf("%v: the connector cannot be opened any more", order)
	}
}

// A change that stops in the middle leaves what was before in force, and is made good by
// sending it again.
func TestS20_AChangeThatStopsInTheMiddleIsRepeated(t *testing.T) {
	x := newCrossing(t)
	broken := *x.Service
	broken.Store = refusing{x.store}
	_, err := broken.UpdateConnector(t.Context(), by, x.id, "of new", func(c *entitlement.ConnectorConfig) { c.URL = "https://new.example" })
	x.kind(err, entitlement.Unavailable, "")
	x.open(x.store, x.vault)
	if fmt.Sprint(x.opened) != "[https://old.example]" {
		t.Errorf("opened %v", x.opened)
	}
	x.pairs["https://new.example"] = "of new"
	must[entitlement.ConnectorConfig](t)(x.UpdateConnector(t.Context(), by, x.id, "of new", func(c *entitlement.ConnectorConfig) { c.URL = "https://new.example" }))
	x.open(x.store, x.vault)
	if fmt.Sprint(x.opened) != "[https://old.example https://new.example]" {
		t.Errorf("opened %v", x.opened)
	}
}

// refusing commits nothing.
type refusing struct{ catalogs.Store }

func (refusing) Commit(context.Context, entitlement.Change) error {
	return entitlement.Errorf(entitlement.Unavailable, "The store does not answer.")
}
