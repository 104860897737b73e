package revert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state/rekey"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Options say which state is taken back, and to what. All fields without "may be" are
// required.
type Options struct {
	// Store is the state's place.
	Store *statestore.HTTP
	// Environment and Stack are its names, for people.
	Environment, Stack string
	// Version is the serial of the version that becomes the current one.
	Version string
	// Journal is the directory in which the lock is written down before it is taken. It
	// exists.
	Journal string
	// At is called before each write of a file, with what is about to be written; an
	// error takes the write's place. For tests; may be nil.
	At func(point string) error
}

// Plan is what would be done. Nothing was changed to make it.
type Plan struct {
	// Difference is what it would change.
	Difference *rekey.Difference
	// Serial is what the version is written as; 0: the current one holds the same
	// already, and nothing is written.
	Serial uint64
	// Now is the serial of the current version.
	Now uint64

	o     Options
	shown [sha256.Size]byte // of the current version, that differences were shown to
	text  []byte            // what is written. It is secret.
	want  *tfstate.Snapshot // what that has to be
}

// NewPlan looks at the current version and the one that is meant, and changes nothing.
func NewPlan(ctx context.Context, o Options) (*Plan, error) {
	if _, err := strconv.ParseUint(o.Version, 10, 63); err != nil {
		return nil, o.noVersion("in GitLab a version is a serial")
	}
	now, err := o.Store.Read(ctx, "")
	if errors.Is(err, statestore.ErrNone) {
		return nil, o.noVersion("the state was deleted or never was")
	}
	if err != nil {
		return nil, o.unread(err)
	}
	old, err := o.Store.Read(ctx, o.Version)
	if errors.Is(err, statestore.ErrNone) {
		return nil, o.noVersion("GitLab keeps none with that serial, or the state has a dot in its name, whose versions GitLab does not show")
	}
	if err != nil {
		return nil, o.unread(err)
	}
	was, err := tfstate.Read(old)
	if err != nil {
		return nil, o.noVersion("it is no whole state: " + err.Error())
	}
	// The current version need not be one: it is what people go back from.
	is, damage := tfstate.Read(now)
	if was.Encrypted || is != nil && is.Encrypted {
		return nil, &diag.Diagnostic{
			Rule: "state-rollback-encrypted", Summary: "OpenTofu encrypts " + o.Store.Address,
			Why: "in GitLab an earlier version comes back as a new one with a higher serial, which is part of what OpenTofu has encrypted: nobody else can write it",
			Fix: "keep a copy of what is there (tofu state pull), then delete each version above serial " + o.Version + ", the highest being the state:\n  curl --request DELETE --header \"PRIVATE-TOKEN: $TOKEN\" " + o.Store.Address + "/versions/SERIAL",
		}
	}
	serial, err := serialOf(now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Store.Address, err)
	}
	p := &Plan{Now: serial, Serial: serial + 1, o: o, shown: sha256.Sum256(now)}
	if p.Difference, err = difference(o, now, old, serial, was, damage); err != nil {
		return nil, err
	}
	// What a run that was killed has written holds the same under its new serial.
	if same, err := raise(old, serial); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Store.Address, err)
	} else if bytes.Equal(same, now) {
		p.Serial = 0
		return p, nil
	}
	if p.text, err = raise(old, p.Serial); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Store.Address, err)
	}
	p.want, err = tfstate.Read(p.text)
	if err != nil || p.want.Serial != p.Serial || p.want.Digest != was.Digest || p.want.Lineage != was.Lineage {
		return nil, fmt.Errorf("%s: the serial of version %s cannot be raised: %w", o.Store.Address, o.Version, errors.Join(err, errSerial))
	}
	return p, nil
}

func (o *Options) flags() string { return "--env " + o.Environment + " --stack " + o.Stack }

func (o *Options) noVersion(why string) error {
	return &diag.Diagnostic{
		Rule: "state-rollback-version", Summary: "there is no version " + strconv.Quote(o.Version) + " of " + o.Store.Address, Why: why,
		Fix: "see which there are: strongroom state history " + o.flags(),
	}
}

func (o *Options) unread(err error) error {
	return &diag.Diagnostic{
		Rule: "state-rollback-gitlab", Summary: "the versions cannot be read: " + err.Error(), Err: err,
		Why: "what is replaced, and by what, is looked at first; nothing was done", Fix: "mend that, and run it again",
	}
}

// difference says what would change, without values.
func difference(o Options, now, old []byte, serial uint64, was *tfstate.Snapshot, damage error) (*rekey.Difference, error) {
	d := &rekey.Difference{
		From: rekey.Shown{Version: strconv.FormatUint(serial, 10), Serial: serial}, To: rekey.Shown{Version: o.Version, Serial: was.Serial, Lineage: was.Lineage},
		Unknown: damage != nil, Difference: &tfstate.Difference{Resources: []tfstate.Change{}, Outputs: []tfstate.Change{}},
	}
	if damage != nil {
		return d, nil
	}
	a, err := tfstate.Open(now)
	if err != nil {
		return nil, err
	}
	b, err := tfstate.Open(old)
	if err != nil {
		return nil, err
	}
	if is, err := tfstate.Read(now); err == nil {
		d.From.Lineage = is.Lineage
	}
	if d.Difference, err = tfstate.Diff(a, b, tfstate.Show{}); err != nil {
		return nil, fmt.Errorf("compare the versions: %w", err)
	}
	return d, nil
}

var errSerial = errors.New("a state has one serial, a number, at its top")

// serialOf reads the serial of what may be no whole state: GitLab takes whatever has
// one.
func serialOf(raw []byte) (uint64, error) {
	var head struct {
		Serial *uint64 `json:"serial"`
	}
	if err := json.Unmarshal(raw, &head); err != nil || head.Serial == nil {
		return 0, errSerial
	}
	return *head.Serial, nil
}

// raise returns a state's text with another serial, and every other byte as it was.
func raise(raw []byte, serial uint64) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errSerial
	}
	start, end := int64(-1), int64(-1)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errSerial
		}
		if name != "serial" {
			var skipped json.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return nil, errSerial
			}
			continue
		}
		value, err := d.Token()
		number, ok := value.(json.Number)
		if err != nil || !ok || start >= 0 {
			return nil, errSerial
		}
		end = d.InputOffset()
		start = end - int64(len(number))
	}
	if start < 0 {
		return nil, errSerial
	}
	out := append([]byte{}, raw[:start]...)
	out = strconv.AppendUint(out, serial, 10)
	return append(out, raw[end:]...), nil
}
