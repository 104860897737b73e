package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// step is one step of a JSON path: a name, an index, or all.
type step struct {
	name  string
	index int // -1: by name; -2: all
}

var errPath = errors.New("the path is not understood: it is $ with .name, ['name'], [0] and [*]")

// parsePath reads the JSON paths that the sandbox implements.
// Source: EventBridge User Guide "Amazon EventBridge input transformation".
func parsePath(path string) (steps []step, err error) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, errPath
	}
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, "['") || strings.HasPrefix(rest, `["`):
			end := strings.Index(rest[2:], rest[1:2]+"]")
			if end < 1 {
				return nil, errPath
			}
			steps = append(steps, step{rest[2 : 2+end], -1})
			rest = rest[2+end+2:]
		case rest[0] == '[':
			inner, after, ok := strings.Cut(rest[1:], "]")
			n, err := strconv.Atoi(inner)
			switch {
			case !ok:
				return nil, errPath
			case inner == "*":
				n = -2
			case err != nil || n < 0:
				return nil, errPath
			}
			steps = append(steps, step{index: n})
			rest = after
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			if end == 0 {
				return nil, errPath
			}
			steps = append(steps, step{rest[1 : 1+end], -1})
			rest = rest[1+end:]
		default:
			return nil, errPath
		}
	}
	return steps, nil
}

// follow returns what a path leads to; ok is false if it leads nowhere.
func follow(v any, steps []step) (any, bool) {
	for i, s := range steps {
		switch s.index {
		case -1:
			m, ok := v.(map[string]any)
			if !ok {
				return nil, false
			}
			if v, ok = m[s.name]; !ok {
				return nil, false
			}
		case -2:
			list, ok := v.([]any)
			if !ok {
				return nil, false
			}
			out := []any{}
			for _, x := range list {
				if y, ok := follow(x, steps[i+1:]); ok {
					out = append(out, y)
				}
			}
			return out, true
		default:
			list, ok := v.([]any)
			if !ok || s.index >= len(list) {
				return nil, false
			}
			v = list[s.index]
		}
	}
	return v, true
}

func decode(event string) (v any, err error) {
	dec := json.NewDecoder(strings.NewReader(event))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// encode writes JSON without HTML's escapes.
func encode(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

var (
	placeholder = regexp.MustCompile(`<[A-Za-z0-9_.-]+>`)
	reserved    = map[string]bool{
		"aws.events.rule-arn": true, "aws.events.rule-name": true, "aws.events.event.ingestion-time": true,
		"aws.events.event": true, "aws.events.event.json": true,
	}
)

// checkTemplate refuses a template with a variable that nothing defines, and one whose
// result is neither JSON nor quoted lines.
func checkTemplate(id, template string, paths map[string]string) error {
	for _, v := range placeholder.FindAllString(template, -1) {
		if name := v[1 : len(v)-1]; paths[name] == "" && !reserved[name] {
			return wrong("InputTemplate for target %s contains invalid placeholder %s.", id, name)
		}
	}
	out := fill(template, func(string) (any, bool) { return "x", true })
	dec := json.NewDecoder(strings.NewReader(out))
	for n := 0; ; n++ {
		var v any
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) && n > 0 {
			return nil
		}
		if _, text := v.(string); err != nil || n > 0 && !text {
			return wrong("Invalid InputTemplate for target %s : it is neither JSON nor lines of quoted text", id)
		}
	}
}

// fill puts values for the placeholders. Inside of a quoted text a value stands without
// its own quotes; outside it is JSON. A variable that leads nowhere is an empty text.
// Source: EventBridge User Guide "Amazon EventBridge input transformation", "Common
// issues with transforming input". Not documented: an object inside of quotes; here it
// is escaped, so that the result stays JSON.
func fill(template string, value func(name string) (any, bool)) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(template); i++ {
		switch ch := template[i]; {
		case ch == '\\' && quoted && i+1 < len(template):
			b.WriteString(template[i : i+2])
			i++
			continue
		case ch == '"':
			quoted = !quoted
		case ch == '<':
			at := placeholder.FindStringIndex(template[i:])
			if at == nil || at[0] != 0 {
				break
			}
			v, ok := value(template[i+1 : i+at[1]-1])
			if !ok {
				v = ""
			}
			text, _ := encode(v) // it was decoded from JSON
			if quoted {
				if s, ok := v.(string); !ok {
					text, _ = encode(text)
				} else {
					text, _ = encode(s)
				}
				text = text[1 : len(text)-1]
			}
			b.WriteString(text)
			i += at[1] - 1
			continue
		}
		b.WriteByte(template[i])
	}
	return b.String()
}

// input is what the target gets for an event.
func (t *target) input(r *rule, event string, now time.Time) (string, error) {
	if t.Input != nil {
		return *t.Input, nil
	}
	if t.Path == nil && t.Template == nil {
		return event, nil
	}
	v, err := decode(event)
	if err != nil {
		return "", err
	}
	if t.Path != nil {
		steps, err := parsePath(*t.Path)
		if err != nil {
			return "", err
		}
		part, ok := follow(v, steps)
		if !ok {
			return "", fmt.Errorf("the event has nothing at the InputPath %s", *t.Path)
		}
		return encode(part)
	}
	return fill(*t.Template, func(name string) (any, bool) {
		switch name {
		case "aws.events.rule-arn":
			return r.arn(), true
		case "aws.events.rule-name":
			return r.Name, true
		case "aws.events.event.ingestion-time":
			return now.UTC().Format("2006-01-02T15:04:05Z"), true
		case "aws.events.event.json":
			return v, true
		case "aws.events.event": // without detail
			m, _ := v.(map[string]any)
			own := map[string]any{}
			for name, value := range m {
				if name != "detail" {
					own[name] = value
				}
			}
			return own, true
		}
		steps, err := parsePath(t.Paths[name])
		if err != nil {
			return nil, false
		}
		return follow(v, steps)
	}), nil
}
