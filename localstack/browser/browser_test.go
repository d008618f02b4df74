// Package browser drives the pages in Chromium, on a Leasehold that runs in this process.
package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/localstack/dev/system"
	"leasehold/localstack/seed"
	"leasehold/pkg/names"
	"leasehold/pkg/portal"
)

// What people do at the pages, and how each page is.
func TestThePagesInABrowser(t *testing.T) { inBrowser(t, "pages.test.mjs") }

// The article of 2019, section by section, through the pages alone.
func TestStory_TheArticleThroughThePagesAlone(t *testing.T) { inBrowser(t, "article.test.mjs") }

// inBrowser runs a file of tests in the browser, on a system of its own. It is told by its
// environment to: `make test-browser` sees that the browser and the packages are there.
func inBrowser(t *testing.T, file string) {
	t.Helper()
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

	for i := range newcomers {
		if err := hire(t.Context(), s, fmt.Sprintf("newcomer%02d", i)); err != nil {
			t.Fatal(err)
		}
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

	var patterns []string
	for _, r := range portal.Routes() {
		if r.Method == http.MethodGet {
			patterns = append(patterns, r.Pattern)
		}
	}
	table, err := json.Marshal(patterns)
	if err != nil {
		t.Fatal(err)
	}

	run := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", file)
	if part := os.Getenv("LEASEHOLD_STORY"); part != "" { // of those whose names fit
		run.Args = slices.Insert(run.Args, 2, "--test-name-pattern="+part)
	}
	run.Env = append(os.Environ(), "SITE="+s.Endpoints.URL+names.PortalPath, "BROWSER="+browser, "PICTURES="+pictures, "PATTERNS="+string(table))
	run.Stdout, run.Stderr = os.Stdout, os.Stderr
	if err := run.Run(); err != nil {
		t.Errorf("the pages in the browser: %v", err)
	}
}

// newcomers are people of the directory who have no account at any target: more than a page
// shows.
const newcomers = 30

func hire(ctx context.Context, s *system.System, name string) error {
	token, err := s.Token(ctx, components.Admin)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"displayName": "Newcomer " + name, "userPrincipalName": name + "@northwind.example", "mailNickname": name, "accountEnabled": true})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Endpoints.URL+names.APIVersion+"/users", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s is not hired: %s", name, answer.Status)
	}
	return nil
}
