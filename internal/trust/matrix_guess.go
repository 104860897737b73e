package trust

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// Guess completes a project from what the roles' trust policies say of it: whose
// subjects they name, which refs and environments, which audience and which IDs.
// What was given stays. assumed says in words what was taken from the policies
// that the policies cannot prove. The error says what has to be given.
func Guess(given oidc.Project, roles []*Role) (p oidc.Project, assumed []string, err error) {
	p = given
	all := wishes(roles)
	if err := guessPath(&p, all, roles); err != nil {
		return p, nil, err
	}
	refs := guessRefs(&p, all)
	if p.Audience == "" {
		p.Audience = guessAudience(&p, all, roles)
	}
	if len(refs) > 0 {
		assumed = append(assumed, strings.Join(refs, ", "))
	}
	for _, id := range []struct {
		claim, of string
		put       *string
		forge     oidc.Kind
	}{
		{"project_id", "the project", &p.ProjectID, oidc.KindGitLab},
		{"namespace_id", "the project's group", &p.NamespaceID, oidc.KindGitLab},
		{"repository_id", "the repository", &p.RepositoryID, oidc.KindGitHub},
		{"repository_owner_id", "the repository's owner", &p.OwnerID, oidc.KindGitHub},
	} {
		if string(id.forge) != p.Forge || *id.put != "" {
			continue
		}
		if values := valuesOf(all, &p, id.claim); len(values) == 1 {
			*id.put = values[0]
			assumed = append(assumed, fmt.Sprintf("%s %s is that of %s", id.claim, values[0], id.of))
		}
	}
	return p, assumed, nil
}

// wish is what an Allow statement wants of a claim.
type wish struct {
	issuer, claim string
	values        []string
}

// wishes reads the conditions of the roles' Allow statements that are met by a
// value, not by the absence of one.
func wishes(roles []*Role) (list []wish) {
	for _, r := range roles {
		all, _ := statements(r.Policy)
		for _, s := range all {
			for _, c := range s.conditions {
				issuer, claim, ok := claimKey(c.key)
				if ok && s.effect == policy.EffectAllow && !c.operator.Negated && c.operator.Family != policy.FamilyNull {
					list = append(list, wish{issuer, strings.ToLower(claim), c.values})
				}
			}
		}
	}
	return list
}

// subject is a sub pattern taken apart, as far as it names one project.
type subject struct {
	forge, issuer, path   string
	ownerID, repositoryID string
	immutable             bool
	tail                  string // after the project
}

func readSubject(issuer, sub string) (s subject, ok bool) {
	s.issuer = "https://" + issuer
	if rest, is := strings.CutPrefix(sub, "project_path:"); is {
		s.forge = string(oidc.KindGitLab)
		s.path, s.tail, _ = strings.Cut(rest, ":")
	} else if rest, is := strings.CutPrefix(sub, "repo:"); is {
		s.forge = string(oidc.KindGitHub)
		s.path, s.tail, _ = strings.Cut(rest, ":")
		owner, name, _ := strings.Cut(s.path, "/")
		if o, oid, is := strings.Cut(owner, "@"); is {
			n, rid, _ := strings.Cut(name, "@")
			s.immutable, s.ownerID, s.repositoryID, s.path = true, oid, rid, o+"/"+n
		}
	}
	return s, strings.Contains(s.path, "/") && !strings.ContainsAny(s.path, "*?$")
}

// guessPath finds the one project that the subjects name.
func guessPath(p *oidc.Project, all []wish, roles []*Role) error {
	var found []subject
	names := map[string]bool{}
	for _, w := range all {
		if w.claim != "sub" {
			continue
		}
		for _, v := range w.values {
			s, ok := readSubject(w.issuer, v)
			if !ok || p.Forge != "" && s.forge != p.Forge || p.Path != "" && s.path != p.Path || p.Issuer != "" && s.issuer != p.Issuer {
				continue
			}
			found = append(found, s)
			names[fmt.Sprintf("--project %s --forge %s --issuer %s", s.path, s.forge, s.issuer)] = true
		}
	}
	switch {
	case len(names) > 1:
		list := make([]string, 0, len(names))
		for n := range names {
			list = append(list, n)
		}
		sort.Strings(list)
		return fmt.Errorf("the trust policies name %d projects, and a matrix is about one; add one of:\n  %s", len(list), strings.Join(list, "\n  "))
	case len(found) > 0:
		s := found[0]
		p.Path, p.Forge, p.Issuer = s.path, s.forge, s.issuer
		i := slices.IndexFunc(found, func(s subject) bool { return s.immutable })
		if i >= 0 && p.OwnerID == "" && p.RepositoryID == "" && !strings.ContainsAny(found[i].ownerID+found[i].repositoryID, "*?") {
			p.Immutable, p.OwnerID, p.RepositoryID = true, found[i].ownerID, found[i].repositoryID
		}
		return nil
	case p.Path == "":
		return fmt.Errorf("no subject in the trust policies names a project in full; add --project GROUP/PROJECT")
	}
	if p.Issuer == "" && p.Forge == "" {
		p.Issuer = anIssuer(roles)
	}
	if p.Forge == "" {
		p.Forge = string(oidc.KindGitLab)
		if oidc.KindOf(p.Issuer) == oidc.KindGitHub {
			p.Forge = string(oidc.KindGitHub)
		}
	}
	return nil
}

