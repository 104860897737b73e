package room

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// RoomEnvironment is what commands call the room's own stacks where they take the
// name of an environment.
const RoomEnvironment = "room"

var (
	keyARNForm      = regexp.MustCompile(`^arn:(aws[a-z-]*):kms:([a-z0-9-]+):([0-9]{12}):key/[A-Za-z0-9-]+$`)
	aliasARNForm    = regexp.MustCompile(`^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/`)
	httpAddressForm = regexp.MustCompile(`^https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?(/[A-Za-z0-9._~%-]+)+$`)
	stackForm       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
)

// KeyARNFault says what is wrong with a key's ARN as the kms_key_id of a state in
// this room's bucket; why is empty when nothing is. It is the check of the spec's
// kms_key_arn, and of STATE_KMS_KEY_ID.
// Source: "Specifying server-side encryption with AWS KMS (SSE-KMS)": the key has to
// be in the bucket's region; "Backend Type: s3", kms_key_id.
func (r *Room) KeyARNFault(arn string) (rule, why, fix string) {
	if rule, why, fix = checkKeyARN(arn); why != "" {
		return rule, why, fix
	}
	m := keyARNForm.FindStringSubmatch(arn)
	switch {
	case m[1] != r.Partition():
		return "state-key-partition", "the bucket is in partition " + r.Partition() + ", and nothing reaches from one partition into another", "write it like \"arn:" + r.Partition() + ":kms:" + r.State.Region + ":" + r.Account + ":key/ID\""
	case m[2] != r.State.Region:
		return "state-key-region", "S3 encrypts only with a key of the bucket's own region, " + r.State.Region, "use the key of region " + r.State.Region
	case m[3] != r.Account:
		return "state-key-account", "the keys of states are in the account of the bucket, " + r.Account + ", which can always administer them", "use the environment's key of account " + r.Account
	}
	return "", "", ""
}

func checkKeyARN(v string) (rule, why, fix string) {
	switch {
	case keyARNForm.MatchString(v):
		return "", "", ""
	case aliasARNForm.MatchString(v):
		return "state-key-alias", "an alias is looked up in the account of whoever asks, which is not the key's across accounts; the bucket policy compares ARNs of keys; and what engines make of an alias has changed between versions",
			"write the key's ARN; this prints it: aws kms describe-key --key-id " + v + " --query KeyMetadata.Arn --output text"
	}
	return "state-key-arn", "it is not the ARN of a KMS key", `write it like "arn:aws:kms:REGION:ACCOUNT:key/ID"`
}

func checkHTTPAddress(v string) (rule, why, fix string) {
	if httpAddressForm.MatchString(v) && !strings.HasSuffix(v, "/") {
		return "", "", ""
	}
	return "spec-http-address", "a state goes over TLS, to an address that its name can be added to; a user, a password or a query do not belong in a file that is committed", `write it like "https://gitlab.com/api/v4/projects/1234/terraform/state"`
}

func checkStack(v string) (rule, why, fix string) {
	if len(v) <= 64 && stackForm.MatchString(v) {
		return "", "", ""
	}
	return "spec-stack", "its name is asked for on the command line", `use at most 64 letters, digits, ".", "_" and "-", a letter or digit first`
}

func checkStackDir(v string) (rule, why, fix string) {
	if v != "" && filepath.IsLocal(filepath.FromSlash(v)) && filepath.ToSlash(filepath.Clean(v)) == v {
		return "", "", ""
	}
	return "spec-stack-dir", "a stack's directory is inside the room's, named without detours", `write it relative to the spec, like "terraform/infra"`
}

// states checks what only the whole spec can tell of the state block.
func (d *decoder) states(r *Room) {
	s := &r.State
	if s.ClientEncryption && r.Engine != "tofu" {
		fix := `write engine = "tofu", or remove client_encryption: the bucket's SSE-KMS remains`
		d.report("spec-client-encryption", `"client_encryption" needs OpenTofu`, d.at[&s.ClientEncryption], "the encryption block is OpenTofu's; Terraform refuses a configuration that has one", fix)
	}
	if s.Backend == "http" && s.HTTPAddress == "" {
		d.report("spec-http-address", `the http backend needs "http_address"`, d.at[&s.Backend], "only GitLab has an address for states that follows from the project", "add http_address, the address that the names of states are added to")
	}
	if s.Backend != "http" && s.HTTPAddress != "" {
		d.report("spec-http-address", `"http_address" without the http backend`, d.at[&s.HTTPAddress], "it would silently not be used", `write backend = "http", or remove http_address`)
	}
	arns, names := map[string]string{}, map[string]string{}
	for _, e := range s.Environments {
		at := d.at[&e.KeyARN]
		if e.KeyARN != "" {
			if rule, why, fix := r.KeyARNFault(e.KeyARN); why != "" {
				d.report(rule, fmt.Sprintf("%q cannot encrypt the states of %q", e.KeyARN, e.Name), at, why, fix)
			}
			if other := arns[e.KeyARN]; other != "" {
				d.report("spec-key-shared", fmt.Sprintf("environment %q has the key of %q", e.Name, other), at, "whoever can read the one's states could read the other's", "give each environment a key of its own")
			}
			arns[e.KeyARN] = e.Name
		}
		for _, k := range e.Stacks {
			if k.StateKey != "" && !slices.Contains(e.StateKeys, k.StateKey) {
				d.report("spec-stack-key", fmt.Sprintf("stack %q has a state key that environment %q does not list", k.Name, e.Name), d.at[&k.StateKey], "state_keys is what the environment is granted", fmt.Sprintf("add %q to state_keys", k.StateKey))
			}
		}
		if s.Backend == "http" {
			for _, key := range e.StateKeys {
				name := HTTPName(key)
				if other := names[name]; other != "" {
					d.report("spec-http-name", fmt.Sprintf("state keys %q and %q have one name in GitLab: %q", other, key, name), d.at[&e.StateKeys], "two states cannot share a name", "rename one of them")
				}
				names[name] = key
			}
		}
	}
}

// HTTPName is the name of a state in GitLab, by its object key: "/terraform.tfstate"
// and ".tfstate" at its end are left out, and what a name may not hold becomes "-".
// Source: "GitLab-managed Terraform state": a name has letters, digits, hyphens,
// underscores; a dot only since 15.7, and encoded.
func HTTPName(key string) string {
	key = strings.TrimSuffix(strings.TrimSuffix(key, "/terraform.tfstate"), ".tfstate")
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, key)
}

// apart refuses environments whose principals belong to the room's own account, for
// the bucket that the bootstrap stack makes. For a bucket that exists already they are
// as good as any: what their own policies allow is theirs to say.
func (r *Room) apart() error {
	for _, e := range r.State.Environments {
		for _, arn := range e.Principals {
			if strings.Split(arn, ":")[4] == r.Account {
				return &diag.Diagnostic{
					Rule: "spec-principal-account", Summary: fmt.Sprintf("%q, of environment %q, belongs to the room's own account", arn, e.Name), At: diag.Location{File: filepath.Join(r.Dir, SpecFile)},
					Why: "in one account IAM policies and the bucket policy add up, so the bucket that the bootstrap stack makes could not confine it to its state",
					Fix: "name a principal of the environment's account; or use the state commands alone, with a bucket that exists already, which need no init",
				}
			}
		}
	}
	return nil
}
