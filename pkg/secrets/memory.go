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
	secrets map[entitlement.ConnectorID]string
}

// Put stores the credential of a connector, in place of an earlier one.
func (m *Memory) Put(_ context.Context, id entitlement.ConnectorID, secret string) error {
	id, err := check(id, secret)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.secrets == nil {
		m.secrets = map[entitlement.ConnectorID]string{}
	}
	m.secrets[id] = secret
	return nil
}

// Get returns the credential of a connector. NotFound: there is none.
func (m *Memory) Get(_ context.Context, id entitlement.ConnectorID) (string, error) {
	id, err := entitlement.ParseID[entitlement.ConnectorID]("connector", string(id))
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	secret, ok := m.secrets[id]
	if !ok {
		return "", missing("get credential")
	}
	return secret, nil
}

// Delete forgets the credential of a connector; having none already is no error.
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
