package state

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// lockInfo is what locks of this program say in Info, with the process's ID.
const lockInfo = "strongroom process %d"

// NewLock returns a lock as engines make theirs, for a Store's Lock. operation says
// what for, as engines' do: "StrongroomRekey". Its Info names this process, so that
// "state unlock" can tell whether it still runs.
func NewLock(operation string) *tfstate.LockInfo {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &tfstate.LockInfo{
		ID: newID(), Operation: operation, Info: fmt.Sprintf(lockInfo, os.Getpid()), Who: name + "@" + host, Version: "strongroom", Created: time.Now().UTC(),
	}
}

// LockProcess returns the ID of the process that made a lock with NewLock; ok is
// false of an engine's lock, which does not say.
func LockProcess(l *tfstate.LockInfo) (pid int, ok bool) {
	n, err := fmt.Sscanf(l.Info, lockInfo, &pid)
	return pid, err == nil && n == 1 && pid > 0 && l.Info == fmt.Sprintf(lockInfo, pid)
}

// newID returns a UUID, as the IDs of engines' locks are.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails: crypto/rand ends the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
