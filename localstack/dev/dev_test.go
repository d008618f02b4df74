package main

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What is printed must work as it stands: the three lines are run by a shell.
func TestThePrintedLinesWork(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl here")
	}
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	said, saying := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, saying)
		saying.Close()
		ended <- err
	}()

	var lines []string
	for text := bufio.NewScanner(said); text.Scan(); {
		if strings.HasPrefix(text.Text(), "curl ") {
			lines = append(lines, text.Text())
		}
		if strings.Contains(text.Text(), "Ctrl-C") {
			break
		}
	}
	if len(lines) != 3 {
		t.Fatalf("%d lines to paste: %q", len(lines), lines)
	}
	for i, want := range []string{`"state":"submitted"`, `"state":"delivered"`, `"displayName":"CRM users"`} {
		run := func() string {
			out, err := exec.CommandContext(ctx, "sh", "-c", lines[i]).CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v: %s", lines[i], err, out)
			}
			return string(out)
		}
		got := run()
		for i > 0 && !strings.Contains(got, want) && ctx.Err() == nil { // delivery takes a moment
			time.Sleep(20 * time.Millisecond)
			got = run()
		}
		if !strings.Contains(got, want) {
			t.Fatalf("%s\nsaid %s\nwant %s", lines[i], got, want)
		}
	}

	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, envFile)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
