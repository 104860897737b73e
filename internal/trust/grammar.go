package trust

import (
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// What the claims of the forges look like, as regular expressions over the whole
// value. They are wide where the forge's own rules are not known, because a
// pattern that fits none of them is said to match no token.
const (
	gitLabPath = `[^\s:*?@/]+(?:/[^\s:*?@/]+)+`
	gitRef     = `[^\s:~^?*\[\\]+`
	// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens", sub,
	// and "Projects API", ci_id_token_sub_claim_components.
	gitLabSub    = `project_path:` + gitLabPath + `:ref_type:(?:branch|tag):ref:` + gitRef
	gitLabAnySub = `project_path:` + gitLabPath + `(?::(?:ref_type:(?:branch|tag)|ref:` + gitRef +
		`|(?:ref|environment)_protected:(?:true|false)|environment:[^:*?]+|deployment_tier:(?:production|staging|testing|development|other)))*`
	// Source: GitHub "OpenID Connect reference", example subject claims and
	// customising the token claims.
	gitHubRepo    = `repo:(?:[A-Za-z0-9_-]+/[A-Za-z0-9._-]+|[A-Za-z0-9_-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+)`
	gitHubContext = `(?:pull_request|environment:[^:]+|ref:refs/` + gitRef + `)`
	gitHubSub     = gitHubRepo + `:` + gitHubContext
)

// claimGrammars are the other claims that have a form.
var claimGrammars = map[oidc.Kind]map[string]string{
	oidc.KindGitLab: {
		"ref_protected": `true|false`, "runner_environment": `gitlab-hosted|self-hosted`,
		"namespace_id": `[0-9]+`, "project_id": `[0-9]+`, "user_id": `[0-9]+`,
	},
	oidc.KindGitHub: {
		"ref": `refs/.+`, "repository": `[A-Za-z0-9_-]+/[A-Za-z0-9._-]+`,
		"repository_id": `[0-9]+`, "repository_owner_id": `[0-9]+`, "actor_id": `[0-9]+`, "enterprise_id": `[0-9]+`,
		"job_workflow_ref": `[^/]+/[^/]+/\.github/workflows/.+@.+`,
	},
}

// subGrammar is what the subject of a forge's tokens looks like by default, or
// however a project may customise it. Empty: nothing is known.
func subGrammar(kind oidc.Kind, customised bool) string {
	switch {
	case kind == oidc.KindGitLab && customised:
		return gitLabAnySub
	case kind == oidc.KindGitLab:
		return gitLabSub
	case kind == oidc.KindGitHub && customised:
		// The claim ref has the form that the context gives it.
		names := slices.DeleteFunc(oidc.ClaimNames(kind), func(n string) bool { return n == "ref" })
		part := `(?:` + gitHubRepo + `|` + gitHubContext + `|(?:` + strings.Join(names, "|") + `|repo_property_[^:]+):[^:]+)`
		return part + `(?::` + part + `)*`
	case kind == oidc.KindGitHub:
		return gitHubSub
	}
	return ""
}

var grammars sync.Map // regular expression -> *syntax.Prog

func grammar(expr string) *syntax.Prog {
	if p, ok := grammars.Load(expr); ok {
		return p.(*syntax.Prog)
	}
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		panic(err) // the expressions are constants
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		panic(err)
	}
	grammars.Store(expr, prog)
	return prog
}

// longestValue bounds what possible compares; a longer value counts as possible.
const longestValue = 1024

// possible reports whether some text of the grammar is one that the operator
// takes for the wanted value. A policy variable stands for any text.
func possible(o policy.Operator, value, expr string) bool {
	if len(value) > longestValue {
		return true
	}
	if o.Fold {
		expr = `(?i:` + expr + `)`
	}
	prog := grammar(expr)
	want := wanted(o, value)
	type state struct {
		at int
		pc uint32
	}
	seen := make([]bool, (len(want)+1)*len(prog.Inst))
	var queue []state
	add := func(s state) {
		if i := s.at*len(prog.Inst) + int(s.pc); !seen[i] {
			seen[i] = true
			queue = append(queue, s)
		}
	}
	add(state{0, uint32(prog.Start)})
	for len(queue) > 0 {
		s := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		many := s.at < len(want) && want[s.at] == anyText
		if many {
			add(state{s.at + 1, s.pc})
		}
		switch in := &prog.Inst[s.pc]; in.Op {
		case syntax.InstMatch:
			if s.at == len(want) {
				return true
			}
		case syntax.InstAlt, syntax.InstAltMatch:
			add(state{s.at, in.Out})
			add(state{s.at, in.Arg})
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			add(state{s.at, in.Out})
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			switch {
			case many:
				add(state{s.at, in.Out})
			case s.at < len(want) && (want[s.at] == anyRune || in.MatchRune(want[s.at])):
				add(state{s.at + 1, in.Out})
			}
		}
	}
	return false
}

// What a wanted value has for its wildcards.
const (
	anyText rune = -1
	anyRune rune = -2
)

// wanted reads a value as the operator does.
func wanted(o policy.Operator, value string) (want []rune) {
	for skip := 0; value != ""; value = value[skip:] {
		if end := strings.IndexByte(value, '}'); end > 0 && strings.HasPrefix(value, "${") {
			want, skip = append(want, anyText), end+1
			continue
		}
		r, size := utf8.DecodeRuneInString(value)
		switch {
		case o.Like && r == '*':
			r = anyText
		case o.Like && r == '?':
			r = anyRune
		}
		want, skip = append(want, r), size
	}
	return want
}
