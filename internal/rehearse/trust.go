package rehearse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/modules"
)

// trust plans a stack of nothing but the automation roles, whose apply role
// trusts subject, and returns the engine's refusal. With unchecked the
// module's preconditions on subjects are taken out first.
func (r *Rehearsal) trust(ctx context.Context, subject string, unchecked bool) (string, error) {
	dir, err := os.MkdirTemp(r.work, "trust-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	module := filepath.Join(dir, "automation-iam")
	if err := os.Mkdir(module, 0o755); err != nil {
		return "", err
	}
	files, err := modules.FS.ReadDir("automation-iam")
	if err != nil {
		return "", err
	}
	removed := false
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		text, err := modules.FS.ReadFile("automation-iam/" + f.Name())
		if err != nil {
			return "", err
		}
		if unchecked && strings.Contains(string(text), `local.refusals["apply"]) == 0`) {
			text = []byte(strings.Replace(string(text), `length(local.refusals["apply"]) == 0`, "length(local.refusals) >= 0", 1))
			removed = true
		}
		if err := os.WriteFile(filepath.Join(module, f.Name()), text, 0o644); err != nil {
			return "", err
		}
	}
	if unchecked && !removed {
		return "", fmt.Errorf("modules/automation-iam has no check of subjects to take out")
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(r.trustStack(subject)), 0o644); err != nil {
		return "", err
	}
	e, err := r.engine(dir)
	if err != nil {
		return "", err
	}
	if err := e.Init(ctx); err != nil {
		return "", err
	}
	_, _, err = e.Plan(ctx, filepath.Join(dir, "trust.tfplan"))
	return refusal(ctx, err)
}

func (r *Rehearsal) trustStack(subject string) string {
	return fmt.Sprintf(`provider "aws" {
  region = %s
}

module "automation_iam" {
  source = "./automation-iam"

  name           = "trust-rehearsal"
  forge          = %s
  issuer_url     = %s
  audience       = %s
  plan_subjects  = [%s]
  apply_subjects = [%s]

  state = {
    bucket_arn  = "arn:aws:s3:::%s"
    kms_key_arn = %s
    keys        = ["src/terraform.tfstate"]
  }
}
`, strconv.Quote(r.Room.Region), strconv.Quote(r.Room.Forge.Kind), strconv.Quote(r.Room.Forge.Issuer), strconv.Quote(r.Room.Forge.Audience),
		strconv.Quote(r.Room.Automation.PlanSubjects[0]), strconv.Quote(subject), r.Room.State.Bucket, strconv.Quote(r.World.KeyARN))
}