// anIssuer is that of the first provider that a role trusts; "": there is none.
func anIssuer(roles []*Role) string {
	for _, r := range roles {
		for _, f := range r.Policy.FederatedPrincipals() {
			if _, issuer, ok := strings.Cut(f, ":oidc-provider/"); ok {
				return "https://" + issuer
			}
		}
	}
	return ""
}

// guessRefs gives the shapes the refs and the environment that the subjects
// name: a ref that is named in full is taken for a protected one, a pattern for
// one that anybody may make a ref of.
func guessRefs(p *oidc.Project, all []wish) (assumed []string) {
	var exact, patterns, tags, environments []string
	for _, w := range all {
		for _, v := range w.values {
			if s, ok := readSubject(w.issuer, v); w.claim == "sub" && ok && s.path == p.Path {
				branch, tag, environment := s.parts()
				if branch != "" && strings.ContainsAny(branch, "*?") {
					patterns = append(patterns, branch)
				} else if branch != "" {
					exact = append(exact, branch)
				}
				tags, environments = append(tags, tag), append(environments, environment)
			}
		}
	}
	environments = append(environments, valuesOf(all, p, "environment")...)
	for _, ref := range valuesOf(all, p, "ref") { // a claim of GitHub's, in full
		if branch, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			exact = append(exact, branch)
		}
		if tag, ok := strings.CutPrefix(ref, "refs/tags/"); ok {
			tags = append(tags, tag)
		}
	}
	take := func(put *string, what string, from ...string) {
		for _, name := range from {
			if i := instance(name); *put == "" && strings.Trim(name, "*?") != "" && i != p.Branch {
				*put = i
				assumed = append(assumed, what+" "+i)
			}
		}
	}
	if i := slices.IndexFunc(exact, func(b string) bool { return b == "main" || b == "master" }); i >= 0 {
		take(&p.Branch, "default branch", exact[i])
	}
	take(&p.Branch, "default branch", exact...)
	take(&p.Protected, "protected branch", exact...)
	take(&p.Feature, "branch", patterns...)
	take(&p.Tag, "tag", tags...)
	take(&p.Environment, "environment", environments...)
	return assumed
}

// parts are the ref and the environment that a sub names; "": it names none.
func (s *subject) parts() (branch, tag, environment string) {
	fields := strings.Split(s.tail, ":")
	kind := "branch"
	for i := 0; i+1 < len(fields); i++ {
		switch value := fields[i+1]; fields[i] {
		case "ref_type":
			kind = value
		case "ref":
			switch {
			case strings.HasPrefix(value, "refs/tags/"):
				tag = strings.TrimPrefix(value, "refs/tags/")
			case kind == "tag":
				tag = value
			default:
				branch = strings.TrimPrefix(value, "refs/heads/")
			}
		case "environment":
			environment = value
		}
	}
	return branch, tag, environment
}

// guessAudience is the audience that a policy of the issuer wants, or the only
// one that its provider accepts; "": nothing tells.
func guessAudience(p *oidc.Project, all []wish, roles []*Role) string {
	if values := valuesOf(all, p, "aud"); len(values) > 0 {
		return values[0]
	}
	issuer := strings.TrimPrefix(p.Issuer, "https://")
	for _, r := range roles {
		if clients := r.Clients[issuer]; len(clients) == 1 {
			return clients[0]
		}
	}
	return ""
}

// valuesOf are the values without wildcards that the policies want of a claim of
// the project's issuer, each once.
func valuesOf(all []wish, p *oidc.Project, claim string) (values []string) {
	issuer := strings.TrimPrefix(p.Issuer, "https://")
	for _, w := range all {
		if !strings.EqualFold(w.issuer, issuer) || w.claim != claim {
			continue
		}
		for _, v := range w.values {
			if !strings.ContainsAny(v, "*?$") && !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
	}
	return values
}

// instance is a text that a pattern matches.
func instance(pattern string) string {
	if strings.HasPrefix(pattern, "v*") {
		pattern = "v1.0.0" + strings.TrimLeft(pattern[2:], "*")
	}
	return strings.NewReplacer("*", "1", "?", "1").Replace(pattern)
}
