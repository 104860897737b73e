package room

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The checks say the same as the validations of the modules' variables, but
// before any engine runs and with the place in the spec.

var (
	nameForm        = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	accountForm     = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm      = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]$`)
	bucketForm      = shape{regexp.MustCompile(`^[a-z0-9][a-z0-9-]+[a-z0-9]$`), 63}
	aliasForm       = shape{regexp.MustCompile(`^alias/[A-Za-z0-9/_-]+$`), 206}
	environmentForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$`)
	principalForm   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$`)
	stateKeyForm    = regexp.MustCompile(`^[A-Za-z0-9!_.'()/-]+$`)
	policyARNForm   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$`)
	issuerForm      = regexp.MustCompile(`^https://[a-z0-9][a-z0-9.-]*[a-z0-9](/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?$`)
	audienceForm    = shape{regexp.MustCompile(`^[A-Za-z0-9:_.~/-]+$`), 255}
	gitlabForm      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.][A-Za-z0-9_.-]*)+$`)
	githubForm      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
	numberForm      = regexp.MustCompile(`^[1-9][0-9]*$`)
)

// shape is a pattern and a length in bytes: a pattern that counts itself is compiled
// into a copy for each time.
type shape struct {
	*regexp.Regexp
	longest int
}

func (s shape) MatchString(v string) bool { return len(v) <= s.longest && s.Regexp.MatchString(v) }

func form(re interface{ MatchString(string) bool }, rule, why, fix string) check {
	return func(v string) (string, string, string) {
		if re.MatchString(v) {
			return "", "", ""
		}
		return rule, why, fix
	}
}

func checkName(v string) (rule, why, fix string) {
	if len(v) <= 32 && nameForm.MatchString(v) {
		return "", "", ""
	}
	return "spec-name", "the name begins the names of a bucket, a key and two roles, so it has to suit all of them", "use at most 32 lower-case letters, digits and single hyphens, a letter first"
}

var (
	checkAccount   = form(accountForm, "spec-account", "an account ID has 12 digits", `write the 12 digits in quotes, without hyphens ("111122223333")`)
	checkRegion    = form(regionForm, "spec-region", "a region is named in full", `write it like "eu-west-2"`)
	checkBucket    = form(bucketForm, "spec-bucket", "a bucket's name has 3 to 63 lower-case letters, digits and hyphens, a letter or digit first and last; a dot would break the certificate of its address", `write it like "acme-foundations-state"`)
	checkIssuer    = form(issuerForm, "spec-issuer", "the issuer is compared with the token's iss claim, and AWS fetches the forge's keys from it", `write it like "https://gitlab.example.com", without "/" at its end and without a port`)
	checkAudience  = form(audienceForm, "spec-audience", "the audience is compared exactly; a wildcard would accept tokens made for somebody else", "write the one audience that the job asks for")
	checkNumber    = form(numberForm, "spec-number", "GitHub's IDs are numbers", `write the digits in quotes ("1234567")`)
	checkPolicyARN = form(policyARNForm, "spec-boundary", "a permissions boundary is a managed policy", `write its ARN ("arn:aws:iam::111122223333:policy/NAME")`)
	checkPrincipal = form(principalForm, "spec-principal", "a whole account, or a wildcard, would hand the state to everyone whom that account lets in", `name one user or role ("arn:aws:iam::444455556666:role/terraform")`)
)

func checkAlias(v string) (rule, why, fix string) {
	if aliasForm.MatchString(v) && !strings.HasPrefix(v, "alias/aws/") {
		return "", "", ""
	}
	return "spec-key-alias", `an alias is "alias/" and letters, digits, "/", "_" and "-"; "alias/aws/" belongs to AWS`, `write it like "alias/foundations-state"`
}

func checkEnvironment(v string) (rule, why, fix string) {
	if v == RoomEnvironment {
		return "spec-environment", `"room" means the room's own stacks`, "choose another name"
	}
	if len(v) <= 32 && environmentForm.MatchString(v) {
		return "", "", ""
	}
	return "spec-environment", "its name becomes part of its key's alias and of statement IDs", "use at most 32 lower-case letters, digits and single hyphens, a letter first and after each hyphen"
}

