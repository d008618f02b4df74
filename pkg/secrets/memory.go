package secrets

import (
	"context"
	"sync"

	"leasehold/pkg/entitlement"
)

// Memory keeps credentials in memory, for tests and for one process alone. Its zero
// value is empty and ready; it is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	secrets map[entitlement.ConnectorID][]string
}

// Put stores a credential of a connector for an address, beside earlier ones, and returns
// its number.
func (m *Memory) Put(_ context.Context, id entitlement.ConnectorID, address, secret string) (int64, error) {
	id, err := check(id, secret)
	if err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.secrets == nil {
		m.secrets = map[entitlement.ConnectorID][]string{}
	}
	m.secrets[id] = append(m.secrets[id], seal(address, secret))
	return int64(len(m.secrets[id])), nil
}

// Get returns the credential of a connector that has the number, to be sent to the address.
// NotFound: there is none, or it is for another address.
func (m *Memory) Get(_ context.Context, id entitlement.ConnectorID, number int64, address string) (string, error) {
	id, err := entitlement.ParseID[entitlement.ConnectorID]("connector", string(id))
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if kept := m.secrets[id]; number >= 1 && number <= int64(len(kept)) {
		return open("get credential", address, kept[number-1])
	}
	return "", missing("get credential")
}

// Delete forgets all credentials of a connector; having none already is no error.
func (m *Memory) Delete(_ context.Context, id entitlement.ConnectorID) error {
	id, err := entitlement.ParseID[entitlement.ConnectorID]("connector", string(id))
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.secrets, id)
	return nil
}
