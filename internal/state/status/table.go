package status

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// Table prints rows for a person: a line each, then what is not as the spec says, who
// holds locks, and why something is not known, each reason once. now is what ages are
// counted from.
func Table(w io.Writer, rows []*Row, now time.Time) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ENVIRONMENT\tSTACK\tWORKSPACE\tSERIAL\tRES\tSIZE\tWRITTEN\tBY\tENCRYPTION\tBUCKET KEY\tLOCK\tVERSIONS\tPRINCIPAL\tAS THE SPEC SAYS")
	for _, r := range rows {
		fmt.Fprintln(table, strings.Join([]string{
			r.Environment, r.Stack, r.Workspace, serial(r), resources(r), size(r), written(r, now), writer(r), encryption(r), bucketKey(r), lock(r, now), versions(r), principal(r), asSpec(r),
		}, "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	notes := []string{}
	seen := map[string]bool{}
	note := func(format string, args ...any) {
		if text := fmt.Sprintf(format, args...); !seen[text] {
			seen[text] = true
			notes = append(notes, text)
		}
	}
	for _, r := range rows {
		for _, d := range r.Drift {
			note("%s: %s", r.Where, d)
		}
		switch r.Lock.Held {
		case "yes":
			note("%s is locked by %s for %s (lock %s): strongroom state unlock --env %s --stack %s", r.Where, r.Lock.Who, r.Lock.Operation, r.Lock.ID, r.Environment, r.Stack)
		case "left":
			note("%s has a lock file that a killed process left: %s, for %s; it holds nobody up: strongroom state unlock --env %s --stack %s", r.Where, r.Lock.Who, r.Lock.Operation, r.Environment, r.Stack)
		}
		for _, u := range r.Versions.Under {
			note("%s: versions under %s: %d", r.Where, u.Encryption, u.Count)
		}
	}
	for _, r := range rows {
		for _, d := range r.Doubts {
			about := r.Where
			if strings.HasPrefix(d, verify.PrincipalReads) || slices.Contains(r.shared, d) {
				about = r.Environment // it is the same of all its states, or says of which it is
			}
			note("not known: %s: %s", about, d)
		}
		if r.Exists == "unknown" {
			note("not known: %s: %s", r.Where, r.Why)
		}
		for _, u := range [][2]string{{"who wrote it", r.Writer.Unknown}, {"the lock", r.Lock.Unknown}, {"versions", r.Versions.Unknown}} {
			if u[1] != "" && r.Exists != "no" {
				note("not known: %s: %s", u[0], u[1])
			}
		}
	}
	if len(notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, n := range notes {
		if _, err := fmt.Fprintln(w, diag.Visible(n)); err != nil {
			return err
		}
	}
	return nil
}

func serial(r *Row) string {
	switch {
	case r.Exists == "no":
		return "none"
	case r.Contents.Serial == nil:
		return "?"
	}
	return strconv.FormatUint(*r.Contents.Serial, 10)
}

func resources(r *Row) string {
	switch {
	case r.Exists == "no":
		return "-"
	case r.Contents.Resources == nil:
		return "?"
	}
	return strconv.Itoa(*r.Contents.Resources)
}

func size(r *Row) string {
	if r.Size == nil {
		return "-"
	}
	switch n := *r.Size; {
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 10<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	default:
		return fmt.Sprintf("%d MiB", n>>20)
	}
}

func written(r *Row, now time.Time) string {
	if r.Modified == nil {
		return "-"
	}
	return Age(now, *r.Modified) + " ago"
}

// writer is the end of an ARN: "user/terraform".
func writer(r *Row) string {
	switch who := r.Writer.Who; {
	case who == "" && r.Exists == "no":
		return "-"
	case who == "":
		return "?"
	case strings.HasPrefix(who, "arn:"):
		return who[strings.LastIndexByte(who, ':')+1:]
	default:
		return who
	}
}

func encryption(r *Row) string {
	text := ""
	switch e := r.Encryption; {
	case r.Exists == "no":
		return "-"
	case r.Backend != "s3":
		text = "-"
	case e == (statestore.Encryption{}):
		text = "?"
	case e.KeyARN != "":
		text = strings.Replace(e.Algorithm, "aws:kms", "SSE-KMS", 1) + " " + e.KeyARN[strings.LastIndexByte(e.KeyARN, ':')+1:]
	default:
		text = verify.Words(e)
	}
	if r.Client {
		text += ", OpenTofu"
	}
	return text
}

func bucketKey(r *Row) string {
	switch {
	case r.Exists != "yes" || r.Encryption.KeyARN == "":
		return "-"
	case r.Encryption.BucketKey:
		return "on"
	}
	return "off"
}

func lock(r *Row, now time.Time) string {
	switch r.Lock.Held {
	case "no":
		return "free"
	case "left":
		return "left behind"
	case "yes":
		if r.Lock.Since != nil {
			return r.Lock.Who + ", " + Age(now, *r.Lock.Since)
		}
		return r.Lock.Who
	}
	return "?"
}

func versions(r *Row) string {
	switch {
	case r.Versions.Kept == nil:
		return "?"
	case *r.Versions.Deleted > 0:
		return fmt.Sprintf("%d, deleted %d", *r.Versions.Kept, *r.Versions.Deleted)
	}
	return strconv.Itoa(*r.Versions.Kept)
}

func principal(r *Row) string {
	word := map[verify.Status]string{verify.OK: "reads", verify.Failed: "CANNOT READ", verify.Unknown: "?", verify.Skipped: "-"}[r.Principal.Reads]
	if r.Principal.Decided && r.Principal.Reads == verify.OK {
		word += ", decided"
	}
	return word
}

func asSpec(r *Row) string {
	switch {
	case len(r.Drift) > 0:
		return "NO"
	case r.Exists == "no":
		return "-"
	case len(r.Doubts) > 0 || r.Exists != "yes":
		return "?"
	}
	return "yes"
}

// GuardTable prints what the guard found.
func GuardTable(w io.Writer, list []*First) error {
	for _, f := range list {
		word := map[string]string{"yes": "ok  ", "no": "NO  ", "unknown": "?   "}[f.As]
		text := "it would go to the " + f.Backend + " backend"
		if f.Backend == "s3" {
			text = verify.Words(f.Encryption)
		}
		if f.As != "yes" {
			text = f.Why
		} else if f.Client {
			text += ", encrypted by OpenTofu before"
		}
		fmt.Fprintf(w, "%s%s  %s: %s\n      by %s\n", word, f.Environment, f.Stack, diag.Visible(text), f.By)
		if f.Fix != "" {
			fmt.Fprintf(w, "      mend: %s\n", f.Fix)
		}
		for _, n := range f.Notes {
			fmt.Fprintf(w, "      note: %s\n", diag.Visible(n))
		}
	}
	count := map[string]int{}
	for _, f := range list {
		count[f.As]++
	}
	stacks := "stacks"
	if len(list) == 1 {
		stacks = "stack"
	}
	_, err := fmt.Fprintf(w, "%d %s: the first write of %d would be encrypted as the spec says, of %d not, of %d it cannot be told\n", len(list), stacks, count["yes"], count["no"], count["unknown"])
	return err
}
