package room

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Parse reads a spec from its text; name is what diagnostics call the file. The
// error is a diag.List.
func Parse(name string, src []byte) (*Room, error) {
	d := &decoder{src: src, at: map[any]hcl.Range{}}
	file, found := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if found.HasErrors() {
		d.syntax(found)
		return nil, d.list
	}
	r := &Room{State: State{Lifecycle: true, Locking: true}, Automation: Automation{PlanLocks: true}}
	d.section(specSection(r), file.Body.(*hclsyntax.Body))
	if len(d.list) > 0 {
		return nil, d.list
	}
	r.defaults()
	r.baselineDefaults()
	d.subjects(r)
	d.expectations(r)
	d.environments(r)
	d.states(r)
	d.nuke(r)
	d.baseline(r)
	if len(d.list) > 0 {
		return nil, d.list
	}
	return r, nil
}

func specSection(r *Room) section {
	return section{
		name: "the spec",
		keys: []key{
			{name: "name", required: true, example: `"foundations"`, text: &r.Name, check: checkName},
			{name: "account", required: true, example: `"111122223333"`, text: &r.Account, check: checkAccount},
			{name: "region", required: true, example: `"eu-west-2"`, text: &r.Region, check: checkRegion},
			{name: "engine", example: `"tofu"`, text: &r.Engine, check: oneOf("spec-engine", "tofu", "terraform")},
		},
		blocks: []block{
			{name: "forge", label: `"gitlab" or "github"`, required: true, example: `forge "gitlab" { project = "GROUP/PROJECT" }`, read: func(d *decoder, label string, at hcl.Range) section {
				return forgeSection(d, &r.Forge, label, at)
			}},
			{name: "state", read: func(*decoder, string, hcl.Range) section { return stateSection(&r.State) }},
			{name: "automation", read: func(*decoder, string, hcl.Range) section { return automationSection(&r.Automation) }},
			{name: "baseline", read: func(d *decoder, _ string, at hcl.Range) section { return baselineSection(r, at, d) }},
			{name: "nuke", read: func(*decoder, string, hcl.Range) section {
				return section{name: "nuke", keys: []key{
					{name: "blocklist", example: `["999999999999"]`, list: &r.Nuke.Blocklist, check: checkAccount},
				}}
			}},
		},
	}
}

func forgeSection(d *decoder, f *Forge, label string, at hcl.Range) section {
	f.Kind = label
	s := section{name: "forge " + label, keys: []key{
		{name: "project", required: true, example: `"GROUP/PROJECT"`, text: &f.Project, check: checkProject(label)},
		{name: "issuer", example: `"https://gitlab.example.com"`, text: &f.Issuer, check: checkIssuer},
		{name: "audience", example: `"https://gitlab.com"`, text: &f.Audience, check: checkAudience},
	}}
	switch label {
	case "gitlab":
	case "github":
		s.keys = append(s.keys,
			key{name: "owner_id", example: `"1234567"`, text: &f.OwnerID, check: checkNumber},
			key{name: "repository_id", example: `"7654321"`, text: &f.RepositoryID, check: checkNumber})
	default:
		d.report("spec-forge", fmt.Sprintf("there is no forge %q", label), at, "subjects are checked against the tokens that GitLab and GitHub issue", `write forge "gitlab" or forge "github"`)
	}
	return s
}

func stateSection(s *State) section {
	return section{
		name: "state",
		keys: []key{
			{name: "bucket", example: `"acme-foundations-state"`, text: &s.Bucket, check: checkBucket},
			{name: "key_alias", example: `"alias/foundations-state"`, text: &s.KeyAlias, check: checkAlias},
			{name: "lifecycle", example: "true", flag: &s.Lifecycle},
			{name: "backend", example: `"s3"`, text: &s.Backend, check: oneOf("spec-backend", "s3", "http", "local")},
			{name: "region", example: `"us-east-1"`, text: &s.Region, check: checkRegion},
			{name: "locking", example: "true", flag: &s.Locking},
			{name: "client_encryption", example: "true", flag: &s.ClientEncryption},
			{name: "http_address", example: `"https://gitlab.com/api/v4/projects/1234/terraform/state"`, text: &s.HTTPAddress, check: checkHTTPAddress},
		},
		blocks: []block{{name: "environment", label: "its name", many: true, example: `environment "production" { ... }`, read: func(d *decoder, label string, at hcl.Range) section {
			if rule, why, fix := checkEnvironment(label); why != "" {
				d.report(rule, fmt.Sprintf("an environment cannot be called %q", label), at, why, fix)
			}
			if slices.ContainsFunc(s.Environments, func(e *Environment) bool { return e.Name == label }) {
				d.report("spec-duplicate", fmt.Sprintf("environment %q is there twice", label), at, "only one of them could be meant", "merge the two blocks into one")
			}
			s.Environments = append(s.Environments, &Environment{Name: label})
			return environmentSection(s.Environments[len(s.Environments)-1])
		}}},
	}
}

