package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// Derive is the expectation of a role whose spec has none: it admits the
// project's own tokens whose subject is one of subjects, which may have
// wildcards, if they come from the issuer for the audience. A role that writes
// admits no change that nobody has accepted, and no role admits anybody else's.
func Derive(p oidc.Project, subjects []string, writes bool) (*Expectation, error) {
	project, shapes, err := oidc.Around(p)
	if err != nil {
		return nil, err
	}
	e := &Expectation{Admit: []string{}}
	for i := range shapes {
		row, err := newRow(&shapes[i])
		if err != nil {
			return nil, err
		}
		if row.Group == oidc.OfOthers || writes && row.Group == oidc.OfChange {
			continue
		}
		named := func(t Presented) bool {
			sub, _ := t.Claims["sub"].(string)
			return t.Issuer == project.Issuer && audienceOf(&t) == project.Audience &&
				slices.ContainsFunc(subjects, func(pattern string) bool { return glob(pattern, sub) })
		}
		if !slices.ContainsFunc(row.tokens, func(t Presented) bool { return !named(t) }) {
			e.Admit = append(e.Admit, row.ID)
		}
	}
	return e, nil
}

// glob reports whether a text is one of a pattern's, in which * stands for any
// characters and ? for one. It is not the engine's, so that an expectation does
// not rest on what it is held against.
func glob(pattern, text string) bool {
	p, t, star, back := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, back = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0: // let the last * take one more
			back++
			p, t = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// judge holds a cell against what is expected of the role. What cannot be told
// is no surprise, whatever was expected.
func judge(c *Cell, row *Row, r *Role, e *Expectation) {
	if e == nil {
		never := row.Group == oidc.OfOthers && (r.Writes || row.Who != oidc.Members) || row.Group == oidc.OfChange && (r.Writes || row.Who == oidc.Contributors)
		if never {
			c.Expected = Refused
		}
	} else {
		c.Expected = Refused
		if slices.Contains(e.Admit, row.ID) {
			c.Expected = Admitted
		}
	}
	c.Surprise = c.Expected != "" && c.Verdict != Undecided && c.Verdict != c.Expected
}

// surprise says who can do what nobody expected, and how to mend it.
func (m *Matrix) surprise(c *Cell) Surprise {
	row, _ := m.row(c.Shape)
	s := Surprise{Role: c.Role, Shape: c.Shape, Verdict: c.Verdict, Who: row.Who, By: row.By, DecidedBy: c.DecidedBy}
	begin := "project_path:" + m.Project.Path + ":"
	if m.Project.Forge == string(oidc.KindGitHub) {
		begin = "repo:" + m.Project.Path + ":"
	}
	twin, keys := m.twin(c, row)
	switch {
	case c.Verdict == Refused:
		s.Fix = fmt.Sprintf("let the trust policy admit the subject %s, or take %q out of the expectation", row.Subjects[0], row.ID)
	case row.ID == "wrong-audience":
		s.Fix = "let every statement ask for the one audience: StringEquals aud " + m.Project.Audience
	case row.Group == oidc.OfOthers:
		s.Fix = "let every statement name the issuer, the audience and, by StringEquals or StringLike, a sub that begins with " + begin
	case twin != "" && len(keys) == 0:
		s.Fix = fmt.Sprintf("AWS is shown nothing that tells it from %s, so expect it as well, or refuse both", twin)
	case twin != "":
		s.Fix = fmt.Sprintf("its sub is that of %s; add a condition on %s, which tells them apart, or expect it as well", twin, strings.Join(keys, " or "))
	case row.Group == oidc.OfChange:
		s.Fix = "name the ref that may use the role in the condition on sub: if only accepted changes may, the protected branch or tag"
	default:
		s.Fix = "narrow the condition on sub, or expect it as well if it may"
	}
	return s
}

// twin is an admitted and expected shape with the subject of a surprising one, if
// there is one, and the condition keys by which AWS could tell them apart.
func (m *Matrix) twin(c *Cell, row *Row) (id string, keys []string) {
	for i := range m.Shapes {
		other := &m.Shapes[i]
		cell := m.Cell(other.ID, c.Role)
		if cell.Expected != Admitted || cell.Verdict != Admitted || other.Issuer != row.Issuer || !slices.Equal(other.Subjects, row.Subjects) {
			continue
		}
		values := map[string]string{}
		for _, k := range oidc.ConditionKeys(other.Issuer, other.tokens[0].Claims) {
			values[k.Name] = strings.Join(k.Values, " ")
		}
		for _, k := range oidc.ConditionKeys(row.Issuer, row.tokens[0].Claims) {
			if values[k.Name] != strings.Join(k.Values, " ") && !slices.Contains(open, k.Claim) {
				keys = append(keys, k.Name)
			}
		}
		return other.ID, keys
	}
	return "", nil
}
