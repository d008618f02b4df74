package readme

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit is how long a command may take that is waited for.
const limit = 5 * time.Minute

// checkout is a copy of this one, with its own folder .local, in which the README's
// commands are typed.
type checkout struct {
	*testing.T
	dir  string
	env  []string // beside that of the test
	done map[string]bool
}

// leftOut are folders that are made by commands, or are no part of the sources.
var leftOut = []string{".git", ".local", "node_modules", "dist", "cdk.out"}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	from, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(filepath.Join(from, ".local"), "readme-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := &checkout{T: t, dir: dir, done: map[string]bool{}}
	c.copy(from, dir, leftOut)
	// What is installed is not installed again, but is this copy's own all the same.
	for _, installed := range []string{"node_modules", filepath.Join(".local", "venv")} {
		c.copy(filepath.Join(from, installed), filepath.Join(dir, installed), nil)
	}
	return c
}

// copy copies a folder, with the times of its files, by which make knows what is done.
func (c *checkout) copy(from, to string, without []string) {
	c.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, below)
		switch {
		case slices.Contains(without, below) && entry.IsDir():
			return fs.SkipDir
		case slices.Contains(without, below): // a work tree's .git is a file
			return nil
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case entry.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				return err
			}
			return os.Symlink(link, target)
		case without == nil: // installed, and never changed in place
			return os.Link(path, target)
		}
		return copyFile(path, target)
	})
	if err != nil {
		c.Fatal(err)
	}
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, text, info.Mode()); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// shell is a command line in the copy, in a process group of its own.
func (c *checkout) shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir, cmd.Env = c.dir, append(outside(), c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// outside is the environment without what a make above us has left there for its own
// commands, and without what a stack or an account was named by.
func outside() []string {
	return slices.DeleteFunc(os.Environ(), func(setting string) bool {
		key, _, _ := strings.Cut(setting, "=")
		return slices.Contains([]string{"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CONTEXT", "AS", "WAIT", "EMULATOR"}, key) ||
			strings.HasPrefix(key, "LEASEHOLD_") || strings.HasPrefix(key, "AWS_") || strings.HasPrefix(key, "SCIM_")
	})
}

// types types a command of the README, after what was typed before it in the same shell and
// with its placeholders filled in, and returns what it says. It must succeed.
func (c *checkout) types(command string, before []string, filled ...string) string {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), limit)
	defer cancel()
	began := time.Now()
	said, err := c.shell(ctx, c.line(command, before, filled)).CombinedOutput()
	c.Logf("%5.1f s  %s", time.Since(began).Seconds(), command)
	if err != nil {
		c.Fatalf("%s: %v\n%s", command, err, tail(said))
	}
	return string(said)
}

// line is a command that the README must have, as it is typed.
func (c *checkout) line(command string, before, filled []string) string {
	c.Helper()
	if reason, known := instead[command]; !known || reason != "" {
		c.Fatalf("the README's %q is not one that is run", command)
	}
	c.done[command] = true
	return strings.Join(append(slices.Clone(before), strings.NewReplacer(filled...).Replace(command)), "\n")
}

// holds types a command that goes on until Ctrl-C, waits until it says that it is up, and
// returns what ends it as Ctrl-C does.
func (c *checkout) holds(command, up string) (interrupt func()) {
	c.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*limit)
	said := &watched{wanted: []byte(up), seen: make(chan struct{})}
	cmd := c.shell(ctx, c.line(command, nil, nil))
	cmd.Stdout, cmd.Stderr = said, said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	interrupt = func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		<-ended // with the status of what was interrupted
		cancel()
	}
	select {
	case <-said.seen:
		c.Logf("%5.1f s  %s", time.Since(began).Seconds(), command)
		return interrupt
	case err := <-ended:
		cancel()
		c.Fatalf("%s: %v\n%s", command, err, tail(said.text()))
	case <-time.After(limit):
		interrupt()
		c.Fatalf("%s does not say %q:\n%s", command, up, tail(said.text()))
	}
	return nil
}

func tail(said []byte) string {
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// has tells whether a file is in the copy.
func (c *checkout) has(path string) bool {
	_, err := os.Stat(filepath.Join(c.dir, path))
	return err == nil
}

func contains(said string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !bytes.Contains([]byte(said), []byte(part)) })
}
