package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

// service is one service as it is encoded: sorted, and with every name resolved.
type service struct {
	prefix, name string
	keys         []serviceref.Key
	resources    []serviceref.Resource
	actions      []serviceref.Action
}

// The package's files.
type (
	fileKey struct {
		Key, Description, Type string
	}
	fileResource struct {
		Key, ARN      string
		ConditionKeys []string
	}
	fileAction struct {
		Name, Description, AccessLevel string
		ResourceTypes                  []struct {
			Name                            string
			Required                        bool
			ConditionKeys, DependentActions []string
		}
		ConditionKeys, DependentActions []string
		// Scenarios are combinations of the same resource types.
		Scenarios []any
	}
)

// services reads all services, sorted by prefix.
func (p pack) services() ([]service, error) {
	var prefixes []string
	names := map[string]string{}
	if err := p.read("data/services.json", &prefixes); err != nil {
		return nil, err
	}
	if err := p.read("data/serviceNames.json", &names); err != nil {
		return nil, err
	}
	slices.Sort(prefixes)
	var all []service
	for _, prefix := range prefixes {
		s, err := p.service(prefix)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", prefix, err)
		}
		if s.name = names[prefix]; s.name == "" {
			return nil, fmt.Errorf("%s: it has no name", prefix)
		}
		all = append(all, s)
	}
	return all, nil
}

func (p pack) service(prefix string) (service, error) {
	s := service{prefix: prefix}
	keys, resources, actions := map[string]fileKey{}, map[string]fileResource{}, map[string]fileAction{}
	if err := errors.Join(
		p.read("data/conditionKeys/"+prefix+".json", &keys),
		p.read("data/resourceTypes/"+prefix+".json", &resources),
		p.read("data/actions/"+prefix+".json", &actions),
	); err != nil {
		return s, err
	}
	known := map[string]serviceref.Key{}
	for _, k := range keys {
		key, err := keyOf(k)
		if err != nil {
			return s, err
		}
		if before, ok := known[strings.ToLower(key.Name)]; ok && (before.Type != key.Type || before.Multi != key.Multi) {
			return s, fmt.Errorf("condition key %q is there twice, with different types", key.Name)
		}
		known[strings.ToLower(key.Name)] = key
	}
	// resolve gives names the spelling of their definition.
	resolve := func(names []string, of string) ([]string, error) {
		var list []string
		for _, n := range names {
			k, ok := known[strings.ToLower(template(n))]
			if !ok {
				return nil, fmt.Errorf("%s has condition key %q, which the service does not define", of, n)
			}
			list = append(list, k.Name)
		}
		slices.Sort(list)
		return slices.Compact(list), nil
	}
	for _, r := range resources {
		list, err := resolve(r.ConditionKeys, "resource type "+r.Key)
		if err != nil {
			return s, err
		}
		if !strings.HasPrefix(r.ARN, "arn:") || strings.Count(r.ARN, ":") < 5 {
			return s, fmt.Errorf("resource type %q has the ARN %q", r.Key, r.ARN)
		}
		arn := bare.ReplaceAllString(r.ARN, "$1$${$2}")
		s.resources = append(s.resources, serviceref.Resource{Type: r.Key, ARNs: []string{arn}, Keys: list})
	}
	for _, a := range actions {
		action, err := actionOf(a, resources, resolve)
		if err != nil {
			return s, err
		}
		s.actions = append(s.actions, action)
	}
	for _, k := range known {
		s.keys = append(s.keys, k)
	}
	fold := func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }
	slices.SortFunc(s.keys, func(a, b serviceref.Key) int { return fold(a.Name, b.Name) })
	slices.SortFunc(s.resources, func(a, b serviceref.Resource) int { return fold(a.Type, b.Type) })
	slices.SortFunc(s.actions, func(a, b serviceref.Action) int { return fold(a.Name, b.Name) })
	return s, nil
}

func actionOf(a fileAction, resources map[string]fileResource, resolve func([]string, string) ([]string, error)) (serviceref.Action, error) {
	action := serviceref.Action{Name: a.Name, Dependent: a.DependentActions}
	var err error
	if action.Keys, err = resolve(a.ConditionKeys, "action "+a.Name); err != nil {
		return action, err
	}
	// The file says what an access level is besides Write.
	level := strings.TrimSuffix(a.AccessLevel, ", Write")
	if !slices.Contains(serviceref.Accesses, level) {
		return action, fmt.Errorf("action %q has access level %q", a.Name, a.AccessLevel)
	}
	action.Access = level
	for _, r := range a.ResourceTypes {
		def, ok := resources[strings.ToLower(r.Name)]
		if !ok {
			return action, fmt.Errorf("action %q has resource type %q, which the service does not define", a.Name, r.Name)
		}
		list, err := resolve(r.ConditionKeys, "action "+a.Name)
		if err != nil {
			return action, err
		}
		action.Resources = append(action.Resources, serviceref.ActionResource{Type: def.Key, Required: r.Required, Keys: list})
		action.Dependent = append(action.Dependent, r.DependentActions...)
	}
	slices.SortFunc(action.Resources, func(a, b serviceref.ActionResource) int { return cmp.Compare(a.Type, b.Type) })
	slices.Sort(action.Dependent)
	action.Dependent = slices.Compact(action.Dependent)
	return action, nil
}

// bare is a placeholder of an ARN that AWS writes without its dollar sign.
var bare = regexp.MustCompile(`([^$])\{([^{}]+)\}`)

var angle = regexp.MustCompile(`<(\w+)>`)

// template writes the placeholders of a key's name in one way: AWS also writes
// s3:ExistingObjectTag/<key> and ssm:resourceTag/tag-key.
func template(name string) string {
	name = angle.ReplaceAllString(name, "$${$1}")
	if head, ok := strings.CutSuffix(name, "/tag-key"); ok {
		name = head + "/${TagKey}"
	}
	return name
}

func keyOf(k fileKey) (serviceref.Key, error) {
	key := serviceref.Key{Name: template(k.Key)}
	key.Type, key.Multi = strings.CutPrefix(k.Type, "ArrayOf")
	if !slices.Contains(serviceref.Types, key.Type) {
		return key, fmt.Errorf("condition key %q has type %q", k.Key, k.Type)
	}
	// Source: Amazon Cognito Developer Guide, role-trust-and-permissions: "the
	// multi-value amr claim". The reference gives its type as String.
	if strings.HasSuffix(key.Name, ":amr") {
		key.Multi = true
	}
	return key, nil
}

var globalKey = regexp.MustCompile(`key: '([^']+)',\s+category: '[^']*',\s+type: '([^']+)'`)

// checkGlobalKeys holds the package's list of global keys, which is code and not
// data, against ours.
func (p pack) checkGlobalKeys() error {
	found := globalKey.FindAllSubmatch(p["dist/esm/globalConditionKeys.js"], -1)
	if len(found) < 50 {
		return fmt.Errorf("the package's list of global keys has %d entries: its form has changed", len(found))
	}
	var problems []error
	for _, f := range found {
		name, typ := template(string(f[1])), string(f[2])
		k, ok := serviceref.GlobalKey(name)
		if !ok {
			problems = append(problems, fmt.Errorf("the package has the global key %s (%s): add it to global.go, with its type from the IAM User Guide", name, typ))
			continue
		}
		ours := k.Type
		if k.Multi {
			ours = "ArrayOf" + ours
		}
		if ours != typ && name != "aws:SourceVpcArn" {
			problems = append(problems, fmt.Errorf("the package says that %s is %s, global.go %s", name, typ, ours))
		}
	}
	return errors.Join(problems...)
}
