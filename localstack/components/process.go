package components

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// grace is how long a part has to end by itself after it was told to.
const grace = 10 * time.Second

// process is one part that runs as a program of its own.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed once it has ended
}

// start runs a program with an environment that holds nothing but env and what
// programs need to find each other. It gets a process group of its own: a Ctrl-C
// reaches only us, and whatever it starts is ended with it.
func start(name, log string, env []string, command ...string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	defer file.Close()

	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(inherited(), env...)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)

	p := &process{name: name, log: log, cmd: cmd, done: make(chan struct{})}
	started := make(chan error)

	go p.run(started)
	// It is started by the goroutine that waits for it, which holds its thread for as long.
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// run starts the program and waits for it on one and the same thread: where the
// system ends children with their parent, that parent is the thread.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer close(p.done)

	err := p.cmd.Start()
	started <- err
	if err == nil {
		_ = p.cmd.Wait() // how it ended stands in ProcessState
	}
}

// ready waits until a GET of url is answered below 500, or the program has ended.
func (p *process) ready(ctx context.Context, url string) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()

	for {
		select {
		// A program that listens late is only late; one that has ended will never answer.
		case <-ctx.Done():
			return fmt.Errorf("%s did not answer at %s, see %s: %w", p.name, url, p.log, ctx.Err())
		case <-p.done:
			return fmt.Errorf("%s ended at its start (%v), see %s", p.name, p.cmd.ProcessState, p.log)
		case <-ticker.C:
			if answers(ctx, url) {
				return nil
			}
		}
	}
}

// stop ends the program and all that it started: politely at first.
func (p *process) stop() error {
	group := -p.cmd.Process.Pid
	if err := syscall.Kill(group, syscall.SIGTERM); errors.Is(err, syscall.ESRCH) {
		return nil // ended by itself, with all its children
	}

	select {
	case <-p.done:
	case <-time.After(grace):
	}
	if err := syscall.Kill(group, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	<-p.done
	return nil
}

// answers tells whether something serves HTTP at url.
func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	// An answer is enough: what it says is another question.
	return response.StatusCode < http.StatusInternalServerError
}

// inherited is the part of our own environment that programs may see: enough to
// find each other, and nothing that could lead a part or a function to a real account.
func inherited() []string {
	var env []string
	for _, key := range []string{"PATH", "HOME", "LANG", "USER"} {
		if value, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+value)
		}
	}
	return env
}
