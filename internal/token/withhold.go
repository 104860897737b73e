package token

import (
	"regexp"
	"strings"
)

// compact is what a signed token looks like wherever it is hidden.
var compact = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)

// hidden stands where a part of a token would be.
const hidden = "(withheld)"

// withhold takes the token's own parts, and whatever else looks like a token, out
// of a text that is going to be shown.
func (r *Report) withhold(s string) string {
	for _, part := range r.withheld {
		s = strings.ReplaceAll(s, part, hidden)
	}
	return compact.ReplaceAllLiteralString(s, hidden)
}

// withholdIn is withhold for all texts of a JSON value.
func (r *Report) withholdIn(v any) any {
	switch v := v.(type) {
	case string:
		return r.withhold(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = r.withholdIn(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[r.withhold(name)] = r.withholdIn(e)
		}
		return out
	}
	return v
}

// scrub is withhold for a whole report.
func (r *Report) scrub() {
	for i, h := range r.Header {
		r.Header[i] = Header{r.withhold(h.Name), r.withhold(h.Value)}
	}
	for _, s := range []*string{&r.Forge, &r.Issuer, &r.Signature.Algorithm, &r.Signature.KeyID, &r.Signature.Keys} {
		*s = r.withhold(*s)
	}
	for i, f := range r.Findings {
		d := *f.Diagnostic
		d.Summary, d.Found, d.Why, d.At.File = r.withhold(d.Summary), r.withhold(d.Found), r.withhold(d.Why), r.withhold(d.At.File)
		r.Findings[i].Diagnostic = &d
	}
	for i, k := range r.Keys {
		k.Name, k.Values = r.withhold(k.Name), append([]string{}, k.Values...)
		for j, v := range k.Values {
			k.Values[j] = r.withhold(v)
		}
		r.Keys[i] = k
	}
}
