//go:build unix && !linux

package statestore

import "syscall"

// setLock takes the lock that engines take: it belongs to the process.
const setLock = syscall.F_SETLK
