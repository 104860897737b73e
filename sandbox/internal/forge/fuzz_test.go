package forge_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
)

// Whatever is asked for: an error, or a token whose subject begins with the
// project that was asked for and cannot be read as another one's.
func FuzzMint(f *testing.F) {
	for _, seed := range []string{
		`{"project":"acme/infra"}`,
		`{"project":"acme/infra","shape":"fork-mr","fork":"mallory/infra","environment":"prod"}`,
		`{"project":"acme/infra","sub":["project_path","ref"],"ref":"a:b"}`,
		`{"forge":"github","project":"acme/infra","environment":"prod:ref:refs/heads/main"}`,
		`{"forge":"github","project":"acme/infra","immutable":true,"sub":["repo","context","actor"],"user":"a:b"}`,
		`{"forge":"github","project":"acme/infra","shape":"pull-request","pull_request":-1}`,
		`{"project":"acme/infra","claims":{"iss":null,"sub":7},"fault":"tampered"}`,
	} {
		f.Add(seed)
	}
	issuers, err := forge.New(forge.Options{Clock: clock})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, request string) {
		var r oidc.TokenRequest
		if json.Unmarshal([]byte(request), &r) != nil {
			return
		}
		token, err := issuers.Mint(r)
		if err != nil || r.Replace != nil {
			return
		}
		sub := payload(t, token)["sub"].(string)
		project := r.Project
		if r.Fork != "" {
			project = r.Fork
		}
		switch {
		case r.Forge == "github" && r.Sub == nil && !r.Immutable:
			if !strings.HasPrefix(sub, "repo:"+project+":") || r.Environment != "" && strings.Count(sub, ":") != 3 {
				t.Errorf("subject %q of %s", sub, request)
			}
		case r.Forge != "github":
			if !strings.HasPrefix(sub, "project_path:"+project) {
				t.Errorf("subject %q of %s", sub, request)
			}
		}
	})
}
