package oidc

import (
	"fmt"
	"slices"
	"strings"
)

// Project is a project whose pipelines a trust policy is about. Only Path is
// required; Around knows what to assume for the rest.
type Project struct {
	// Forge is "gitlab" or "github". Empty: gitlab.
	Forge string `json:"forge"`
	// Issuer of its tokens. Empty: gitlab.com's or GitHub's.
	Issuer string `json:"issuer"`
	// Path is "group/project" or "owner/repository".
	Path string `json:"path"`
	// Branch is the default branch. Empty: main.
	Branch string `json:"branch"`
	// Protected is another protected branch. Empty: release.
	Protected string `json:"protected_branch"`
	// Feature is a branch that nobody protected. Empty: feature.
	Feature string `json:"feature_branch"`
	// Tag is a release's. Empty: v1.0.0.
	Tag string `json:"tag"`
	// Environment is where releases go. Empty: production.
	Environment string `json:"environment"`
	// Audience is what its jobs ask for. Empty: GitLab's URL, or sts.amazonaws.com
	// for GitHub.
	Audience string `json:"audience"`
	// Immutable says that the repository has GitHub's subject format with IDs.
	Immutable bool `json:"immutable"`
	// OwnerID and RepositoryID are GitHub's numbers, ProjectID and NamespaceID
	// GitLab's. Empty: made up.
	OwnerID      string `json:"owner_id"`
	RepositoryID string `json:"repository_id"`
	ProjectID    string `json:"project_id"`
	NamespaceID  string `json:"namespace_id"`
}

// Who can get a token of a shape at all, from the few to the many.
type Who string

const (
	// Maintainers may push or merge to the protected branches.
	Maintainers Who = "maintainers"
	// Developers may push to the branches that are not protected.
	Developers Who = "developers"
	// Holders were handed something: the token itself, or a secret that starts a
	// pipeline.
	Holders Who = "holders"
	// Members belong to the project's group or organisation, not to the project.
	Members Who = "members"
	// Contributors can open a merge request, which on a public project is anyone.
	Contributors Who = "contributors"
	// Anyone has an account at some forge.
	Anyone Who = "anyone"
)

// Group is how near a shape is to the project.
type Group string

const (
	// OfProject are the project's own pipelines, of code that is in it.
	OfProject Group = "project"
	// OfChange are pipelines of changes that nobody has accepted yet.
	OfChange Group = "change"
	// OfOthers are pipelines of other projects, instances and forges, and tokens
	// that were made for others.
	OfOthers Group = "others"
)

// Shape is one kind of token that a forge issues in, around or in spite of a
// project.
type Shape struct {
	// ID is short and stable, "default-branch".
	ID string
	// Label says the same for a person, with the names of this project.
	Label string
	Group Group
	// Who can get such a token, and By the same in words.
	Who Who
	By  string
	// Note is what has to be true, or to be known, for such a token to exist or to
	// be harmless; a sentence without full stop, or empty.
	Note string
	// Tokens describe it. More than one: the forge does not document which of
	// them it issues.
	Tokens []TokenRequest
}

// Around lists every shape of a project's forge, the project's own first. The
// error names what cannot be a project.
//
// Left out are the GitLab sources whose jobs cannot ask for a token (external,
// ondemand_dast_scan and ondemand_dast_validation run no job of the project's
// file) and those that repeat a shape here under another name in
// pipeline_source.
func Around(p Project) (Project, []Shape, error) {
	if err := p.complete(); err != nil {
		return p, nil, err
	}
	if Kind(p.Forge) == KindGitHub {
		return p, aroundGitHub(&p), nil
	}
	return p, aroundGitLab(&p), nil
}

// ShapeIDs lists the IDs of Around's shapes for a forge ("gitlab", "github"), in
// their order; nil for any other name.
func ShapeIDs(forge string) []string {
	p := Project{Forge: forge, Path: "group/project"}
	if _, ok := shapes[Kind(forge)]; !ok {
		return nil
	}
	_, around, err := Around(p)
	if err != nil {
		panic(err) // the path above is one
	}
	ids := make([]string, len(around))
	for i, s := range around {
		ids[i] = s.ID
	}
	return ids
}

func (p *Project) complete() error {
	p.Forge = or(p.Forge, string(KindGitLab))
	segments := 0
	switch Kind(p.Forge) {
	case KindGitLab:
		p.Issuer = or(p.Issuer, GitLabIssuer)
		p.Audience = or(p.Audience, p.Issuer)
		if p.Immutable || p.OwnerID != "" || p.RepositoryID != "" {
			return fmt.Errorf("GitLab has no immutable subjects, owner ID and repository ID")
		}
	case KindGitHub:
		p.Issuer = or(p.Issuer, GitHubIssuer)
		p.Audience = or(p.Audience, "sts.amazonaws.com")
		if p.ProjectID != "" || p.NamespaceID != "" {
			return fmt.Errorf("GitHub has no project ID and namespace ID")
		}
		segments = 2
	default:
		return fmt.Errorf("forge %q is not one of gitlab, github", p.Forge)
	}
	p.Branch = or(p.Branch, "main")
	p.Protected = or(p.Protected, other("release", p.Branch))
	p.Feature = or(p.Feature, other("feature", p.Branch))
	p.Tag = or(p.Tag, "v1.0.0")
	p.Environment = or(p.Environment, "production")
	for what, ref := range map[string]string{"branch": p.Branch, "protected branch": p.Protected, "feature branch": p.Feature, "tag": p.Tag} {
		if err := checkShortRef(what, ref); err != nil {
			return err
		}
	}
	if !isEnvironment(p.Environment) {
		return fmt.Errorf("environment %q is not a name that a forge accepts", p.Environment)
	}
	if !strings.HasPrefix(p.Issuer, "https://") {
		return fmt.Errorf("issuer %q does not begin with https://", p.Issuer)
	}
	return checkPath("project", p.Path, segments)
}

