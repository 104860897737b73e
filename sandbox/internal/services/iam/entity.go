package iam

import (
	"slices"
	"strings"
	"time"
)

// kind is the noun in an ARN.
type kind string

const (
	userKind  kind = "user"
	groupKind kind = "group"
	roleKind  kind = "role"
)

// title is the noun as IAM's messages and parameters spell it.
func (k kind) title() string { return strings.ToUpper(string(k[:1])) + string(k[1:]) }

// idPrefix begins the unique IDs of the kind.
// Source: IAM User Guide, reference_identifiers, "Understanding unique ID prefixes".
func (k kind) idPrefix() string {
	return map[kind]string{userKind: "AIDA", groupKind: "AGPA", roleKind: "AROA"}[k]
}

// Entity is a user, a group or a role. Its key is "ACCOUNT/kind/lower-name":
// names differ by more than case within an account.
type Entity struct {
	Kind    kind
	Account string
	Name    string
	Path    string
	ID      string
	Created time.Time
	Tags    []Tag `json:",omitempty"`
	// Inline policies, sorted by name.
	Inline []Inline `json:",omitempty"`
	// Attached are ARNs of managed policies, in the order they were attached.
	Attached []string `json:",omitempty"`
	// Boundary is the ARN of the permissions boundary; empty: none.
	Boundary string `json:",omitempty"`

	User *UserPart `json:",omitempty"`
	Role *RolePart `json:",omitempty"`
}

// UserPart is what only users have.
type UserPart struct {
	// Groups are the lower-case names of the user's groups, sorted.
	Groups []string `json:",omitempty"`
	// Keys are the IDs of the user's access keys, oldest first.
	Keys  []string   `json:",omitempty"`
	Login *LoginPart `json:",omitempty"`
}

// RolePart is what only roles have.
type RolePart struct {
	Trust       *Document
	Description string `json:",omitempty"`
	// MaxSession in seconds.
	MaxSession int32
	// Service is the service principal of a service-linked role.
	Service string `json:",omitempty"`
}

// Inline is an inline policy.
type Inline struct {
	Name string
	Doc  *Document
}

// Tag of an IAM resource. Keys differ by more than case.
type Tag struct{ Key, Value string }

// ARN of the entity.
func (e *Entity) ARN() string {
	return "arn:aws:iam::" + e.Account + ":" + string(e.Kind) + e.Path + e.Name
}

func (e *Entity) key() string { return entityKey(e.Account, e.Kind, e.Name) }

func entityKey(account string, k kind, name string) string {
	return account + "/" + string(k) + "/" + strings.ToLower(name)
}

// TagMap returns the tags as the authorisation context wants them; nil: none.
func (e *Entity) TagMap() map[string]string { return tagMap(e.Tags) }

// serviceLinked roles are changed by their service only.
func (e *Entity) serviceLinked() bool { return e.Role != nil && e.Role.Service != "" }

// copy returns a copy whose own fields may be assigned. The slices are shared:
// replace them, never write into them.
func (e *Entity) copy() *Entity {
	c := *e
	if e.User != nil {
		u := *e.User
		c.User = &u
	}
	if e.Role != nil {
		r := *e.Role
		c.Role = &r
	}
	return &c
}

// inline returns the named inline policy, or nil.
func (e *Entity) inline(name string) *Document {
	if i, ok := e.findInline(name); ok {
		return e.Inline[i].Doc
	}
	return nil
}

func (e *Entity) findInline(name string) (int, bool) {
	return slices.BinarySearchFunc(e.Inline, name, func(i Inline, name string) int {
		return strings.Compare(i.Name, name)
	})
}

func tagMap(tags []Tag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

// Loaded compiles the documents after a restart.
func (e *Entity) Loaded() error {
	for _, i := range e.Inline {
		if err := i.Doc.recompile(e.ARN()+" inline policy "+i.Name, identityKind); err != nil {
			return err
		}
	}
	if e.Role != nil && e.Role.Trust != nil {
		return e.Role.Trust.recompile(e.ARN()+" trust policy", trustKind)
	}
	return nil
}

// idRef is where a unique ID leads: to the key of its user or role.
type idRef struct{ Key string }

// entity finds a user, group or role by name, whatever its case; nil: none.
func (s *Service) entity(account string, k kind, name string) *Entity {
	return s.entities.Get(entityKey(account, k, name))
}

// byID finds the user or role with the unique ID; nil: it does not exist, or
// was deleted.
func (s *Service) byID(id string) *Entity {
	ref := s.ids.Get(id)
	if ref == nil {
		return nil
	}
	return s.entities.Get(ref.Key)
}

// byARN finds a user, group or role by its exact ARN; nil: none.
func (s *Service) byARN(arn string) *Entity {
	account, k, name, ok := splitARN(arn)
	if !ok {
		return nil
	}
	if e := s.entity(account, kind(k), name); e != nil && e.ARN() == arn {
		return e
	}
	return nil
}

// put stores a new or changed entity.
func (s *Service) put(e *Entity) {
	s.entities.Put(e.key(), e)
	if e.Kind != groupKind {
		if ref := s.ids.Get(e.ID); ref == nil || ref.Key != e.key() {
			s.ids.Put(e.ID, &idRef{e.key()})
		}
	}
}

// remove deletes an entity.
func (s *Service) remove(e *Entity) {
	s.entities.Delete(e.key())
	s.ids.Delete(e.ID)
}

// splitARN takes arn:aws:iam::ACCOUNT:KIND/PATH/NAME apart; name is the last
// path segment.
func splitARN(arn string) (account, kind, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	if !ok {
		return "", "", "", false
	}
	account, rest, ok = strings.Cut(rest, ":")
	if !ok {
		return "", "", "", false
	}
	kind, path, ok := strings.Cut(rest, "/")
	if !ok {
		return "", "", "", false
	}
	return account, kind, path[strings.LastIndexByte(path, '/')+1:], true
}
