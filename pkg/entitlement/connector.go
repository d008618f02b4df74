package entitlement

import (
	"slices"
	"strings"
)

// OriginAadGroup is the origin system of the groups of the built-in directory.
const OriginAadGroup = "AadGroup"

// BuiltinRegistration is the registration of the built-in directory, which is always there
// and which nobody makes.
func BuiltinRegistration() ConnectorConfig {
	return ConnectorConfig{ID: BuiltinConnector, DisplayName: "Built-in directory", OriginSystem: OriginAadGroup}
}

// TargetKind is a kind of target that connectors are registered for, as it says of itself.
type TargetKind struct {
	Name         string // of the kind, in registrations
	OriginSystem string // of its resources, on the wire
	Applications string // of those of its resources that are applications; "" for none
	Concurrent   bool   // changes of one resource never undo each other, whatever a registration says
	NoCredential bool   // connectors of the kind are given none

	NotHTTP bool // its addresses are none of HTTP; which they are, its connectors say
	InVPC   bool // its targets may be in the deployment's VPC

	// Valid refuses what no resource of the kind, and no role of it, can be named; nil refuses nothing.
	Valid func(originID, role string) error
}

// Of reports that resources of the kind may name the origin system, and returns it as the
// kind writes it.
func (k TargetKind) Of(system string) (string, bool) {
	for _, own := range []string{k.OriginSystem, k.Applications} {
		if own != "" && strings.EqualFold(system, own) {
			return own, true
		}
	}
	return "", false
}

// ConnectorSetting is one setting of a connector, as clients and events name it: two words,
// the first of which is the default.
type ConnectorSetting struct {
	Name  string
	Words [2]string
	field func(*ConnectorConfig) *bool
}

// ConnectorSettings are all of them. They say how a target differs from one that shows its
// members, takes them out one by one, loses a change where two cross, and is reached from anywhere.
var ConnectorSettings = []ConnectorSetting{
	{"readBack", [2]string{"required", "unconfirmed"}, func(c *ConnectorConfig) *bool { return &c.Unconfirmed }},
	{"removalForm", [2]string{"memberPath", "valueList"}, func(c *ConnectorConfig) *bool { return &c.ValueListRemoval }},
	{"writes", [2]string{"serial", "concurrent"}, func(c *ConnectorConfig) *bool { return &c.ConcurrentWrites }},
	{"accounts", [2]string{"existing", "made"}, func(c *ConnectorConfig) *bool { return &c.MakeAccounts }},
	{"accountsAtEnd", [2]string{"disabled", "deleted"}, func(c *ConnectorConfig) *bool { return &c.DeleteAccounts }},
	{"invitations", [2]string{"guests", "everybody"}, func(c *ConnectorConfig) *bool { return &c.InviteEverybody }},
	{"network", [2]string{"internet", "vpc"}, func(c *ConnectorConfig) *bool { return &c.VPC }},
}

// GivenNoCredential reports that of kinds the one of the name gives its connectors no credential.
func GivenNoCredential(kinds []TargetKind, name string) bool {
	return slices.ContainsFunc(kinds, func(k TargetKind) bool { return k.NoCredential && k.Name == name })
}

// Of returns the word of the connector's setting.
func (s ConnectorSetting) Of(c ConnectorConfig) string {
	if *s.field(&c) {
		return s.Words[1]
	}
	return s.Words[0]
}

// Set changes the connector's setting to the word, and reports whether that is one.
func (s ConnectorSetting) Set(c *ConnectorConfig, word string) bool {
	if word != s.Words[0] && word != s.Words[1] {
		return false
	}
	*s.field(c) = word == s.Words[1]
	return true
}

// Reasons of grants that a changed connector may be the cure for, as connector.Reason words
// them.
const (
	ReasonUnavailable        = "target-unavailable"
	ReasonCredential         = "credential-refused"
	ReasonRefused            = "refused-by-target"
	ReasonNotConfirmed       = "not-confirmed"
	ReasonCannotConfirm      = "cannot-confirm"
	ReasonNotUnderstood      = "not-understood"
	ReasonResourceMissing    = "resource-missing"
	ReasonPrincipalMissing   = "principal-missing"
	ReasonPrincipalAmbiguous = "principal-ambiguous"
	ReasonPaused             = "target-paused"
	ReasonLastMember         = "last-member"
)

// Settings writes the connector's settings in one line, for events.
func (c ConnectorConfig) Settings() string {
	var all []string
	for _, s := range ConnectorSettings {
		all = append(all, s.Name+"="+s.Of(c))
	}
	return strings.Join(all, " ")
}
