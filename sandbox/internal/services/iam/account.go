package iam

import (
	"fmt"
	"slices"
	"time"
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
	// SCPs and RCPs by level, the organization's root first; nil: none apply.
	SCPs [][]Guardrail `json:",omitempty"`
	RCPs [][]Guardrail `json:",omitempty"`
	// Token is the version of the tokens that the global STS endpoint makes,
	// 1 (the default, also for 0) or 2.
	Token int32 `json:",omitempty"`
	// Report is when the credential report was made; zero: never.
	Report        time.Time `json:",omitzero"`
	ReportContent []byte    `json:",omitempty"`
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
