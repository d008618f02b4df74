package components

import "syscall"

// endWithParent has the system end the program when we end without having stopped it.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
