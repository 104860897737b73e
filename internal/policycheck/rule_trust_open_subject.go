package policycheck

import (
	"regexp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

var trustOpenSubject = &Rule{
	ID: "trust-open-subject", Severity: Error,
	Summary: "a role that a stranger's token opens",
	Why:     "everybody can have an account with the forge and run a pipeline there; only its subject tells your pipelines from theirs",
	Fix:     "hold the subject to your group or organisation and project, with no wildcard before the first slash after its name",
	Page:    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html",
	Kind:    kindTrust,
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}, "StringLike": {"gitlab.com:sub": "project_path:acme*:ref_type:branch:ref:main"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}, "StringLike": {"gitlab.com:sub": "project_path:acme/*:ref_type:branch:ref:main"}}}]}`,
	check: func(p *pass) {
		for _, w := range p.webStatements() {
			if w.statement.open {
				continue
			}
			for _, i := range w.issuers {
				if i.name == "cognito-identity.amazonaws.com" || i.name == "www.amazon.com" || i.name == "graph.facebook.com" {
					continue // held to an application by trust-no-audience
				}
				p.subject(w, i)
			}
		}
	},
}

func (p *pass) subject(w web, i issuer) {
	var loose *condition
	for _, c := range w.conditions {
		name, which, ok := claim(c.key.text)
		if !ok || !strings.EqualFold(name, i.name) {
			continue
		}
		if pins(i.name, strings.ToLower(which), c) {
			return
		}
		if strings.EqualFold(which, "sub") {
			loose = c
		}
	}
	key := i.name + ":sub"
	switch {
	case loose == nil && !shared(i.name):
		p.report(i.at, "no condition looks at %s: every token of the issuer is admitted", key).as(Warning).
			fix(`add "StringEquals": {%q: "..."} with the subject of your pipeline or workload`, key)
	case loose == nil:
		p.report(i.at, "no condition holds %s: everybody with an account at %s is admitted", key, i.name).
			fix(`add "StringLike": {%q: %q}`, key, example(i.name))
	case !shared(i.name):
		if binds(loose) {
			return // who is in the issuer is the owner's to know
		}
		p.report(loose.operator, "%s is met by every token of the issuer", loose.op.Name).as(Warning)
	case !binds(loose):
		p.report(loose.operator, "%s does not hold %s to anything: strangers meet it", loose.op.Name, key).
			fix(`write "StringLike": {%q: %q}`, key, example(i.name))
	default:
		for _, v := range loose.values.items {
			if !pinned(i.name, "sub", loose, v) {
				p.report(v, "strangers can have a subject like %q", shown(v.text)).fix("write it like %q", example(i.name))
			}
		}
	}
}

func example(issuer string) string {
	switch oidc.KindOf(issuer) {
	case oidc.KindGitHub:
		return "repo:OWNER/REPOSITORY:ref:refs/heads/main"
	case oidc.KindGitLab:
		return "project_path:GROUP/PROJECT:ref_type:branch:ref:main"
	}
	return "SUBJECT"
}

// pins reports a condition that only tokens of one owner meet, or one whose
// values are not known.
func pins(issuer, which string, c *condition) bool {
	if !binds(c) {
		return false
	}
	if c.values.open {
		return true
	}
	return len(c.values.items) > 0 && !slices.ContainsFunc(c.values.items, func(v *node) bool { return !pinned(issuer, which, c, v) })
}

// The claims, as they stand in a subject or alone, by which a value belongs to
// one owner. The first group wants a path with its first part whole, the second
// one whole value.
var (
	ownedPath  = regexp.MustCompile(`^(repo|repository|job_workflow_ref|workflow_ref|project_path|namespace_path|ci_config_ref_uri)[:=][^/*?:]+/`)
	ownedValue = regexp.MustCompile(`^(repository_owner|repository_owner_id|repository_id|repo_owner|enterprise|enterprise_id|project_id|namespace_id|organization|organization_id|user_id|user_login|user_email|organization_slug|pipeline_id|cluster_id)[:=][^*?:]+(:|$)`)
	digits     = regexp.MustCompile(`^[0-9]+$`)
)

// pinned reports a value that belongs to one owner; what is not known of it is
// taken to be.
func pinned(issuer, which string, c *condition, v *node) bool {
	if v.unknown {
		return true
	}
	text := strings.ReplaceAll(v.text, hole, "x")
	if !c.op.Like {
		text = strings.NewReplacer("*", "x", "?", "x").Replace(text) // wildcard-in-equals tells
	}
	text, _, _ = strings.Cut(text, "${")
	if which == "sub" {
		switch oidc.KindOf(issuer) {
		case oidc.KindGitHub, oidc.KindGitLab:
			return ownedPath.MatchString(text) || ownedValue.MatchString(text) || v.partial && !strings.ContainsAny(text, "*?")
		case oidc.KindGoogle:
			return digits.MatchString(text)
		}
		// What a subject looks like is the issuer's own; something has to be fixed.
		return strings.Trim(strings.SplitN(text, "*", 2)[0], "?") != ""
	}
	if oidc.KindOf(issuer) == oidc.KindGoogle && (which == "aud" || which == "oaud" || which == "email") {
		return strings.Trim(text, "*?") != ""
	}
	return ownedPath.MatchString(which+":"+text) || ownedValue.MatchString(which+":"+text)
}
