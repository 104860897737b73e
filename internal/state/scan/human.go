package scan

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Human writes reports for people. stack names what Human is not to repeat.
func Human(w io.Writer, reports []*Report) error {
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := r.human(w); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) human(w io.Writer) error {
	title := r.Where
	if r.Environment != "" {
		title = r.Environment + " " + r.Stack
		if r.Workspace != "default" {
			title += " (workspace " + r.Workspace + ")"
		}
		title += ": " + r.Where
	}
	fmt.Fprintln(w, title)
	verdict := "not as the spec says"
	if r.AsSpec {
		verdict = "as the spec says"
	}
	switch {
	case !r.Exists:
		fmt.Fprintf(w, "  %s\n", r.How)
	case !strings.HasPrefix(r.Where, "s3://"): // the spec cannot ask for more than it has
		fmt.Fprintf(w, "  encryption: %s\n", r.How)
	default:
		fmt.Fprintf(w, "  encryption: %s: %s\n", verdict, r.How)
	}
	if r.Exists && !r.ClientEncrypted {
		fmt.Fprintf(w, "  secrets in clear text: %d, in %d values\n", len(r.Findings), r.Values)
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, f := range r.Findings {
			what := f.Address
			if f.Path != "" {
				what += "  " + f.Path
			}
			fmt.Fprintf(table, "    %s\t%s\t%s\n", what, f.Value, f.Why)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		if from := schemas(r.Schemas); from != "" {
			fmt.Fprintf(w, "  schemas: %s\n", from)
		}
	}
	if r.Placeholders != nil {
		fmt.Fprintf(w, "  secrets put by hand: %d\n", len(r.Placeholders))
		for _, p := range r.Placeholders {
			fmt.Fprintf(w, "    %s: %s\n      why: %s\n      fix: %s\n", p.where(), p.What, p.Why, p.Fix)
		}
	}
	return nil
}

func schemas(list []SchemaSource) string {
	parts := []string{}
	for _, s := range list {
		switch {
		case s.Provider == "builtin/terraform": // whose resource has no sensitive attribute
		case s.From == "none":
			parts = append(parts, s.Provider+" not known (only the state's own marks)")
		default:
			parts = append(parts, s.Provider+" "+s.Version+" ("+s.From+")")
		}
	}
	return strings.Join(parts, ", ")
}
