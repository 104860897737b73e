package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// planned is the part of an engine's plan (`tofu show -json PLAN`) that roles and
// identity providers are in.
// Source: Terraform "JSON Output Format", plan and values representation.
type planned struct {
	FormatVersion string `json:"format_version"`
	PlannedValues *struct {
		RootModule module `json:"root_module"`
	} `json:"planned_values"`
}

type module struct {
	Resources []struct {
		Address string `json:"address"`
		Mode    string `json:"mode"`
		Type    string `json:"type"`
		Values  struct {
			Name             string   `json:"name"`
			NamePrefix       string   `json:"name_prefix"`
			AssumeRolePolicy *string  `json:"assume_role_policy"`
			URL              string   `json:"url"`
			ClientIDList     []string `json:"client_id_list"`
		} `json:"values"`
	} `json:"resources"`
	ChildModules []module `json:"child_modules"`
}

// OfPlan reads the roles that admit web identities from an engine's plan in JSON.
// The audiences of the identity providers in it count for all of them; a plan
// without any leaves them unknown. skipped counts the roles that no token can
// assume. The error names a role whose trust policy is not known before apply.
func OfPlan(data []byte) (roles []*Role, skipped int, err error) {
	var p planned
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, 0, fmt.Errorf("not the JSON of a plan: %w", err)
	}
	if !strings.HasPrefix(p.FormatVersion, "1.") || p.PlannedValues == nil {
		return nil, 0, errors.New("not the JSON of a plan: it has no format_version 1.x with planned_values; make it with: tofu show -json PLANFILE")
	}
	var clients map[string][]string
	var walk func(m *module) error
	walk = func(m *module) error {
		for _, r := range m.Resources {
			switch {
			case r.Mode == "managed" && r.Type == "aws_iam_openid_connect_provider":
				if clients == nil {
					clients = map[string][]string{}
				}
				issuer := strings.TrimSuffix(strings.TrimPrefix(r.Values.URL, "https://"), "/")
				clients[issuer] = append(clients[issuer], r.Values.ClientIDList...)
			case r.Mode == "managed" && r.Type == "aws_iam_role":
				if r.Values.AssumeRolePolicy == nil {
					return fmt.Errorf("%s: its trust policy is not known before apply", r.Address)
				}
				name := r.Values.Name
				if name == "" {
					name = r.Address
				}
				role, err := newRole(name, []byte(*r.Values.AssumeRolePolicy))
				if err != nil {
					return fmt.Errorf("%s: %w", r.Address, err)
				}
				if !role.takesTokens() {
					skipped++
					continue
				}
				roles = append(roles, role)
			}
		}
		for i := range m.ChildModules {
			if err := walk(&m.ChildModules[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(&p.PlannedValues.RootModule); err != nil {
		return nil, 0, err
	}
	for _, r := range roles {
		r.Clients = clients
	}
	sort.SliceStable(roles, func(i, j int) bool { return roles[i].Name < roles[j].Name })
	return roles, skipped, nil
}

// newRole is a role of which only the name and the trust policy are known.
func newRole(name string, document []byte) (*Role, error) {
	p, err := policy.Parse(name, document, policy.Trust)
	if err != nil {
		return nil, err
	}
	return &Role{Name: name, Policy: p}, nil
}

// takesTokens reports whether the trust policy names an OIDC provider, or
// everyone.
func (r *Role) takesTokens() bool {
	all, _ := statements(r.Policy)
	for _, s := range all {
		if s.effect != policy.EffectAllow {
			continue
		}
		for _, p := range s.principals {
			if p.name == "*" || p.kind == "Federated" && !strings.Contains(p.name, ":saml-provider/") {
				return true
			}
		}
	}
	return false
}