func environmentSection(e *Environment) section {
	name := fmt.Sprintf("environment %q", e.Name)
	return section{name: name, keys: []key{
		{name: "principals", required: true, example: `["arn:aws:iam::444455556666:role/terraform"]`, list: &e.Principals, check: checkPrincipal},
		{name: "state_keys", required: true, example: `["production/terraform.tfstate"]`, list: &e.StateKeys, check: checkStateKey},
		{name: "kms_key_arn", example: `"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"`, text: &e.KeyARN, check: checkKeyARN},
	}, blocks: []block{{name: "stack", label: "its name", many: true, example: `stack "infra" { state_key = "production" }`, read: func(d *decoder, label string, at hcl.Range) section {
		if rule, why, fix := checkStack(label); why != "" {
			d.report(rule, fmt.Sprintf("a stack cannot be called %q", label), at, why, fix)
		}
		if slices.ContainsFunc(e.Stacks, func(s *EnvironmentStack) bool { return s.Name == label }) {
			d.report("spec-duplicate", fmt.Sprintf("stack %q is there twice in %s", label, name), at, "only one of them could be meant", "merge the two blocks into one")
		}
		k := &EnvironmentStack{Name: label}
		e.Stacks = append(e.Stacks, k)
		return section{name: fmt.Sprintf("stack %q", label), keys: []key{
			{name: "state_key", required: true, example: `"production"`, text: &k.StateKey, check: checkStateKey},
			{name: "dir", example: `"terraform/infra"`, text: &k.Dir, check: checkStackDir},
		}}
	}}}}
}

func automationSection(a *Automation) section {
	return section{name: "automation", keys: []key{
		{name: "plan_subjects", example: `["project_path:GROUP/PROJECT:ref_type:branch:ref:*"]`, list: &a.PlanSubjects},
		{name: "apply_subjects", example: `["project_path:GROUP/PROJECT:ref_type:branch:ref:main"]`, list: &a.ApplySubjects},
		{name: "plan_locks", example: "true", flag: &a.PlanLocks},
		{name: "permissions_boundary", example: `"arn:aws:iam::111122223333:policy/boundary"`, text: &a.PermissionsBoundary, check: checkPolicyARN},
		{name: "allowed_regions", example: `["eu-west-2"]`, list: &a.AllowedRegions, check: checkRegion},
	}, blocks: []block{expectBlock(a)}}
}

// defaults fills in what the spec left out.
func (r *Room) defaults() {
	if r.State.Bucket == "" {
		r.State.Bucket = r.Name + "-state-" + r.Account
	}
	if r.State.KeyAlias == "" {
		r.State.KeyAlias = "alias/" + r.Name + "-state"
	}
	if r.State.Region == "" {
		r.State.Region = r.Region
	}
	if r.State.Backend == "" {
		r.State.Backend = "s3"
	}
	f := &r.Forge
	if f.Issuer == "" {
		f.Issuer = map[string]string{"gitlab": "https://gitlab.com", "github": "https://token.actions.githubusercontent.com"}[f.Kind]
	}
	if f.Audience == "" {
		f.Audience = map[string]string{"gitlab": f.Issuer, "github": "sts.amazonaws.com"}[f.Kind]
	}
	if r.State.Backend == "http" && r.State.HTTPAddress == "" && f.Kind == "gitlab" {
		r.State.HTTPAddress = f.Issuer + "/api/v4/projects/" + url.PathEscape(f.Project) + "/terraform/state"
	}
	plan, apply := f.subjects()
	if r.Automation.PlanSubjects == nil {
		r.Automation.PlanSubjects = plan
	}
	if r.Automation.ApplySubjects == nil {
		r.Automation.ApplySubjects = apply
	}
	if r.Nuke.Blocklist == nil {
		r.Nuke.Blocklist = []string{"999999999999"}
	}
}

// subjects returns the subjects of the forge's project when the spec names none:
// every branch plans, main applies.
func (f *Forge) subjects() (plan, apply []string) {
	if f.Kind == "gitlab" {
		begin := "project_path:" + f.Project + ":ref_type:branch:ref:"
		return []string{begin + "*"}, []string{begin + "main"}
	}
	begin := "repo:" + f.Project + ":"
	if f.OwnerID != "" && f.RepositoryID != "" {
		owner, repository, _ := cutProject(f.Project)
		begin = "repo:" + owner + "@" + f.OwnerID + "/" + repository + "@" + f.RepositoryID + ":"
	}
	return []string{begin + "pull_request", begin + "ref:refs/heads/*"}, []string{begin + "ref:refs/heads/main"}
}
