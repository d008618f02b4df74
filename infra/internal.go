package main

import (
	"fmt"
	"strings"

	"leasehold/pkg/names"
)

// checkInternalTargets refuses what no list of networks and hosts looks like; the functions read
// it in full.
func (s settings) checkInternalTargets() error {
	if strings.ContainsAny(s.internalTargets, " ;\"[]{}") {
		return fmt.Errorf("%s must be private networks and names of hosts, separated by commas, not %q: pass -c %s=10.20.0.0/16,dc1.corp.example", names.ContextInternal, s.internalTargets, names.ContextInternal)
	}
	return nil
}
