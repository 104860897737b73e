package oidc

// aroundGitHub lists what GitHub issues. What a workflow on the default branch
// does for an event (an issue's comment, the end of another workflow) has the
// default branch's subject whoever caused the event.
//
// Source: GitHub "OpenID Connect reference" (subjects, claims), "Events that
// trigger workflows" (the ref of each event), "Automatic token authentication" (a
// pull request from a fork gets no write permission, so no id-token, unless an
// administrator says otherwise for a private repository).
func aroundGitHub(p *Project) []Shape {
	const maintainers = "whoever may push or merge to it: maintainers"
	const writers = "whoever may push to the repository"
	main := func(id, event, by, label string) Shape {
		return Shape{ID: id, Who: Maintainers, By: by, Label: label + " on " + p.Branch, Tokens: p.source(event)}
	}
	caused := "whoever may change " + p.Branch + "; anyone can cause the event"
	workflows := ownerOf(p.Path) + "/workflows/.github/workflows/deploy.yml@refs/heads/" + p.Branch
	const rules = "harmless only while the environment's rules require reviewers or limit its branches: sub does not tell the ref"
	list := grouped(OfProject,
		Shape{ID: "default-branch", Who: Maintainers, By: maintainers, Label: "default branch (" + p.Branch + ", protected)", Tokens: p.with(func(*TokenRequest) {})},
		Shape{ID: "protected-branch", Who: Maintainers, By: maintainers, Label: "another protected branch (" + p.Protected + ")", Tokens: p.with(func(r *TokenRequest) { r.Ref = p.Protected })},
		Shape{ID: "branch", Who: Developers, By: writers, Label: "branch (" + p.Feature + ", not protected)", Tokens: p.with(func(r *TokenRequest) { r.Ref = p.Feature; unprotected(r) })},
		Shape{ID: "similar-branch", Who: Developers, By: writers, Label: "branch whose name begins like the default branch (" + p.Branch + "-2)", Tokens: p.with(func(r *TokenRequest) { r.Ref = p.Branch + "-2"; unprotected(r) })},
		Shape{ID: "protected-tag", Who: Maintainers, By: "whoever may create it: maintainers", Label: "tag under a rule (" + p.Tag + ")", Tokens: p.with(func(r *TokenRequest) { r.Ref, r.RefType = p.Tag, "tag" })},
		Shape{ID: "tag", Who: Developers, By: writers, Label: "tag under no rule (" + p.Tag + ")", Tokens: p.with(func(r *TokenRequest) { r.Ref, r.RefType = p.Tag, "tag"; unprotected(r) }),
			Note: "harmless only while a rule of the repository limits who creates tags of such names: STS is not told whether one does"},
		Shape{ID: "tag-named-as-branch", Who: Developers, By: writers, Label: "tag that is called like the default branch (" + p.Branch + ")", Tokens: p.with(func(r *TokenRequest) { r.RefType = "tag"; unprotected(r) })},
		main("schedule", "schedule", maintainers, "schedule"),
		Shape{ID: "dispatch", Who: Developers, By: writers, Label: "workflow_dispatch on " + p.Branch, Tokens: p.source("workflow_dispatch")},
		main("workflow-run", "workflow_run", caused, "workflow_run"),
		main("issue-comment", "issue_comment", caused, "issue_comment"),
		Shape{ID: "merge-queue", Who: Maintainers, By: "whoever may queue a merge to it", Label: "merge queue of " + p.Branch, Tokens: p.with(func(r *TokenRequest) {
			r.Source, r.Ref = "merge_group", "gh-readonly-queue/"+p.Branch+"/pr-1-"+commit(p.Path, p.Branch)
		})},
		Shape{ID: "reusable-workflow", Who: Maintainers, By: maintainers, Label: "job in a reusable workflow, called from " + p.Branch, Tokens: p.with(func(r *TokenRequest) { r.JobWorkflow = workflows })},
		Shape{ID: "branch-reusable-workflow", Who: Developers, By: writers, Label: "job in a reusable workflow, called from " + p.Feature, Tokens: p.with(func(r *TokenRequest) { r.JobWorkflow, r.Ref = workflows, p.Feature; unprotected(r) })},
		Shape{ID: "environment", Who: Developers, By: "whoever the environment's rules let deploy", Label: "job with an environment (" + p.Environment + ") on " + p.Branch, Tokens: p.with(func(r *TokenRequest) { r.Environment = p.Environment }), Note: rules},
		Shape{ID: "branch-environment", Who: Developers, By: "whoever the environment's rules let deploy; without rules " + writers, Label: "job with an environment (" + p.Environment + ") on " + p.Feature, Tokens: p.with(func(r *TokenRequest) { r.Ref, r.Environment = p.Feature, p.Environment; unprotected(r) }), Note: rules},
		// A change that nobody accepted, but what decides about it are the rules of the
		// environment, as for a branch.
		Shape{ID: "pull-request-environment", Who: Developers, By: "whoever the environment's rules let deploy; without rules " + writers, Label: "pull request, job with an environment (" + p.Environment + ")", Tokens: p.with(func(r *TokenRequest) {
			r.Shape, r.Ref, r.BaseRef, r.Environment = "pull-request", p.Feature, p.Branch, p.Environment
			unprotected(r)
		}), Note: rules},
		Shape{ID: "sub-with-workflow", Who: Maintainers, By: maintainers, Label: "sub customised to repo, context and job_workflow_ref", Tokens: p.with(func(r *TokenRequest) {
			r.JobWorkflow, r.Sub = workflows, []string{"repo", "context", "job_workflow_ref"}
		})},
		Shape{ID: "sub-workflow-only", Who: Developers, By: writers, Label: "sub customised to job_workflow_ref alone, called from " + p.Feature, Tokens: p.with(func(r *TokenRequest) {
			r.JobWorkflow, r.Ref, r.Sub = workflows, p.Feature, []string{"job_workflow_ref"}
			unprotected(r)
		})},
		Shape{ID: "other-subject-format", Who: Maintainers, By: maintainers, Label: formatLabel(!p.Immutable), Tokens: p.with(func(r *TokenRequest) { r.Immutable = !p.Immutable })},
		p.otherIssuer(maintainers),
	)
	list = append(list, grouped(OfChange,
		Shape{ID: "pull-request", Who: Developers, By: writers, Label: "pull request of the same repository", Tokens: p.with(func(r *TokenRequest) { r.Shape, r.Ref, r.BaseRef = "pull-request", p.Feature, p.Branch; unprotected(r) })},
		Shape{ID: "pull-request-fork", Who: Contributors, By: "anyone who can open a pull request", Label: "pull request from a fork", Tokens: p.with(func(r *TokenRequest) { r.Shape, r.Ref, r.BaseRef = "pull-request", p.Feature, p.Branch; unprotected(r) }),
			Note: "GitHub gives it no token by default; it does where a private repository sends write tokens to workflows from forks"},
		Shape{ID: "pull-request-target", Who: Contributors, By: "anyone who can open a pull request starts it", Label: "pull_request_target", Tokens: p.pullRequestTarget(),
			Note: "GitHub does not document its subject; it runs " + p.Branch + "'s workflow with all its rights, whoever opened the pull request"},
	)...)
	fork := stranger(p.Path) + "/" + nameOf(p.Path)
	list = append(list, Shape{ID: "fork", Group: OfOthers, Who: Anyone, By: "anyone who can fork", Label: "a fork (" + fork + ")", Tokens: p.of(fork)})
	list = append(list, p.lookAlikes("an", "organisation")...)
	again := p.of(p.Path)[0]
	again.Immutable, again.OwnerID, again.RepositoryID = true, id("again", ownerOf(p.Path)), id("again", p.Path)
	caller := p.of(namespace(p.Path) + "/" + other("other", nameOf(p.Path)))[0]
	caller.JobWorkflow, caller.Sub = workflows, []string{"job_workflow_ref"}
	const residency = "https://token.actions.example.ghe.com"
	return append(list, append(grouped(OfOthers,
		Shape{ID: "reclaimed-path", Who: Anyone, By: "anyone, once the owner gave the name up", Label: "the same path with other IDs, registered again", Tokens: []TokenRequest{again}},
		Shape{ID: "other-caller", Who: Members, By: "members of the same organisation", Label: "another project in the same reusable workflow, sub customised to it", Tokens: []TokenRequest{caller}},
		Shape{ID: "other-instance", Who: Anyone, By: "anyone who can register there", Label: "the same path on an instance with data residency", Tokens: p.with(func(r *TokenRequest) { r.Issuer, r.OwnerID, r.RepositoryID = residency, "", "" })},
		Shape{ID: "other-forge", Who: Anyone, By: "anyone who can register there", Label: "the same path on gitlab.com", Tokens: []TokenRequest{{
			Forge: string(KindGitLab), Project: p.Path, Ref: p.Branch, Audience: []string{p.Audience},
		}}},
	), p.wrongAudience())...)
}

