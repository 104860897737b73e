package trust

import (
	"maps"
	"regexp"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// stranger is a token like the presented one that an edit must not let in.
type stranger struct {
	who   string
	token *Presented
	// hostile: nobody may ever let it in. Else it may have come in before.
	hostile bool
}

// strangers are the neighbours of a token: other owners and projects with
// similar names, other branches, environments, audiences and issuers.
func strangers(t *Presented) (all []stranger) {
	add := func(who string, hostile bool, change func(claims map[string]any)) {
		claims := maps.Clone(t.Claims)
		change(claims)
		all = append(all, stranger{who, &Presented{Issuer: t.Issuer, Claims: claims, Session: t.Session}, hostile})
	}
	set := func(name, value string) func(map[string]any) {
		return func(c map[string]any) { c[name] = value }
	}
	add("a token for another audience", true, func(c map[string]any) {
		c["aud"] = "https://vault.example.com"
		delete(c, "azp")
	})
	elsewhere := maps.Clone(t.Claims)
	elsewhere["iss"] = "https://gitlab.example.org"
	all = append(all, stranger{"the same claims from another issuer", &Presented{Issuer: "https://gitlab.example.org", Claims: elsewhere, Session: t.Session}, true})
	project := t.project()
	if project == "" {
		add("a subject that begins the same", true, set("sub", t.subject()+"-evil"))
		add("a subject that ends the same", true, set("sub", "evil-"+t.subject()))
		add("another subject", true, set("sub", "mallory"))
		return all
	}
	owner, name, _ := strings.Cut(project, "/")
	rename := func(who string, hostile bool, to string) {
		claims := maps.Clone(t.Claims)
		renameClaims(claims, project, to)
		if claims["sub"] != t.Claims["sub"] {
			all = append(all, stranger{who, &Presented{Issuer: t.Issuer, Claims: claims, Session: t.Session}, hostile})
		}
	}
	rename("a project of another owner", true, "mallory/"+name)
	rename("an owner whose name begins the same", true, owner+"-evil/"+name)
	rename("an owner whose name ends the same", true, "evil-"+owner+"/"+name)
	if oidc.KindOfToken(t.Issuer, t.Claims) == oidc.KindGitLab {
		rename("a path that ends the same, in a stranger's group", true, "mallory/"+project)
	}
	rename("a project whose name begins the same", false, project+"-fork")
	rename("another project of the same owner", false, owner+"/another")
	claims := maps.Clone(t.Claims)
	if ref, _ := t.Claims["ref"].(string); ref != "" {
		renameRef(claims, ref, "unreviewed")
	}
	if claims["sub"] != t.Claims["sub"] {
		all = append(all, stranger{"another branch or tag", &Presented{Issuer: t.Issuer, Claims: claims, Session: t.Session}, false})
	} else if m := ofProject.FindString(t.subject()); m != "" {
		// The subject tells no ref: that of a pull request, or of an environment.
		add("a branch of the same project", false, func(c map[string]any) {
			c["ref"] = "refs/heads/unreviewed"
			c["sub"] = m + "ref:refs/heads/unreviewed"
			if strings.HasPrefix(m, "project_path:") {
				c["ref"], c["sub"] = "unreviewed", m+"ref_type:branch:ref:unreviewed"
			}
			delete(c, "environment")
		})
	}
	if env, _ := t.Claims["environment"].(string); env != "" {
		if sub := strings.Replace(t.subject(), ":environment:"+env, ":environment:another", 1); sub != t.subject() {
			add("another environment", false, func(c map[string]any) { c["sub"], c["environment"] = sub, "another" })
		}
	}
	return all
}

// ofProject is the part of a subject that names the project.
var ofProject = regexp.MustCompile(`^(?:repo|project_path):[^:]+:`)

// project is the path of the token's project or repository; empty: unknown.
func (t *Presented) project() string {
	for _, name := range []string{"project_path", "repository"} {
		if s, _ := t.Claims[name].(string); strings.Contains(s, "/") {
			return s
		}
	}
	for _, prefix := range []string{"project_path:", "repo:"} {
		if rest, ok := strings.CutPrefix(t.subject(), prefix); ok {
			path, _, _ := strings.Cut(rest, ":")
			if strings.Contains(path, "/") && !strings.Contains(path, "@") {
				return path
			}
		}
	}
	return ""
}

// renameClaims makes the claims those of another project: its path wherever it
// stands, and other IDs.
func renameClaims(claims map[string]any, from, to string) {
	ids := map[string]string{}
	for _, name := range []string{"project_id", "namespace_id", "repository_id", "repository_owner_id"} {
		if s, ok := text1(claims[name]); ok {
			ids["@"+s] = "@9" + s
			claims[name] = "9" + s
		}
	}
	fromOwner, fromName, _ := strings.Cut(from, "/")
	toOwner, toName, _ := strings.Cut(to, "/")
	for name, v := range claims {
		s, ok := v.(string)
		if !ok || name == "iss" || name == "aud" {
			continue
		}
		s = strings.ReplaceAll(s, from, to)
		if name == "sub" {
			// The immutable form has IDs between the names.
			if m := withIDs.FindStringSubmatch(s); m != nil && m[1] == fromOwner && m[2] == fromName {
				s = strings.Replace(s, "repo:"+fromOwner+"@", "repo:"+toOwner+"@", 1)
				s = strings.Replace(s, "/"+fromName+"@", "/"+toName+"@", 1)
			}
			for old, other := range ids {
				s = strings.ReplaceAll(s, old, other)
			}
		}
		claims[name] = s
	}
	for _, name := range []string{"repository_owner", "namespace_path"} {
		if s, ok := claims[name].(string); ok && s == fromOwner {
			claims[name] = toOwner
		}
	}
}

// renameRef makes the claims those of another branch or tag.
func renameRef(claims map[string]any, from, to string) {
	short := from
	for _, prefix := range []string{"refs/heads/", "refs/tags/"} {
		short = strings.TrimPrefix(short, prefix)
	}
	for _, name := range []string{"sub", "ref", "ref_path"} {
		s, ok := claims[name].(string)
		if !ok || !strings.HasSuffix(s, short) {
			continue
		}
		claims[name] = strings.TrimSuffix(s, short) + to
	}
}

// text1 is a claim that is one plain value.
func text1(v any) (string, bool) {
	values, many := oidc.ClaimValues(v)
	if many || len(values) != 1 {
		return "", false
	}
	return values[0], true
}
