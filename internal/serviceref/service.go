package serviceref

import (
	"sort"
	"strings"
	"sync"
)

// Service is what the reference says of one service prefix.
type Service struct {
	// Prefix is the part of an action before the colon, in lower case.
	Prefix string
	// Name is AWS's name for the service, "Amazon S3".
	Name string

	actions   []*Action
	resources []*Resource
	keys      keyList
	readForms sync.Once
	forms     []form // of all resource types
}

// Action is one action of a service.
type Action struct {
	// Name is the part after the colon, as AWS writes it.
	Name string
	// Access is List, Read, Write, Tagging or Permissions management.
	Access string
	// Resources are the resource types that the action is authorised against.
	// Empty: it supports no resource but "*".
	Resources []ActionResource
	// Keys are the condition keys of the action whatever its resource. See
	// Service.ActionKey for all that a request may carry.
	Keys []string
	// Dependent are the actions, prefix and all, that the caller needs as well.
	// The data's source names none at present; empty says nothing.
	Dependent []string
}

// WildcardOnly reports that the action supports no resource but "*": a
// statement that names another resource never matches it.
func (a *Action) WildcardOnly() bool { return len(a.Resources) == 0 }

// ActionResource is one resource type of an action.
type ActionResource struct {
	// Type is the name of a Resource of the same service.
	Type string
	// Required is AWS's asterisk: a request names a resource of this type, in one
	// at least of the ways that the action can be called. Where no type of an
	// action is required, a request names one of them or several.
	Required bool
	// Keys are the condition keys that the action has on this resource type only.
	Keys []string
}

// Resource is one resource type of a service.
type Resource struct {
	Type string
	// ARNs are the forms of its ARN with placeholders,
	// "arn:${Partition}:s3:::${BucketName}". The service in it may be another one.
	ARNs []string
	// Keys are the condition keys that every action on this type may carry.
	Keys []string
}

// Action finds an action by its name without the prefix, in any case.
func (s *Service) Action(name string) (*Action, bool) {
	i := sort.Search(len(s.actions), func(i int) bool { return compareFold(s.actions[i].Name, name) >= 0 })
	if i < len(s.actions) && compareFold(s.actions[i].Name, name) == 0 {
		return s.actions[i], true
	}
	return nil, false
}

// Actions lists the actions by name.
func (s *Service) Actions() []*Action { return s.actions }

// Match lists the actions that a pattern of a policy (the part after the colon,
// with * and ?) stands for, in any case. Empty: it matches none that is known.
func (s *Service) Match(pattern string) []*Action {
	if !strings.ContainsAny(pattern, "*?") {
		if a, ok := s.Action(pattern); ok {
			return []*Action{a}
		}
		return nil
	}
	var found []*Action
	pattern = lower(pattern)
	for _, a := range s.actions {
		if globMatch(pattern, lower(a.Name)) {
			found = append(found, a)
		}
	}
	return found
}

// Resource finds a resource type by its name, in any case.
func (s *Service) Resource(typ string) (*Resource, bool) {
	i := sort.Search(len(s.resources), func(i int) bool { return compareFold(s.resources[i].Type, typ) >= 0 })
	if i < len(s.resources) && compareFold(s.resources[i].Type, typ) == 0 {
		return s.resources[i], true
	}
	return nil, false
}

// Resources lists the resource types by name.
func (s *Service) Resources() []*Resource { return s.resources }

// Key finds a condition key that the service lists, by its full name and in any
// case: "s3:prefix", and by the template that it fits "aws:RequestTag/team" or
// "kms:EncryptionContext:app". STS has the keys of any token issuer besides.
// Global keys that the service does not list are found by GlobalKey.
func (s *Service) Key(name string) (*Key, bool) {
	if k, ok := s.keys.find(name); ok {
		return k, true
	}
	if s.Prefix == "sts" {
		return issuerKey(name)
	}
	return nil, false
}

// Keys lists the condition keys of the service by name, templates included.
func (s *Service) Keys() []*Key { return s.keys.all }

// ActionKey finds a condition key that a request for the action may carry: one
// of the action, of a resource type it acts on, a global key, or a claim of the
// token or SAML assertion behind the caller's session. Whether the request at
// hand carries it is another question.
//
// Source for the last: IAM User Guide, reference_policies_iam-condition-keys,
// "Cross-service OIDC federation context keys" and its SAML counterpart. Only some
// of those keys travel with a session; which is left open here, so that none that
// does is taken for impossible.
func (s *Service) ActionKey(a *Action, name string) (*Key, bool) {
	if k, ok := GlobalKey(name); ok && !k.perService {
		return k, true
	}
	if k, ok := s.keys.find(name); ok {
		if contains(a.Keys, k.Name) {
			return k, true
		}
		for _, r := range a.Resources {
			if contains(r.Keys, k.Name) {
				return k, true
			}
			if typ, ok := s.Resource(r.Type); ok && contains(typ.Keys, k.Name) {
				return k, true
			}
		}
	}
	if k, ok := FindKey(name); ok && k.federated() {
		return k, true
	}
	return nil, false
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}
