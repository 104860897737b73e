package alerts

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Case is some events of one account, and what they are expected to lead to together.
type Case struct {
	// Name is the file's, or the sample's.
	Name string
	// About says what has happened; empty: nobody did.
	About  string
	Events []*Event
	// Expect is nil where nothing is expected.
	Expect *examples.Expect
}

// largest bounds what is read of one file, unpacked too.
const largest = 64 << 20

// rest is the name of the case that has all events without an expectation.
const rest = "events"

// ReadEvents reads the files and directories named; "-" is stdin, "samples" the
// library, as it would happen in the rules' account and region. A file with an
// expectation beside it (day.json and day.expect.json), and each sample, is a case of its
// own; the events of all other files are one account's, and one case. The errors are
// diagnostics.
func ReadEvents(names []string, stdin io.Reader, account, region string) ([]Case, error) {
	var cases []Case
	all := Case{Name: rest}
	add := func(c Case) {
		if c.Expect != nil {
			cases = append(cases, c)
			return
		}
		all.Events = append(all.Events, c.Events...)
	}
	for _, name := range names {
		if name == "samples" {
			list, err := Samples(account, region)
			if err != nil {
				return nil, err
			}
			cases = append(cases, list...)
			continue
		}
		files, err := filesOf(name)
		if err != nil {
			return nil, unreadable(name, err)
		}
		for _, file := range files {
			c, err := readCase(file, stdin)
			if err != nil {
				return nil, err
			}
			add(c)
		}
	}
	if len(all.Events) > 0 {
		cases = append(cases, all)
	}
	if len(cases) == 0 {
		return nil, &diag.Diagnostic{Rule: "alerts-events", Summary: "there is no event in " + strings.Join(names, ", "),
			Why: "nothing was decided, and a gate must not take that for a yes", Fix: "name files of events, or: strongroom alerts replay samples"}
	}
	return cases, nil
}

// Samples are the library's, each a case of its own, as they happen in an account's
// home region. Empty: the example's.
func Samples(account, region string) ([]Case, error) {
	list, err := examples.Samples()
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, s := range list {
		raw := s.Event
		if account != "" && region != "" {
			raw = s.In(account, region)
		}
		e, err := NewEvent(s.Name, raw)
		if err != nil {
			return nil, err
		}
		cases = append(cases, Case{Name: s.Name, About: s.About, Events: []*Event{e}, Expect: &s.Expect})
	}
	return cases, nil
}

// endings of files that are looked for in directories.
var endings = []string{".json", ".jsonl", ".json.gz"}

const expectEnding = ".expect.json"

// filesOf are the files of a directory and those below it; a file is itself.
func filesOf(name string) (list []string, err error) {
	if name == "-" {
		return []string{name}, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != name && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case !d.Type().IsRegular() || strings.HasSuffix(path, expectEnding):
			return nil
		}
		if ending(path) != "" {
			list = append(list, path)
		}
		return nil
	})
	return list, err
}

// ending is the one of the endings that a path has; "" if it has none.
func ending(path string) string {
	for _, e := range endings {
		if strings.HasSuffix(path, e) {
			return e
		}
	}
	return ""
}

func unreadable(name string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &diag.Diagnostic{Rule: "alerts-events", Summary: err.Error(), At: diag.Location{File: name}, Err: err,
		Why: "an event that is left out might be the one that matters",
		Fix: "name readable files with events of EventBridge or CloudTrail records"}
}

// readCase reads one file.
func readCase(name string, stdin io.Reader) (c Case, err error) {
	c.Name = name
	var data []byte
	if name == "-" {
		c.Name = "stdin"
		if stdin == nil {
			return c, unreadable(c.Name, errors.New("there is no standard input"))
		}
		data, err = io.ReadAll(io.LimitReader(stdin, largest+1))
	} else {
		data, err = readFile(name)
	}
	if err == nil {
		data, err = unpacked(data)
	}
	if err == nil {
		c.Events, err = parse(c.Name, data)
	}
	if err != nil {
		return c, unreadable(c.Name, err)
	}
	if name == "-" {
		return c, nil
	}
	c.About, c.Expect, err = readExpectation(strings.TrimSuffix(name, ending(name)) + expectEnding)
	return c, err
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, largest+1))
}

// unpacked is what is in a gzip file, as CloudTrail's are; other data is itself.
func unpacked(data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(io.LimitReader(z, largest+1)); err != nil {
			return nil, err
		}
	}
	if len(data) > largest {
		return nil, fmt.Errorf("it has more than %d MiB", largest>>20)
	}
	return data, nil
}

// parse reads the events of a text: objects, arrays of them, CloudTrail's log files
// ({"Records": [...]}) and what lookup-events prints ({"Events": [...]}), one after the
// other.
func parse(place string, data []byte) (list []*Event, err error) {
	var raws []json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var v json.RawMessage
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("it is not JSON, from byte %d on: %w", dec.InputOffset(), err)
		}
		some, err := flat(v)
		if err != nil {
			return nil, err
		}
		raws = append(raws, some...)
	}
	if len(raws) == 0 {
		return nil, errors.New("there is no event in it")
	}
	for i, raw := range raws {
		at := place
		if len(raws) > 1 {
			at = fmt.Sprintf("%s[%d]", place, i)
		}
		e, err := NewEvent(at, raw)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// flat is what a value holds: itself, or the members of a list.
func flat(v json.RawMessage) (list []json.RawMessage, err error) {
	if v[0] == '[' {
		err = json.Unmarshal(v, &list)
		return list, err
	}
	if v[0] != '{' {
		return []json.RawMessage{v}, nil
	}
	var file struct {
		Records *[]json.RawMessage
		Events  *[]struct{ CloudTrailEvent *string }
	}
	if json.Unmarshal(v, &file) != nil { // an event may have a member of that name
		return []json.RawMessage{v}, nil
	}
	switch {
	case file.Records != nil:
		return *file.Records, nil
	case file.Events != nil:
		for _, e := range *file.Events {
			if e.CloudTrailEvent == nil {
				return nil, errors.New("it has Events without a CloudTrailEvent, which is what lookup-events prints")
			}
			list = append(list, json.RawMessage(*e.CloudTrailEvent))
		}
		return list, nil
	}
	return []json.RawMessage{v}, nil
}

// readExpectation reads what a file is expected to lead to; nil if there is no such file.
func readExpectation(name string) (about string, _ *examples.Expect, err error) {
	data, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	var in struct {
		About  string    `json:"about"`
		Alerts *int      `json:"alerts"`
		By     *[]string `json:"by"`
		Why    string    `json:"why"`
	}
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		err = dec.Decode(&in)
	}
	switch {
	case err != nil:
	case in.Alerts == nil || *in.Alerts < 0:
		err = errors.New("it does not have alerts, a number")
	case in.By == nil:
		err = errors.New("it does not have by, a list of rules and alarms")
	default:
		return in.About, &examples.Expect{Alerts: *in.Alerts, By: *in.By, Why: in.Why}, nil
	}
	return "", nil, &diag.Diagnostic{Rule: "alerts-expectation", Summary: err.Error(), At: diag.Location{File: name}, Err: err,
		Why: "an expectation that cannot be read is not met", Fix: `write it like this: {"alerts": 1, "by": ["root-sign-in"], "why": "..."}`}
}
