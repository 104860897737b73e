package kms

import (
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// reach says how an operation may name its key.
type reach uint8

const (
	// byAnyName: key ID, key ARN, alias name or alias ARN, of any account.
	byAnyName reach = iota
	// byKey: key ID or key ARN, of any account.
	byKey
	// ownKey: key ID or key ARN of the caller's account.
	ownKey
)

// target is a key as a request named it.
type target struct {
	*key
	// alias is the alias name that the request used; empty: it used none.
	alias string
}

// target finds the key that a request names, for the action it asks for.
//
// Source: KMS API Reference, the KeyId parameter and "Cross-account use" of
// each operation.
func (s *Service) target(c *op.Call, action string, id *string, r reach) (target, error) {
	if id == nil {
		return target{}, missing("KeyId")
	}
	if err := length("KeyId", len(*id), 1, 2048); err != nil {
		return target{}, err
	}
	account, resource, err := locate(c.Caller.Account, c.Region, *id)
	if err != nil {
		return target{}, err
	}
	foreign := account != c.Caller.Account
	name, isAlias := strings.CutPrefix(resource, "alias/")
	var t target
	switch {
	case foreign && r == ownKey:
		return target{}, noForeignKey(c, action, "resource: "+*id)
	case isAlias && r != byAnyName:
		return target{}, fail("NotFoundException", "Invalid keyId '%s'", *id)
	case isAlias:
		t.alias = "alias/" + name
		t.key = s.aliased(c, account, c.Region, t.alias)
	default:
		t.key = s.live(c, account, c.Region, strings.TrimPrefix(resource, "key/"))
	}
	switch {
	case t.key != nil:
		return t, nil
	case foreign:
		return target{}, noForeignKey(c, action, "resource: "+*id)
	case isAlias:
		return target{}, noSuchAlias(aliasARN(account, c.Region, t.alias))
	}
	return target{}, noSuchKey(keyARN(account, c.Region, strings.TrimPrefix(resource, "key/")))
}

// locate splits a key identifier into the account and "key/ID" or
// "alias/NAME". IDs and names without an ARN are of the given account.
func locate(account, region, id string) (owner, resource string, err error) {
	if strings.HasPrefix(id, "arn:") {
		return locateARN(region, id)
	}
	if strings.HasPrefix(id, "alias/") {
		return account, id, nil
	}
	if !validID(id) {
		return "", "", fail("NotFoundException", "Invalid keyId '%s'", id)
	}
	return account, "key/" + id, nil
}

func locateARN(region, arn string) (owner, resource string, err error) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[1] != "aws" || part[2] != "kms" || !accountID(part[4]) {
		return "", "", fail("InvalidArnException", "Invalid arn %s", arn)
	}
	if part[3] != region {
		return "", "", fail("NotFoundException", "Invalid arn %s", part[3])
	}
	kind, name, _ := strings.Cut(part[5], "/")
	switch {
	case kind == "alias" && name != "":
	case kind == "key":
		if !validID(name) {
			return "", "", fail("NotFoundException", "Invalid keyId '%s'", name)
		}
	default:
		return "", "", fail("InvalidArnException", "Invalid arn %s", arn)
	}
	return part[4], part[5], nil
}

func accountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// aliased returns the key behind an alias name, nil if there is none.
func (s *Service) aliased(c *op.Call, account, region, name string) *key {
	a := s.aliases.Get(rowKey(account, region, name))
	if a == nil {
		return nil
	}
	return s.live(c, account, region, a.KeyID)
}

// cutKey returns the key ID of "key/ID".
func cutKey(resource string) (id string, ok bool) { return strings.CutPrefix(resource, "key/") }