func checkStateKey(v string) (rule, why, fix string) {
	if stateKeyForm.MatchString(v) && !strings.HasPrefix(v, "/") && !strings.HasSuffix(v, "/") && !strings.HasSuffix(v, ".tflock") {
		return "", "", ""
	}
	return "spec-state-key", "a state key is one exact object key; a wildcard would reach the states of others, and the lock file is added for you", `write it like "production/terraform.tfstate"`
}

func checkProject(forge string) check {
	if forge == "github" {
		return form(githubForm, "spec-project", "a repository is OWNER/REPOSITORY", `write it as in its address ("acme/infra")`)
	}
	return form(gitlabForm, "spec-project", "a project is GROUP/PROJECT, with every group between", `write it as in its address ("acme/platform/infra")`)
}

func oneOf(rule string, values ...string) check {
	return func(v string) (string, string, string) {
		if slices.Contains(values, v) {
			return "", "", ""
		}
		fix := fmt.Sprintf("write one of: %s", strings.Join(values, ", "))
		if near := nearest(v, values); near != "" {
			fix = fmt.Sprintf("did you mean %q?", near)
		}
		return rule, "nothing else is known here", fix
	}
}

func cutProject(project string) (owner, name string, ok bool) { return strings.Cut(project, "/") }

// environments checks what only the whole spec can tell.
func (d *decoder) environments(r *Room) {
	keys, principals := map[string]string{}, map[string]string{}
	for _, stack := range Stacks {
		keys[r.StateKey(stack)] = "the room itself"
	}
	for _, e := range r.State.Environments {
		at := d.at[&e.Principals]
		for _, arn := range e.Principals {
			if other := principals[arn]; other != "" {
				d.report("spec-principal-shared", fmt.Sprintf("%q is a principal of %s already", arn, other), at, "what happens to the one environment would reach the other", "give each environment its own principal")
			}
			principals[arn] = fmt.Sprintf("environment %q", e.Name)
		}
		for _, k := range e.StateKeys {
			if other := keys[k]; other != "" {
				d.report("spec-state-key-shared", fmt.Sprintf("state key %q belongs to %s already", k, other), d.at[&e.StateKeys], "two owners of one state can read each other's secrets", "give each environment its own state key")
			}
			keys[k] = fmt.Sprintf("environment %q", e.Name)
		}
		if len(e.Principals) == 0 || len(e.StateKeys) == 0 {
			d.report("spec-environment-empty", fmt.Sprintf("environment %q has no principals or no state keys", e.Name), at, "it would have a key that nobody uses", "name at least one of each, or remove the environment")
		}
	}
	if a := r.Automation; a.AllowedRegions != nil && len(a.AllowedRegions) == 0 {
		d.report("spec-region-fence", `"allowed_regions" is empty`, d.at[&r.Automation.AllowedRegions], "a fence without a gate locks both roles out of everything", "name a region, or remove the line to take the fence down")
	}
	if f := r.Forge; (f.OwnerID == "") != (f.RepositoryID == "") {
		at := d.at[&r.Forge.OwnerID]
		if f.OwnerID == "" {
			at = d.at[&r.Forge.RepositoryID]
		}
		d.report("spec-immutable-ids", `"owner_id" and "repository_id" come together`, at, "GitHub's immutable subjects hold both numbers", "add the other one, or remove both")
	}
	if !bucketForm.MatchString(r.State.Bucket) {
		d.report("spec-bucket", fmt.Sprintf("the bucket's default name %q is too long", r.State.Bucket), d.at[&r.Name], "a bucket's name has 63 characters at most", `choose a shorter name, or set bucket in a "state" block`)
	}
}

// nuke refuses a blocklist that blocks its own purpose, or nothing.
func (d *decoder) nuke(r *Room) {
	at := d.at[&r.Nuke.Blocklist]
	if len(r.Nuke.Blocklist) == 0 {
		d.report("spec-blocklist", `"blocklist" is empty`, at, "aws-nuke does not start without a blocklist", "name your production accounts, or remove the line")
	}
	if slices.Contains(r.Nuke.Blocklist, r.Account) {
		d.report("spec-blocklist", `"blocklist" holds the room's own account`, at, "aws-nuke would refuse the account that the configuration is for", "remove "+r.Account)
	}
}
