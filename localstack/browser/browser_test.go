// Package browser drives the pages in Chromium, on a Leasehold that runs in this process.
package browser

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"leasehold/localstack/dev/system"
	"leasehold/localstack/seed"
	"leasehold/pkg/names"
)

// TestThePagesInABrowser runs pages.test.mjs. It is told by its environment to: `make
// test-browser` sees that the browser and the packages are there.
func TestThePagesInABrowser(t *testing.T) {
	browser := os.Getenv("LEASEHOLD_BROWSER")
	if browser == "" {
		t.Skip("no browser is named: run `make test-browser`")
	}

	s, err := system.Start(system.Options{Every: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := seed.Run(t.Context(), s.Endpoints, s.Token, io.Discard); err != nil {
		t.Fatal(err)
	}

	pictures := os.Getenv("LEASEHOLD_PICTURES")
	if pictures != "" {
		if pictures, err = filepath.Abs(pictures); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(pictures, 0o755); err != nil {
			t.Fatal(err)
		}
	}

	run := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", "pages.test.mjs")
	run.Env = append(os.Environ(), "SITE="+s.Endpoints.URL+names.PortalPath, "BROWSER="+browser, "PICTURES="+pictures)
	run.Stdout, run.Stderr = os.Stdout, os.Stderr
	if err := run.Run(); err != nil {
		t.Errorf("the pages in the browser: %v", err)
	}
}
