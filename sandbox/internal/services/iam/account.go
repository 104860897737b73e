package iam

import (
	"fmt"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
)

// Account is an AWS account. Its key is its 12-digit ID.
type Account struct {
	ID      string
	Created time.Time
	// RootKeys are the IDs of the root user's access keys.
	RootKeys []string
	// Alias is empty if the account has none.
	Alias    string          `json:",omitempty"`
	Password *PasswordPolicy `json:",omitempty"`
	// SCPs by level, the organization's root first; nil: none apply.
	SCPs [][]SCP `json:",omitempty"`
	// Token is the version of the tokens that the global STS endpoint makes,
	// 1 (the default, also for 0) or 2.
	Token int32 `json:",omitempty"`
	// Report is when the credential report was made; zero: never.
	Report        time.Time `json:",omitzero"`
	ReportContent []byte    `json:",omitempty"`
}

// SCP is a service control policy attached to an account for rehearsal.
type SCP struct {
	Name string
	Doc  *Document
}

// Loaded compiles the SCPs after a restart.
func (a *Account) Loaded() error {
	for _, level := range a.SCPs {
		for _, p := range level {
			if err := p.Doc.recompile(p.Name, policy.SCP); err != nil {
				return err
			}
		}
	}
	return nil
}

// EnsureAccount creates the account if it does not exist, and gives its root
// user the access key, in place of any it had with the same ID. Call it within
// Update. The ID must have 12 digits.
func (s *Service) EnsureAccount(id, rootAccessKey, rootSecret string) error {
	if !AccountID(id) {
		return fmt.Errorf("account ID %q is not 12 digits", id)
	}
	if rootAccessKey == "" || rootSecret == "" {
		return fmt.Errorf("account %s: the root access key and its secret must not be empty", id)
	}
	if k := s.keys.Get(rootAccessKey); k != nil && (k.Account != id || k.User != "") {
		return fmt.Errorf("account %s: access key %q belongs to another principal", id, rootAccessKey)
	}
	a := &Account{ID: id, Created: s.now()}
	if old := s.accounts.Get(id); old != nil {
		c := *old
		a = &c
	}
	if !slices.Contains(a.RootKeys, rootAccessKey) {
		a.RootKeys = append(slices.Clone(a.RootKeys), rootAccessKey)
	}
	s.accounts.Put(id, a)
	s.keys.Put(rootAccessKey, &AccessKey{ID: rootAccessKey, Secret: rootSecret, Account: id, Created: s.now()})
	return nil
}

// RootKey returns the account's first root access key; ok is false if the
// account does not exist or its root user has none.
func (s *Service) RootKey(account string) (accessKeyID, secret string, ok bool) {
	a := s.accounts.Get(account)
	if a == nil || len(a.RootKeys) == 0 {
		return "", "", false
	}
	k := s.keys.Get(a.RootKeys[0])
	return k.ID, k.Secret, true
}

// Accounts lists the IDs of all accounts, sorted.
func (s *Service) Accounts() []string {
	var ids []string
	for id := range s.accounts.From("") {
		ids = append(ids, id)
	}
	return ids
}

// fullAWSAccess is the SCP that Organizations attaches to every root, unit and
// account by itself.
// Source: Organizations User Guide, orgs_manage_policies_scps.
const fullAWSAccess = "FullAWSAccess"

// AttachSCP attaches a service control policy to the account at a level: 0 is
// the organization's root, the next its organizational unit, the last the
// account. Every level holds FullAWSAccess as well, as on AWS, until a policy
// of that name takes its place; a policy of the same name at that level is
// always replaced. Call it within Update.
func (s *Service) AttachSCP(account string, level int, name string, doc []byte) error {
	old := s.accounts.Get(account)
	if old == nil {
		return fmt.Errorf("account %q does not exist", account)
	}
	// Source: Organizations User Guide, orgs_reference_limits: five levels of
	// organizational units below the root, then the account.
	if level < 0 || level > 6 {
		return fmt.Errorf("SCP level %d: want 0 (the root) to 6 (the account)", level)
	}
	p, err := policy.Parse(name, doc, policy.SCP)
	if err != nil {
		return err
	}
	a := *old
	a.SCPs = slices.Clone(old.SCPs)
	for len(a.SCPs) <= level {
		full, err := document(fullAWSAccess, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, policy.SCP)
		if err != nil {
			return err
		}
		a.SCPs = append(a.SCPs, []SCP{{fullAWSAccess, full}})
	}
	next := slices.DeleteFunc(slices.Clone(a.SCPs[level]), func(p SCP) bool { return p.Name == name })
	a.SCPs[level] = append(next, SCP{Name: name, Doc: &Document{Text: string(doc), compiled: p}})
	s.accounts.Put(account, &a)
	return nil
}

// scps returns the account's SCPs by level, or nil.
func (a *Account) scps() [][]*policy.Policy {
	if a == nil || len(a.SCPs) == 0 {
		return nil
	}
	levels := make([][]*policy.Policy, 0, len(a.SCPs))
	for _, level := range a.SCPs {
		var ps []*policy.Policy
		for _, p := range level {
			ps = append(ps, p.Doc.compiled)
		}
		levels = append(levels, ps)
	}
	return levels
}

// AccountID tells whether id has the form of an account ID.
func AccountID(id string) bool {
	if len(id) != 12 {
		return false
	}
	for _, c := range []byte(id) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
