package oidc

// aroundGitLab lists what GitLab issues. STS tells apart only what differs in
// sub, or, on gitlab.com, in the claims of ClaimKeys.
//
// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens" (claims;
// that sub and project_path of a merge request pipeline are the source
// project's), "Protected branches" and "Protected tags" (who may), "Merge request
// pipelines" (forks). Who may run a pipeline of a protected branch by other means
// than a push has to have the right to push or merge to it: GitLab "CI/CD
// pipelines", pipeline security on protected branches.
func aroundGitLab(p *Project) []Shape {
	const maintainers = "whoever may push or merge to it: maintainers"
	const developers = "developers"
	main := func(id, source, label string) Shape {
		return Shape{ID: id, Who: Maintainers, By: maintainers, Label: label + " on " + p.Branch, Tokens: p.source(source)}
	}
	list := grouped(OfProject,
		Shape{ID: "default-branch", Who: Maintainers, By: maintainers, Label: "default branch (" + p.Branch + ", protected)", Tokens: p.with(func(*TokenRequest) {})},
		Shape{ID: "protected-branch", Who: Maintainers, By: maintainers, Label: "another protected branch (" + p.Protected + ")", Tokens: p.with(func(r *TokenRequest) { r.Ref = p.Protected })},
		Shape{ID: "branch", Who: Developers, By: developers, Label: "branch (" + p.Feature + ", not protected)", Tokens: p.with(func(r *TokenRequest) { r.Ref = p.Feature; unprotected(r) })},
		Shape{ID: "similar-branch", Who: Developers, By: developers, Label: "branch whose name begins like the default branch (" + p.Branch + "-2)", Tokens: p.with(func(r *TokenRequest) { r.Ref = p.Branch + "-2"; unprotected(r) })},
		Shape{ID: "protected-tag", Who: Maintainers, By: "whoever may create it: maintainers", Label: "protected tag (" + p.Tag + ")", Tokens: p.with(func(r *TokenRequest) { r.Ref, r.RefType = p.Tag, "tag" })},
		Shape{ID: "tag", Who: Developers, By: developers, Label: "tag (" + p.Tag + ", not protected)", Tokens: p.with(func(r *TokenRequest) { r.Ref, r.RefType = p.Tag, "tag"; unprotected(r) }),
			Note: "harmless only while tags of such names are protected in the project's settings: sub does not tell whether they are"},
		Shape{ID: "tag-named-as-branch", Who: Developers, By: developers, Label: "tag that is called like the default branch (" + p.Branch + ")", Tokens: p.with(func(r *TokenRequest) { r.RefType = "tag"; unprotected(r) })},
		main("schedule", "schedule", "schedule"),
		main("web", "web", "pipeline started by hand"),
		Shape{ID: "trigger", Who: Holders, By: "whoever holds a trigger token of a maintainer", Label: "pipeline trigger on " + p.Branch, Tokens: p.source("trigger")},
		main("api", "api", "pipeline started by the API"),
		main("downstream", "pipeline", "multi-project pipeline, started by another project,"),
		main("child", "parent_pipeline", "child pipeline"),
		main("chat", "chat", "ChatOps command"),
		main("webide", "webide", "Web IDE terminal"),
		Shape{ID: "security-policy", Who: Holders, By: "whoever may change the security policy project", Label: "security policy on " + p.Branch, Tokens: p.source("security_orchestration_policy")},
		// Its pipelines need the right to push to the source branch. Source: GitLab
		// "Merge request pipelines", security of pipelines for protected branches.
		Shape{ID: "mr-from-default-branch", Who: Maintainers, By: maintainers, Label: "merge request whose source branch is " + p.Branch, Tokens: p.with(func(r *TokenRequest) { r.Shape = "mr"; unprotected(r) }),
			Note: "sub cannot tell it from a push to " + p.Branch + "; with merged results pipelines it runs the target branch's changes too, so let nobody else write to branches that " + p.Branch + " is merged into"},
		Shape{ID: "environment", Who: Maintainers, By: maintainers, Label: "job with an environment (" + p.Environment + ") on " + p.Branch, Tokens: p.with(func(r *TokenRequest) { r.Environment = p.Environment })},
		Shape{ID: "protected-environment", Who: Maintainers, By: "whoever may deploy there", Label: "job with a protected environment (" + p.Environment + ") on " + p.Branch, Tokens: p.with(func(r *TokenRequest) { r.Environment, r.EnvironmentProtected = p.Environment, true })},
		Shape{ID: "branch-environment", Who: Developers, By: developers, Label: "job with an environment (" + p.Environment + ") on " + p.Feature, Tokens: p.with(func(r *TokenRequest) { r.Ref, r.Environment = p.Feature, p.Environment; unprotected(r) })},
		Shape{ID: "sub-with-ref-and-environment", Who: Maintainers, By: maintainers, Label: "sub customised to ref and environment, on " + p.Branch, Tokens: p.with(func(r *TokenRequest) {
			r.Environment, r.Sub = p.Environment, []string{"project_path", "ref_type", "ref", "environment"}
		})},
		Shape{ID: "sub-with-environment", Who: Developers, By: developers, Label: "sub customised to the environment alone, on " + p.Feature, Tokens: p.with(func(r *TokenRequest) {
			r.Ref, r.Environment, r.Sub = p.Feature, p.Environment, []string{"project_path", "environment"}
			unprotected(r)
		}), Note: "harmless only while the environment is protected: such a sub does not tell the ref"},
		Shape{ID: "sub-with-ref-protected", Who: Maintainers, By: "whoever may push or merge to a protected branch", Label: "sub customised to ref_protected, on " + p.Protected, Tokens: p.with(func(r *TokenRequest) {
			r.Ref, r.Sub = p.Protected, []string{"project_path", "ref_protected"}
		})},
	)
	list = append(list, grouped(OfChange,
		Shape{ID: "mr", Who: Developers, By: developers, Label: "merge request (its source branch " + p.Feature + ")", Tokens: p.with(func(r *TokenRequest) { r.Shape, r.Ref = "mr", p.Feature; unprotected(r) })},
		Shape{ID: "external-pr", Who: Developers, By: "whoever may push to the mirrored repository", Label: "pull request of a mirrored repository (" + p.Feature + ")", Tokens: p.with(func(r *TokenRequest) { r.Source, r.Ref = "external_pull_request_event", p.Feature; unprotected(r) })},
		Shape{ID: "fork-mr", Who: Contributors, By: "anyone who can open a merge request", Label: "merge request of a fork, run in the fork (source branch " + p.Branch + ")", Tokens: p.forkMR("")},
		// Until GitLab 18.2.2 such a token had the target project's path and the
		// source branch's name, so that a fork could pass for a protected branch.
		// Source: gitlab.com/gitlab-org/gitlab issues 548165 and 561735.
		Shape{ID: "fork-mr-in-project", Who: Contributors, By: "a member who runs it for anyone who can open a merge request", Label: "merge request of a fork, run in the project (source branch " + p.Branch + ")", Tokens: p.forkMR("fork-mr"),
			Note: "GitLab before 18.2.2 gives it the sub of the project itself: keep a GitLab of your own newer than that"},
	)...)
	fork := stranger(p.Path) + "/" + nameOf(p.Path)
	list = append(list, Shape{ID: "fork", Group: OfOthers, Who: Anyone, By: "anyone who can fork", Label: "a fork (" + fork + ")", Tokens: p.of(fork)})
	list = append(list, p.lookAlikes("a", "group")...)
	nested := stranger(p.Path) + "/" + p.Path
	instance := "https://gitlab.example.com"
	if p.Issuer != GitLabIssuer {
		instance = GitLabIssuer
	}
	hub := ownerOf(p.Path) + "/" + nameOf(p.Path)
	return append(list, append(grouped(OfOthers,
		Shape{ID: "nested-group", Who: Anyone, By: "anyone", Label: "the same path below a stranger's group (" + nested + ")", Tokens: p.of(nested)},
		Shape{ID: "other-instance", Who: Anyone, By: "anyone who can register there", Label: "the same path on " + instance[len("https://"):], Tokens: p.with(func(r *TokenRequest) { r.Issuer, r.Replace = instance, nil })},
		Shape{ID: "other-forge", Who: Anyone, By: "anyone who can register there", Label: "the same path on GitHub (" + hub + ")", Tokens: []TokenRequest{{
			Forge: string(KindGitHub), Project: hub, Ref: p.Branch, Audience: []string{p.Audience},
		}}},
	), p.wrongAudience())...)
}

// forkMR is the merge request of a fork whose source branch has the name of our
// default branch.
func (p *Project) forkMR(shape string) []TokenRequest {
	fork := stranger(p.Path) + "/" + nameOf(p.Path)
	return p.with(func(r *TokenRequest) {
		unprotected(r)
		r.Replace = nil
		if shape != "" {
			r.Shape, r.Fork = shape, fork
			return
		}
		r.Shape, r.Project = "mr", fork
	})
}