func formatLabel(immutable bool) string {
	if immutable {
		return "the same with the immutable subject, which has IDs"
	}
	return "the same with the older subject, which has no IDs"
}

// otherIssuer is the repository's token as it would be with, or without, the
// enterprise's own issuer.
func (p *Project) otherIssuer(by string) Shape {
	s := Shape{ID: "other-issuer-form", Who: Maintainers, By: by}
	if base, slug, ok := cutSlug(p.Issuer); ok {
		s.Label = "the same with the issuer that all of GitHub shares"
		s.Tokens = p.with(func(r *TokenRequest) { r.Issuer, r.Enterprise = base, slug })
		return s
	}
	s.Label = "the same with the enterprise's own issuer"
	s.Tokens = p.with(func(r *TokenRequest) { r.Enterprise, r.EnterpriseIssuer = ownerOf(p.Path), true })
	return s
}

// pullRequestTarget are the two subjects that the event may have: that of the
// base branch, on which it runs, or that of pull requests. Seen in public: its
// ref claim is the base branch (github.com/kyma-project/test-infra issue 9976).
func (p *Project) pullRequestTarget() []TokenRequest {
	with := func(shape string) TokenRequest {
		r := p.token()
		r.Shape = shape
		r.Replace = map[string]any{"event_name": "pull_request_target", "ref": "refs/heads/" + p.Branch}
		if shape != "" {
			r.BaseRef = p.Branch
		}
		return r
	}
	return []TokenRequest{with(""), with("pull-request")}
}
