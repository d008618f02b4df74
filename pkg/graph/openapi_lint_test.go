package graph

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The description is one in the eyes of a linter that others wrote: no error and no warning.
func TestTheDescriptionPassesALinter(t *testing.T) {
	if testing.Short() {
		t.Skip("the linter is for Node.js, which make test-unit does without")
	}
	linter := filepath.Join("..", "..", "node_modules", ".bin", "redocly")
	if _, err := os.Stat(linter); errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the linter is not there: type make install")
	}
	w := newFixture(t)
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, []byte(w.call("member", "GET", ours+"/openapi.json", nil).want(200).text), 0o600); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, linter, "lint", "--extends=recommended", "--skip-rule=no-server-example.com", // the fixture's own address
		"--format=json", "--max-problems=20", file)
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	said, err := cmd.Output()
	var report struct {
		Totals   struct{ Errors, Warnings int }
		Problems []struct {
			RuleID, Message string
			Location        []struct{ Pointer string }
		}
	}
	if bad := json.Unmarshal(said, &report); bad != nil {
		t.Fatalf("%v, %v: %s", err, bad, said)
	}
	for _, p := range report.Problems {
		t.Errorf("%s: %s %v", p.RuleID, p.Message, p.Location)
	}
	if err != nil || report.Totals.Errors+report.Totals.Warnings > 0 {
		t.Errorf("%v: %+v", err, report.Totals)
	}
}
