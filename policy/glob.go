package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokText        tokenKind = iota
	tokOne                   // ?
	tokStar                  // *
	tokOneSegment            // ? that is not a colon
	tokStarSegment           // * that does not cross a colon
	tokVariable              // ${key} or ${key, 'default'}
)

type token struct {
	kind tokenKind
	text string // of tokText, and the default of tokVariable
	key  keyRef // of tokVariable
	def  bool   // tokVariable has a default
}

// pattern is compiled text with wildcards and policy variables. The common
// shapes have their own form, so that they cost one comparison.
type pattern struct {
	form form
	fold bool // compare letters without case
	// ascii: fold has to know the 26 letters only, as in names of actions.
	ascii bool
	text  string
	tail  string // of formAround
	toks  []token
	// variables reports that toks has some.
	variables bool
}

type form uint8

const (
	formTokens form = iota
	formAny         // *
	formNever       // matches nothing
	formExact       // no wildcard, no variable
	formPrefix      // text*
	formAround      // text*tail
)

// finish picks the form from the tokens.
func (p *pattern) finish() {
	for _, t := range p.toks {
		p.variables = p.variables || t.kind == tokVariable
	}
	switch {
	case len(p.toks) == 0:
		p.form = formExact
	case len(p.toks) == 1 && p.toks[0].kind == tokText:
		p.form, p.text = formExact, p.toks[0].text
	case len(p.toks) == 1 && p.toks[0].kind == tokStar:
		p.form = formAny
	case len(p.toks) == 2 && p.toks[0].kind == tokText && p.toks[1].kind == tokStar:
		p.form, p.text = formPrefix, p.toks[0].text
	case len(p.toks) == 3 && p.toks[0].kind == tokText && p.toks[1].kind == tokStar && p.toks[2].kind == tokText:
		p.form, p.text, p.tail = formAround, p.toks[0].text, p.toks[2].text
	}
}

// add appends a token; runs of text are one token and runs of stars one star.
func (p *pattern) add(t token) {
	if n := len(p.toks); n > 0 {
		last := &p.toks[n-1]
		switch {
		case t.kind == tokText && last.kind == tokText:
			last.text += t.text
			return
		case t.kind == tokStar && last.kind == tokStar, t.kind == tokStarSegment && last.kind == tokStarSegment:
			return
		}
	}
	p.toks = append(p.toks, t)
}

// match reports whether all of s matches. A variable without a value and
// without a default matches nothing.
//
// Source: IAM User Guide, reference_policies_variables (policy variables with
// no value).
func (p *pattern) match(s string, ctx *Context) bool {
	switch p.form {
	case formAny:
		return true
	case formNever:
		return false
	case formExact:
		if p.fold {
			return equalFold(s, p.text) || !p.ascii && strings.EqualFold(s, p.text)
		}
		return s == p.text
	case formPrefix:
		if p.fold {
			_, ok := cutFold(s, p.text)
			return ok
		}
		return strings.HasPrefix(s, p.text)
	case formAround:
		if !p.fold {
			return len(s) >= len(p.text)+len(p.tail) && strings.HasPrefix(s, p.text) && strings.HasSuffix(s, p.tail)
		}
	}
	return p.matchTokens(s, ctx)
}

// matchTokens walks the tokens once, going back to the last star on a mismatch.
// Two places to go back to are enough: a star that may not cross a colon either
// finds its match before the next colon or never does, whatever the stars of
// its kind before it took, so that only the last free star is worth another try.
func (p *pattern) matchTokens(s string, ctx *Context) bool {
	const none = -1
	ti, si := 0, 0
	free, freeAt := none, 0
	bound, boundAt := none, 0
	for {
		ok := true
		if ti == len(p.toks) {
			if si == len(s) {
				return true
			}
			ok = false
		} else {
			switch t := &p.toks[ti]; t.kind {
			case tokStar:
				if ti+1 == len(p.toks) {
					return true
				}
				free, freeAt, bound = ti, si, none
				ti++
				continue
			case tokStarSegment:
				bound, boundAt = ti, si
				ti++
				continue
			case tokOne, tokOneSegment:
				_, size := utf8.DecodeRuneInString(s[si:])
				ok = size > 0 && (t.kind == tokOne || s[si] != ':')
				si += size
			default:
				text, found := t.value(ctx)
				if !found {
					return false
				}
				var n int
				if n, ok = p.prefix(s[si:], text); ok {
					si += n
				}
			}
		}
		if ok {
			ti++
			continue
		}
		switch {
		case bound != none && boundAt < len(s) && s[boundAt] != ':':
			_, size := utf8.DecodeRuneInString(s[boundAt:])
			boundAt += size
			ti, si = bound+1, boundAt
		case free != none && freeAt < len(s):
			_, size := utf8.DecodeRuneInString(s[freeAt:])
			freeAt += size
			ti, si, bound = free+1, freeAt, none
		default:
			return false
		}
	}
}

// prefix returns how much of s the text takes.
func (p *pattern) prefix(s, text string) (int, bool) {
	if p.fold {
		return cutFold(s, text)
	}
	return len(text), strings.HasPrefix(s, text)
}

// value is the text that a text or variable token stands for.
func (t *token) value(ctx *Context) (string, bool) {
	if t.kind == tokText {
		return t.text, true
	}
	// A multivalued key cannot be a variable. A key that has no value is one
	// that is not there; that an empty string is no value is not spelled out.
	// Choice empty-variable.
	// Source: IAM User Guide, reference_policies_variables.
	if e := ctx.find(t.key); e != nil && !e.multi && e.one[0] != "" {
		return e.one[0], true
	}
	return t.text, t.def
}

// cutFold returns the length of the start of s that equals text without case.
func cutFold(s, text string) (int, bool) {
	i := 0
	for j := 0; j < len(text); {
		if i >= len(s) {
			return 0, false
		}
		if s[i] < utf8.RuneSelf && text[j] < utf8.RuneSelf {
			if lower(s[i]) != lower(text[j]) {
				return 0, false
			}
			i++
			j++
			continue
		}
		a, n := utf8.DecodeRuneInString(s[i:])
		b, m := utf8.DecodeRuneInString(text[j:])
		if !sameFold(a, b) {
			return 0, false
		}
		i += n
		j += m
	}
	return i, true
}

// sameFold compares beyond ASCII by Unicode's simple folding.
// Choice fold-beyond-ascii.
func sameFold(a, b rune) bool {
	if a == b {
		return true
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}
