package history

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// Table writes histories for people.
func Table(w io.Writer, list []*History) error {
	for i, h := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, title(h.Environment, h.Stack, h.Workspace, h.Where))
		if len(h.Versions) == 0 {
			fmt.Fprintln(w, "  there is no state yet")
			continue
		}
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  SERIAL\tWRITTEN\tWHO\tBYTES\tRESOURCES\tCHANGES\tENCRYPTION\tVERSION")
		notes, seen := []string{}, map[string]bool{}
		note := func(text string) {
			if text != "" && !seen[text] {
				seen[text] = true
				notes = append(notes, text)
			}
		}
		for _, v := range h.Versions {
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.serial(), v.written(), v.who(), v.bytes(), v.resources(), v.changes(), encryption(v), v.name())
			if v.Unreadable != "" {
				note(v.name() + ": " + v.Unreadable)
			}
			if v.Who == Unknown {
				note("who is unknown: " + v.WhoUnknown)
			}
		}
		if err := table.Flush(); err != nil {
			return err
		}
		if h.Older > 0 {
			fmt.Fprintf(w, "  and %d older: --limit 0 shows all\n", h.Older)
		}
		for _, n := range notes {
			fmt.Fprintf(w, "  note: %s\n", n)
		}
	}
	return nil
}

func title(environment, stack, workspace, where string) string {
	t := environment + " " + stack
	if workspace != "default" {
		t += " (workspace " + workspace + ")"
	}
	return t + ": " + where
}

func (v *Version) serial() string {
	if v.Serial == nil {
		return "-"
	}
	return fmt.Sprint(*v.Serial)
}

func (v *Version) written() string {
	if v.Written == nil {
		return "-"
	}
	return v.Written.Format(time.RFC3339)
}

func (v *Version) who() string {
	if v.Event != "" && v.Event != "PutObject" {
		return v.Who + " (" + v.Event + ")"
	}
	return v.Who
}

func (v *Version) bytes() string {
	if v.Size < 0 || v.Deleted {
		return "-"
	}
	return fmt.Sprint(v.Size)
}

func (v *Version) resources() string {
	if v.Resources == nil {
		return "-"
	}
	return fmt.Sprint(*v.Resources)
}

func (v *Version) changes() string {
	switch c := v.Changes; {
	case v.Deleted:
		return "deleted"
	case v.Unreadable != "":
		return "unreadable"
	case c == nil:
		return "-"
	case *c == Changes{}:
		return "none"
	default:
		return fmt.Sprintf("+%d ~%d -%d", c.Added, c.Changed, c.Removed)
	}
}

func (v *Version) name() string {
	name := v.ID
	if v.Current {
		name = strings.TrimSpace(name + " (current)")
	}
	if name == "" {
		return "-"
	}
	return name
}

func encryption(v *Version) string {
	e := v.Encryption
	switch {
	case v.Deleted || e == (statestore.Encryption{}):
		return "-"
	case e.KeyARN != "":
		_, key, _ := strings.Cut(e.KeyARN, ":key/")
		return e.Algorithm + " " + key
	}
	return e.Algorithm
}

// Text writes differences for people. values is whether values were asked for.
func Text(w io.Writer, list []*Difference, values bool) {
	for i, d := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, title(d.Environment, d.Stack, d.Workspace, d.Where))
		if d.To == nil {
			fmt.Fprintln(w, "  there is no state yet")
			continue
		}
		fmt.Fprintf(w, "  from: %s\n  to:   %s\n", d.From.line(), d.To.line())
		if d.From != nil && d.From.Lineage != "" && d.To.Lineage != "" && d.From.Lineage != d.To.Lineage {
			fmt.Fprintln(w, "  note: their lineages differ: one does not come from the other")
		}
		for _, c := range d.Resources {
			change(w, c, values)
		}
		for _, c := range d.Outputs {
			c.Address = "output." + c.Address
			change(w, c, values)
		}
		added, changed, removed := d.Count()
		fmt.Fprintf(w, "  %d added, %d changed, %d removed", added, changed, removed)
		if n := len(d.Outputs); n > 0 {
			fmt.Fprintf(w, "; outputs that differ: %d", n)
		}
		fmt.Fprintln(w)
	}
}

func (v *Version) line() string {
	switch {
	case v == nil:
		return "nothing"
	case v.Deleted:
		return "nothing: it was deleted, " + v.written() + ", " + v.name()
	}
	return fmt.Sprintf("serial %s, %s, %s", v.serial(), v.written(), v.name())
}

var signs = map[string]string{tfstate.Added: "+", tfstate.Changed: "~", tfstate.Removed: "-"}

func change(w io.Writer, c tfstate.Change, values bool) {
	fmt.Fprintf(w, "  %s %s\n", signs[c.Action], c.Address)
	for _, a := range c.Attributes {
		path := a.Path
		if path == "" {
			path = "value"
		}
		switch {
		case a.Shown:
			fmt.Fprintf(w, "      %s: %s -> %s\n", path, scalar(a.From), scalar(a.To))
		case a.Sensitive:
			fmt.Fprintf(w, "      %s: (sensitive)\n", path)
		case values:
			fmt.Fprintf(w, "      %s: (not shown)\n", path)
		default:
			fmt.Fprintf(w, "      %s\n", path)
		}
	}
	if len(c.Other) > 0 {
		fmt.Fprintf(w, "      (%s)\n", strings.Join(c.Other, ", "))
	}
}

func scalar(s *string) string {
	if s == nil {
		return "nothing"
	}
	return *s
}
