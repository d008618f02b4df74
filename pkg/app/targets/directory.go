package targets

import (
	"leasehold/pkg/connector"
	"leasehold/pkg/connector/builtin"
	"leasehold/pkg/directory"
)

// Directory returns the built-in directory alone, for the function of the pages: it reads no
// credentials, and so opens no other target.
func Directory(configs connector.Configs, people *directory.Service) *connector.Registry {
	return connector.NewRegistry(configs, nil, builtin.New(groups{people}), nil)
}
