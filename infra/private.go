package main

import (
	"fmt"
	"strings"

	"leasehold/pkg/names"
)

// checkPrivateTargets refuses what no list of networks and hosts looks like; the functions read
// it in full.
func (s settings) checkPrivateTargets() error {
	if strings.ContainsAny(s.privateTargets, " ;\"[]{}") {
		return fmt.Errorf("%s must be private networks and names of hosts, separated by commas, not %q: pass -c %s=10.20.0.0/16,dc1.corp.example", names.ContextPrivate, s.privateTargets, names.ContextPrivate)
	}
	return nil
}
