package entitlement

import "testing"

func TestTheSettingsOfAConnectorAreWords(t *testing.T) {
	var c ConnectorConfig
	if got, want := c.Settings(), "readBack=required removalForm=memberPath writes=serial accounts=existing accountsAtEnd=disabled invitations=guests network=internet"; got != want {
		t.Errorf("by default %q, want %q", got, want)
	}
	for i, s := range ConnectorSettings {
		if s.Set(&c, "") || s.Set(&c, "Serial") || s.Set(&c, ConnectorSettings[(i+1)%3].Words[1]) {
			t.Errorf("%s takes words of others", s.Name)
		}
		if !s.Set(&c, s.Words[1]) || s.Of(c) != s.Words[1] {
			t.Errorf("%s is %s", s.Name, s.Of(c))
		}
	}
	if !c.Unconfirmed || !c.ValueListRemoval || !c.ConcurrentWrites {
		t.Errorf("got %+v", c)
	}
	for _, s := range ConnectorSettings {
		if !s.Set(&c, s.Words[0]) || s.Of(c) != s.Words[0] {
			t.Errorf("%s is %s", s.Name, s.Of(c))
		}
	}
}
