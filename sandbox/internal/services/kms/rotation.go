package kms

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

const (
	day           = 24 * time.Hour
	defaultPeriod = 365 // days
	// maxOnDemand is the quota of on-demand rotations of a key.
	//
	// Source: KMS API_RotateKeyOnDemand.
	maxOnDemand = 25
)

// rotation is a key's rotation schedule and history. Rotations that the clock
// has brought about but nobody wrote down yet are part of it: see due.
type rotation struct {
	// On is the rotation status. Days is the period, Next the next rotation.
	On   bool
	Days int32
	Next time.Time
	// Done are the rotations written down, oldest first.
	Done []rotated `json:",omitempty"`
}

type rotated struct {
	At   time.Time
	Type types.RotationType
}

// due are the scheduled rotations up to now that Done lacks.
func (r rotation) due(now time.Time, running bool) []rotated {
	var due []rotated
	for _, at := range r.dates(now, running) {
		due = append(due, rotated{at, types.RotationTypeAutomatic})
	}
	return due
}

func (r rotation) dates(now time.Time, running bool) []time.Time {
	var dates []time.Time
	if !running || !r.On {
		return nil
	}
	for at := r.Next; !at.After(now); at = at.Add(r.period()) {
		dates = append(dates, at)
	}
	return dates
}

func (r rotation) period() time.Duration { return time.Duration(r.Days) * day }

// settle writes down what is due.
func (r rotation) settle(now time.Time, running bool) rotation {
	due := r.due(now, running)
	r.Done = append(slices.Clone(r.Done), due...)
	r.Next = r.Next.Add(time.Duration(len(due)) * r.period())
	return r
}

// resume rotates at once if a rotation was missed while the key was disabled
// or pending deletion.
//
// Source: KMS Developer Guide, "Rotating AWS KMS keys": a re-enabled key whose
// material is older than the period is rotated immediately.
func (r rotation) resume(now time.Time) rotation {
	if r.On && !r.Next.After(now) {
		r.Done = append(slices.Clone(r.Done), rotated{now, types.RotationTypeAutomatic})
		r.Next = now.Add(r.period())
	}
	return r
}

// rotates reports whether the schedule runs: not while the key is disabled or
// pending deletion.
func (k *key) rotates() bool { return k.state() == types.KeyStateEnabled }

// version is the number of the current backing key, from 1.
func (k *key) version(now time.Time) uint32 {
	n := len(k.Rotation.Done)
	if k.Rotation.On && k.rotates() && !k.Rotation.Next.After(now) {
		n += int(now.Sub(k.Rotation.Next)/k.Rotation.period()) + 1
	}
	return uint32(n) + 1
}

// history is every rotation up to now, oldest first.
func (k *key) history(now time.Time) []rotated {
	return append(slices.Clone(k.Rotation.Done), k.Rotation.due(now, k.rotates())...)
}
