package iam

import (
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
)

// ManagedPolicy is a customer managed policy. Its key is
// "ACCOUNT/lower-name". AWS managed ones have the Account "aws" and are not in
// the table.
type ManagedPolicy struct {
	Account     string
	Name        string
	Path        string
	ID          string
	Description string `json:",omitempty"`
	Created     time.Time
	Updated     time.Time
	Tags        []Tag `json:",omitempty"`
	// Versions, oldest first; never empty.
	Versions []PolicyVersion
	// Default is the number of the version in force.
	Default int
	// Last is the highest number ever given, where a later version was deleted.
	Last int `json:",omitempty"`
}

// PolicyVersion is one version of a managed policy.
type PolicyVersion struct {
	Number  int
	Created time.Time
	Doc     *Document
}

// ARN of the policy.
func (p *ManagedPolicy) ARN() string {
	return "arn:aws:iam::" + p.Account + ":policy" + p.Path + p.Name
}

func (p *ManagedPolicy) key() string { return p.Account + "/" + strings.ToLower(p.Name) }

// current is the document in force.
func (p *ManagedPolicy) current() *Document { return p.version(p.Default).Doc }

// version finds a version by number; nil: there is none.
func (p *ManagedPolicy) version(n int) *PolicyVersion {
	for i := range p.Versions {
		if p.Versions[i].Number == n {
			return &p.Versions[i]
		}
	}
	return nil
}

// Loaded compiles the documents after a restart.
func (p *ManagedPolicy) Loaded() error {
	for _, v := range p.Versions {
		if err := v.Doc.recompile(p.ARN(), policy.Identity); err != nil {
			return err
		}
	}
	return nil
}

// managed finds a managed policy by its exact ARN; nil: there is none.
func (s *Service) managed(arn string) *ManagedPolicy {
	if p, ok := s.aws[arn]; ok {
		return p
	}
	account, k, name, ok := splitARN(arn)
	if !ok || k != "policy" {
		return nil
	}
	if p := s.policies.Get(account + "/" + strings.ToLower(name)); p != nil && p.ARN() == arn {
		return p
	}
	return nil
}

// ManagedDocument returns the text of a managed policy's version in force; ok
// is false if there is no such policy.
func (s *Service) ManagedDocument(arn string) (text string, ok bool) {
	p := s.managed(arn)
	if p == nil {
		return "", false
	}
	return p.current().Text, true
}

// versionNumber reads "v12".
func versionNumber(id string) (n int, ok bool) {
	digits, ok := strings.CutPrefix(id, "v")
	if !ok || digits == "" || digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0
}
