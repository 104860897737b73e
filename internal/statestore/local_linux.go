package statestore

import "golang.org/x/sys/unix"

// setLock takes a lock that belongs to the open file and not to the process, so that
// it does not go when something else in this process closes the state. It stands in
// the way of the engines' locks as one of theirs would. Source: fcntl(2), "Open file
// description locks".
const setLock = unix.F_OFD_SETLK
