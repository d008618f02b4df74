package connectortest

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"leasehold/pkg/connector"
)

// Reported is the variable of the environment that has each suite report its outcome in a line that
// begins with ReportedLine, for the table of all connectors (localstack/conformance).
const (
	Reported     = "LEASEHOLD_CONFORMANCE"
	ReportedLine = "conformance: "
)

// Held counts the behaviours of a part.
type Held struct{ Held, All int }

// Outcome is what one suite showed of a connector at a server.
type Outcome struct {
	Kind   string // as registrations name it
	Test   string
	Parts  map[string]Held // by the name of the part, or by the fault (F29) that a behaviour is of
	Cannot []string        // what the target cannot do
	Can    []string        // parts that not every connector has, and this one says that it has
}

// kind is of which kind the connector is.
func (c *caller) kind() string {
	if c.Kind != "" {
		return c.Kind
	}
	name, _, _ := strings.Cut(strings.TrimLeft(fmt.Sprintf("%T", c.Connector), "*"), ".")
	return name
}

// count counts a behaviour in each of the columns that it is of. What a target cannot do is in none.
func (s *score) count(c *caller, in []string) {
	if s.parts == nil {
		s.parts = map[string]Held{}
	}
	for _, column := range in {
		if column == "" || c.lacks != "" && !c.Failed() {
			continue
		}
		n := s.parts[column]
		n.All++
		if !c.Failed() {
			n.Held++
		}
		s.parts[column] = n
	}
}

// can returns the optional parts that a connector says it has.
func can(c connector.Capabilities) (parts []string) {
	if c.Lists != nil {
		parts = append(parts, "listing")
	}
	if c.Accounts != nil {
		parts = append(parts, "accounts")
	}
	return parts
}

// report writes the outcome where it was asked for.
func (s *score) report(name string) {
	if os.Getenv(Reported) == "" || s.kind == "" {
		return
	}
	slices.Sort(s.cannot)
	line, _ := json.Marshal(Outcome{Kind: s.kind, Test: name, Parts: s.parts, Cannot: s.cannot, Can: can(s.can)})
	fmt.Printf("\n%s%s\n", ReportedLine, line)
}
