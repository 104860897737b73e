package forge

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// state is a state of a project. It may have no version yet: locking makes it.
// Source: GitLab's app/models/terraform/state.rb and
// app/services/terraform/remote_state_handler.rb.
type state struct {
	ID string
	// LockID is empty when nobody holds the lock.
	LockID   string    `json:",omitempty"`
	LockedBy string    `json:",omitempty"`
	LockedAt time.Time `json:",omitzero"`
}

// version is one upload of a state, known by its serial.
type version struct {
	Serial int64
	Sealed []byte
	// CreatedBy is who held the lock, as GitLab has it: empty for an upload without one.
	CreatedBy string `json:",omitempty"`
	JobID     string `json:",omitempty"`
	Created   time.Time
}

// The refusals of GitLab's RemoteStateHandler.
var (
	errNoState   = errors.New("there is no such state")
	errLocked    = errors.New("the state is locked")
	errDuplicate = errors.New("the state has a version of this serial")
)

// versionKey sorts versions by serial.
func versionKey(stateKey string, serial int64) string {
	return join(stateKey, fmt.Sprintf("%020d", serial))
}

// latest is the version of the highest serial, which is what GitLab answers whatever
// was uploaded last. Nil: the state has none.
// Source: state.rb, latest_version is ordered by version, descending.
func (f *Forge) latest(key string) (last *version) {
	for _, v := range f.versions.Prefix(key + "\x00") {
		last = v
	}
	return last
}

// findOrCreate returns the state, which writing, locking and unlocking make.
func (f *Forge) findOrCreate(key string) (*state, error) {
	if s := f.states.Get(key); s != nil {
		return s, nil
	}
	id, err := f.number()
	if err != nil {
		return nil, err
	}
	s := &state{ID: id}
	f.states.Put(key, s)
	return s, nil
}

// lockMatches reports whether a request with the lock ID may change the state. Nil:
// the request carries none, which will do for a state that is not locked.
func (s *state) lockMatches(id *string) bool {
	if id == nil {
		return s.LockID == ""
	}
	return subtle.ConstantTimeCompare([]byte(s.LockID), []byte(*id)) == 1
}

// lock takes the lock for a user. The state comes back with errLocked too.
func (f *Forge) lock(key, id, user string) (*state, error) {
	s, err := f.findOrCreate(key)
	if err != nil {
		return nil, err
	}
	if s.LockID != "" {
		return s, errLocked
	}
	locked := *s
	locked.LockID, locked.LockedBy, locked.LockedAt = id, user, f.clock().UTC().Truncate(time.Millisecond)
	f.states.Put(key, &locked)
	return &locked, nil
}

// unlock gives the lock up. Without an ID it breaks anybody's; with one, a state that
// is not locked is errLocked as well.
func (f *Forge) unlock(key string, id *string) error {
	s, err := f.findOrCreate(key)
	if err != nil {
		return err
	}
	if id != nil && !s.lockMatches(id) {
		return errLocked
	}
	if s.LockID != "" {
		f.states.Put(key, &state{ID: s.ID})
	}
	return nil
}

// write adds a version. The state comes back with errLocked and errDuplicate too.
func (f *Forge) write(key string, lock *string, serial int64, data []byte, job string) (*state, error) {
	s, err := f.findOrCreate(key)
	if err != nil {
		return nil, err
	}
	if !s.lockMatches(lock) {
		return s, errLocked
	}
	at := versionKey(key, serial)
	if f.versions.Get(at) != nil {
		return s, errDuplicate
	}
	sealed, err := f.seal(at, data)
	if err != nil {
		return nil, err
	}
	f.versions.Put(at, &version{Serial: serial, Sealed: sealed, CreatedBy: s.LockedBy, JobID: job, Created: f.clock().UTC()})
	return s, nil
}

// remove deletes a state and its versions. One that is locked stays, and GitLab does
// not say so.
// Source: app/services/terraform/states/trigger_destroy_service.rb refuses a locked
// state; lib/api/terraform/state.rb does not look at its answer. GitLab deletes in
// the background and answers 422 meanwhile; here the background is over at once.
func (f *Forge) remove(key string) error {
	s := f.states.Get(key)
	if s == nil {
		return errNoState
	}
	if s.LockID != "" {
		return nil
	}
	var doomed []string
	for k := range f.versions.Prefix(key + "\x00") {
		doomed = append(doomed, k)
	}
	for _, k := range doomed {
		f.versions.Delete(k)
	}
	f.states.Delete(key)
	return nil
}

// number makes an ID up, such as GitLab's database gives out.
func (f *Forge) number() (string, error) {
	var b [4]byte
	if _, err := io.ReadFull(f.rand, b[:]); err != nil {
		return "", err
	}
	return strconv.FormatUint(uint64(binary.BigEndian.Uint32(b[:])), 10), nil
}
