package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"leasehold/localstack/components"
)

// held is what upInBackground adds to the command of the copy that holds the stack.
const held = "held"

// upInBackground starts a copy of this program that holds the stack, repeats what
// it says until it has said everything, and leaves it running.
func upInBackground(ctx context.Context, lock *os.File) error {
	defer lock.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	said, saying, err := os.Pipe()
	if err != nil {
		return err
	}
	defer said.Close()

	log, err := os.Create(filepath.Join(dir, "up.log"))
	if err != nil {
		return err
	}
	defer log.Close()

	holder := exec.Command(self, "up", held)
	holder.Stdout, holder.Stderr = log, log
	holder.ExtraFiles = []*os.File{saying, lock}
	holder.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // outlives this terminal
	if err := holder.Start(); err != nil {
		return err
	}
	saying.Close()

	// The holder closes its end when it is up, or ends; Ctrl-C until then is for it.
	stop := context.AfterFunc(ctx, func() { holder.Process.Signal(syscall.SIGTERM) })
	defer stop()
	if _, err := io.Copy(os.Stdout, said); err != nil {
		return err
	}
	if _, err := components.ReadEndpoints(dir); err != nil {
		holder.Wait()
		text, _ := os.ReadFile(log.Name())
		return errors.New(strings.TrimSpace(string(text)))
	}
	return holder.Process.Release()
}

// handedOver is what upInBackground gave to this copy: where to say things, and the
// lock. The components that it starts must not keep either.
func handedOver() (said, lock *os.File) {
	syscall.CloseOnExec(3)
	syscall.CloseOnExec(4)
	return os.NewFile(3, "said"), os.NewFile(4, "lock")
}

// The lock is held by whoever holds the stack, for as long as it runs, and names
// its process. The system lets go of it however that process ends, so the number
// in it is never somebody else's.
func lockFile() (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, "holder"), os.O_CREATE|os.O_RDWR, 0o600)
}

// takeLock sees to it that nobody else holds a stack of this checkout.
func takeLock() (*os.File, error) {
	file, err := lockFile()
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, errors.New("a stack of this checkout is up already: make down ends it")
	}
	return file, nil
}

// sign writes into the lock that this process is the holder.
func sign(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return err
}

// down tells the holder of the stack to stop and waits until it has.
func down(ctx context.Context, _ []string) error {
	file, err := lockFile()
	if err != nil {
		return err
	}
	defer file.Close()

	// Whoever holds the lock holds the stack: where it is free, there is none.
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		fmt.Println("No stack of this checkout is up.")
		return nil
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		return fmt.Errorf("the lock names no process: %w", err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the stack: %w", err)
	}
	return awaitEnd(ctx, file)
}

func awaitEnd(ctx context.Context, file *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	// The lock is free once its holder has stopped everything, and not before.
	for syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		select {
		case <-ctx.Done():
			return errors.New("the stack did not stop in time, see .local/up.log")
		case <-ticker.C:
		}
	}
	fmt.Println("Stopped.")
	return nil
}
