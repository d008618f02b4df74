package dynamotest

import "syscall"

// endWithTest has the system end the emulator of a test that is interrupted or panics.
func endWithTest(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