// other is name, unless it is taken.
func other(name, taken string) string {
	if name == taken {
		return name + "-2"
	}
	return name
}

// token is what all tokens of the project have in common: a push to the default
// branch.
func (p *Project) token() TokenRequest {
	yes := true
	r := TokenRequest{
		Forge: p.Forge, Issuer: p.Issuer, Project: p.Path, Ref: p.Branch, RefProtected: &yes,
		Audience: []string{p.Audience}, Immutable: p.Immutable, OwnerID: p.OwnerID, RepositoryID: p.RepositoryID,
	}
	if p.ProjectID != "" || p.NamespaceID != "" {
		r.Replace = map[string]any{}
		for name, id := range map[string]string{"project_id": p.ProjectID, "namespace_id": p.NamespaceID} {
			if id != "" {
				r.Replace[name] = id
			}
		}
	}
	return r
}

// with is token with a change.
func (p *Project) with(change func(*TokenRequest)) []TokenRequest {
	r := p.token()
	change(&r)
	return []TokenRequest{r}
}

// of is the token of somebody else's project of the same forge, which does what
// it can to look like ours: its owner names and protects branches and
// environments as they please.
func (p *Project) of(path string) []TokenRequest {
	return p.with(func(r *TokenRequest) {
		r.Project, r.Replace, r.OwnerID, r.RepositoryID = path, nil, "", ""
		if p.Immutable && ownerOf(path) == ownerOf(p.Path) {
			r.OwnerID = p.OwnerID
		}
		if p.NamespaceID != "" && namespace(path) == namespace(p.Path) {
			r.Replace = map[string]any{"namespace_id": p.NamespaceID}
		}
	})
}

// source is a pipeline of the default branch that something else than a push
// started: GitLab's pipeline source, or GitHub's event.
func (p *Project) source(name string) []TokenRequest {
	return p.with(func(r *TokenRequest) { r.Source = name })
}

func unprotected(r *TokenRequest) { r.RefProtected = new(bool) }

// look-alikes of a path

func ownerOf(path string) string {
	owner, _, _ := strings.Cut(path, "/")
	return owner
}

func nameOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// stranger is the first part of a stranger's paths.
func stranger(path string) string { return other("mallory", strings.ToLower(ownerOf(path))) }

func swapCase(path string) string {
	if up := strings.ToUpper(path); up != path {
		return up
	}
	return strings.ToLower(path)
}

// lookAlikes are the shapes of other projects of the same forge that both forges
// have.
func (p *Project) lookAlikes(a, owner string) []Shape {
	rest := strings.TrimPrefix(p.Path, ownerOf(p.Path))
	s := stranger(p.Path)
	list := []Shape{
		{ID: "other-project", Who: Members, By: "members of the same " + owner, Label: "another project of the same " + owner, Tokens: p.of(namespace(p.Path) + "/" + other("other", nameOf(p.Path)))},
		{ID: "similar-project", Who: Members, By: "members of the same " + owner, Label: "a project whose name begins the same", Tokens: p.of(p.Path + "-2")},
		{ID: "similar-group-suffix", Who: Anyone, By: "anyone", Label: a + " " + owner + " whose name begins the same", Tokens: p.of(ownerOf(p.Path) + "-2" + rest)},
		{ID: "similar-group-prefix", Who: Anyone, By: "anyone", Label: a + " " + owner + " whose name ends the same", Tokens: p.of("my-" + p.Path)},
		{ID: "other-case", Who: Anyone, By: "anyone who gets that path", Label: "the same path in another case", Tokens: p.of(swapCase(p.Path)),
			Note: "neither forge gives a path away twice in different case, so only the owner can get such a token, by renaming"},
		{ID: "stranger", Who: Anyone, By: "anyone", Label: "a stranger's project", Tokens: p.of(s + "/anything")},
	}
	for i := range list {
		list[i].Group = OfOthers
		list[i].Label += " (" + list[i].Tokens[0].Project + ")"
	}
	return list
}

// wrongAudience is the project's own token, made for somebody else.
func (p *Project) wrongAudience() Shape {
	const elsewhere = "https://elsewhere.example.com"
	return Shape{
		ID: "wrong-audience", Group: OfOthers, Who: Holders, By: "the service that the token was made for",
		Label:  "a token of " + p.Branch + " for another service (" + elsewhere + ")",
		Tokens: p.with(func(r *TokenRequest) { r.Audience = []string{elsewhere} }),
	}
}

// grouped sets the group of shapes.
func grouped(g Group, list ...Shape) []Shape {
	for i := range list {
		list[i].Group = g
	}
	return slices.Clip(list)
}
