package entitlement

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestLogTextLeavesOutWhatMessagesQuote(t *testing.T) {
	const user UserID = "11111111-1111-4111-8111-111111111111"
	named := Errorf(Precondition, "The user %s (%s) holds %d of %s.", "Ada Lovelace", user, 3, []string{"Ada"})
	tests := map[string]struct {
		err  error
		want []string
	}{
		"nothing":            {nil, []string{""}},
		"ids and numbers":    {named, []string{"The user ... (" + string(user) + ") holds 3 of ...."}},
		"within others":      {fmt.Errorf("look: %w", errors.Join(named, errors.New("timeout"))), []string{"look: ", "holds 3", "timeout"}},
		"a message in whole": {Wrap(Unavailable, "find", errors.New("timeout"), "Ada Lovelace cannot be found."), []string{"find: unavailable: serviceNotAvailable: timeout"}},
		"one within another": {Wrap(Conflict, "find", Errorf(NotFound, "%s is gone.", "Ada"), "Ada"), []string{"not found: ... is gone."}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := LogText(tt.err)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("got %q, want %q in it", got, want)
				}
			}
			if strings.Contains(got, "Ada") {
				t.Errorf("got %q, which names somebody", got)
			}
		})
	}
}
