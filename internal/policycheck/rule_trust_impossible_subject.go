package policycheck

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

var trustImpossibleSubject = &Rule{
	ID: "trust-impossible-subject", Severity: Error,
	Summary: "a subject that the forge gives to no token",
	Why:     "the condition is never met, and AWS answers every attempt with the one word AccessDenied",
	Fix:     "write a subject that the forge issues; strongroom token decode shows that of a real token",
	Page:    "https://docs.gitlab.com/ci/secrets/id_token_authentication/",
	Kind:    kindTrust,
	Wrong:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}, "StringLike": {"gitlab.com:sub": "project_path:acme/infra:ref_type:mr:ref:*"}}}]}`,
	Right:   `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}, "StringLike": {"gitlab.com:sub": "project_path:acme/infra:ref_type:branch:ref:*"}}}]}`,
	check: func(p *pass) {
		if p.kind != policy.Trust {
			return
		}
		for _, s := range p.stmts {
			for _, c := range s.conditions {
				name, which, ok := claim(c.key.text)
				if !ok || !strings.EqualFold(which, "sub") || c.op.Family != policy.FamilyString {
					continue
				}
				for _, v := range c.values.items {
					if v.unknown || strings.Contains(v.text, "${") {
						continue
					}
					text := v.glob()
					if !c.op.Like && strings.Contains(v.text, "*") {
						continue // wildcard-in-equals tells
					}
					why, fix := "", ""
					switch kind := oidc.KindOf(name); {
					case kind == oidc.KindGitHub:
						why, fix = notGitHub(text)
					case kind == oidc.KindGitLab:
						why, fix = notGitLab(text)
					case kind == oidc.KindGeneric && strings.HasPrefix(text, "project_path:"):
						why, fix = notGitLab(text) // a self-managed GitLab
					}
					if why != "" {
						p.report(v, "no token has the subject %q: %s", shown(v.text), why).fix("%s", fix)
					}
				}
			}
		}
	},
}

var (
	refType = regexp.MustCompile(`:ref_type:([^:]*)`)
	fullRef = regexp.MustCompile(`:ref:refs/(heads|tags)/`)
)

// notGitLab says why GitLab issues no subject that fits the pattern; empty: it may.
// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens", sub.
func notGitLab(text string) (why, fix string) {
	if !policy.Overlaps(text, "project_path:*", false) {
		return "a subject of GitLab begins with project_path:", `write "project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH"`
	}
	if m := refType.FindStringSubmatch(text); m != nil && !policy.Overlaps(m[1], "branch", false) && !policy.Overlaps(m[1], "tag", false) {
		fix := strings.Replace(text, ":ref_type:"+m[1], ":ref_type:branch", 1)
		return "ref_type is branch or tag; a merge request pipeline runs on its source branch", fmt.Sprintf("write %q", fix)
	}
	if fullRef.MatchString(text) {
		return "ref is the name alone, without refs/heads/ or refs/tags/", fmt.Sprintf("write %q", fullRef.ReplaceAllString(text, ":ref:"))
	}
	return "", ""
}

// tails are what follows the repository in a subject of GitHub; customised ones
// begin with the name of a claim. Source: GitHub "OpenID Connect reference".
var tails = []string{
	"environment:*", "pull_request", "pull_request:*", "ref:refs/heads/*", "ref:refs/tags/*", "ref:refs/pull/*",
	"actor:*", "actor_id:*", "base_ref:*", "context:*", "enterprise:*", "enterprise_id:*", "event_name:*", "head_ref:*", "job_workflow_ref:*",
	"job_workflow_sha:*", "ref_type:*", "repository:*", "repository_id:*", "repository_owner:*", "repository_owner_id:*", "repository_visibility:*",
	"run_attempt:*", "run_id:*", "run_number:*", "runner_environment:*", "sha:*", "workflow:*", "workflow_ref:*", "workflow_sha:*", "repo_property_*", "check_run_id:*",
}

// notGitHub says why GitHub issues no subject that fits the pattern.
func notGitHub(text string) (why, fix string) {
	repo, ok := strings.CutPrefix(text, "repo:")
	if !ok {
		if strings.HasPrefix(text, "project_path:") {
			return "it is one of GitLab", `write "repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH"`
		}
		return "", ""
	}
	name, tail, ok := strings.Cut(repo, ":")
	if !ok || strings.Contains(name, "*") && !strings.Contains(name, "/") {
		return "", ""
	}
	if !strings.Contains(name, "/") {
		return "a repository is OWNER/NAME", ""
	}
	possible := slices.ContainsFunc(tails, func(t string) bool {
		// A wildcard in the name may run on into what follows it.
		return policy.Overlaps(tail, t, false) || strings.HasSuffix(name, "*") && policy.Overlaps("*:"+tail, "*:"+t, false) && !strings.HasPrefix(tail, "ref:")
	})
	if possible {
		return "", ""
	}
	const known = "it ends in ref:refs/heads/BRANCH, ref:refs/tags/TAG, environment:NAME or pull_request"
	if branch, ok := strings.CutPrefix(tail, "ref:"); ok {
		branch = strings.TrimPrefix(branch, "heads/")
		return known, fmt.Sprintf("write %q", "repo:"+name+":ref:refs/heads/"+branch)
	}
	return known, ""
}
