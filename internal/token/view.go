package token

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// maxShown is how much of a value Text shows, in runes.
const maxShown = 120

// Text prints the report for a person.
func (r *Report) Text(w io.Writer, style diag.Style) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s: a token of %s, %s\n", paint(style, map[Verdict]string{Good: "32;1", Bad: "31;1", Unknown: "33;1"}[r.Verdict], string(r.Verdict)), r.Forge, r.state())
	b.WriteString("\nheader\n")
	wide := 0
	for _, h := range r.Header {
		wide = max(wide, utf8.RuneCountInString(shown(h.Name, maxShown)))
	}
	for _, h := range r.Header {
		fmt.Fprintf(b, "  %s  %s\n", pad(shown(h.Name, maxShown), wide), shown(h.Value, maxShown))
	}
	r.textClaims(b)
	r.textKeys(b)
	for _, level := range []Level{Error, Warning, Note} {
		for _, f := range r.Findings {
			if f.Level == level {
				f.text(b, style)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// state says in one clause what the verdict rests on.
func (r *Report) state() string {
	var says []string
	switch r.Signature.Status {
	case Verified:
		says = append(says, "signed by its issuer ("+shown(r.Signature.Keys, maxShown)+")")
	case Invalid:
		says = append(says, "not signed by its issuer: believe nothing below")
	default:
		says = append(says, "signature not checked")
	}
	if exp := r.Times.Expires; !exp.IsZero() {
		verb := "expires "
		if !r.now.Before(exp) {
			verb = "expired "
		}
		says = append(says, verb+r.ago(exp))
	}
	return strings.Join(says, ", ")
}

func (r *Report) textClaims(b *strings.Builder) {
	names, values := 0, 0
	rows := make([][3]string, len(r.Claims))
	for i, c := range r.Claims {
		rows[i] = [3]string{shown(c.Name, maxShown), r.value(c), c.Meaning}
		names = max(names, utf8.RuneCountInString(rows[i][0]))
		if n := utf8.RuneCountInString(rows[i][1]); n <= 44 {
			values = max(values, n)
		}
	}
	group := ""
	for i, c := range r.Claims {
		if c.Group != group {
			group = c.Group
			fmt.Fprintf(b, "\n%s\n", group)
		}
		mark := " "
		if c.Key != "" {
			mark = "*"
		}
		line := fmt.Sprintf("%s %s  %s  %s", mark, pad(rows[i][0], names), pad(rows[i][1], values), rows[i][2])
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// value is a claim's value for a person.
func (r *Report) value(c Claim) string {
	at := map[string]time.Time{"iat": r.Times.Issued, "nbf": r.Times.NotBefore, "exp": r.Times.Expires}[c.Name]
	if !at.IsZero() {
		return date(at) + ", " + r.ago(at)
	}
	values, many := oidc.ClaimValues(c.Value)
	switch {
	case c.Truncated:
		return escaped(c.Value.(string), maxShown)
	case c.Value == nil:
		return "null"
	case many && len(values) > 0:
		return shown(strings.Join(values, ", "), maxShown)
	case values != nil:
		return shown(values[0], maxShown)
	}
	text, err := json.Marshal(c.Value)
	if err != nil {
		return "(not shown)"
	}
	return escaped(string(text), maxShown)
}

// textKeys says what a trust policy makes of all this.
func (r *Report) textKeys(b *strings.Builder) {
	issuer := shown(strings.TrimPrefix(r.Issuer, "https://"), maxShown)
	b.WriteString("\n")
	if len(r.Keys) == 0 {
		b.WriteString("A trust policy sees nothing of this token.\n")
		return
	}
	fmt.Fprintf(b, "* A trust policy sees these, as %s:NAME.", issuer)
	var others []string
	for _, c := range r.Claims {
		if c.Key != "" && c.Key != r.key(c.Name) {
			others = append(others, shown(c.Name, maxShown)+" as "+shown(strings.TrimPrefix(c.Key, strings.TrimPrefix(r.Issuer, "https://")+":"), maxShown))
		}
	}
	if len(others) > 0 {
		b.WriteString(" (" + strings.Join(others, ", ") + ".)")
	}
	b.WriteString("\n  AWS STS shows it no other claim: a condition on one sees a missing key.\n")
}

func (r *Report) key(claim string) string {
	return strings.TrimPrefix(r.Issuer, "https://") + ":" + claim
}

func (f Finding) text(b *strings.Builder, style diag.Style) {
	where := ""
	if f.At.File != "" {
		where = shown(f.At.String(), 0) + ": "
	}
	colour := map[Level]string{Error: "31;1", Warning: "33;1", Note: "36;1"}[f.Level]
	fmt.Fprintf(b, "\n%s %s%s [%s]\n", paint(style, colour, string(f.Level)+":"), where, f.Summary, f.Rule)
	for _, line := range [][2]string{{"found", f.Found}, {"why", f.Why}, {"fix", f.Fix}} {
		if line[1] != "" {
			fmt.Fprintf(b, "  %s: %s\n", line[0], strings.ReplaceAll(line[1], "\n", "\n    "))
		}
	}
}

func paint(style diag.Style, code, s string) string {
	if !style.Colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s)))
}
