package kms

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// grant is a KMS grant, under the key that it is for.
type grant struct {
	ID, KeyARN string
	// KeyRow is the key's table key.
	KeyRow string
	Name   string `json:",omitempty"`
	Issued time.Time
	// Issuer is the account that created the grant.
	Issuer     string
	Operations []types.GrantOperation
	Equals     map[string]string `json:",omitempty"`
	Subset     map[string]string `json:",omitempty"`
	Grantee    party
	// Retiring is who may retire the grant; its ARN is empty if nobody was
	// named.
	Retiring party
}

// party is a principal of a grant. ID binds it to the user or role that had
// the ARN when the grant was made; empty for principals that have none.
type party struct{ ARN, ID string }

// is reports whether p is the party or a session of it. An account's ARN means
// its root user: delegating a grant to IAM users through their account is not
// modelled, which refuses where AWS may allow.
func (y party) is(p *policy.Principal) bool {
	bound := y.ID == "" || y.ID == p.ID
	switch p.Type {
	case policy.User:
		return y.ARN == p.ARN && bound
	case policy.AssumedRole:
		return y.ARN == p.ARN || y.ARN == p.RoleARN && bound
	case policy.FederatedUser:
		return y.ARN == p.ARN || y.ARN == p.UserARN
	case policy.Root:
		return y.ARN == p.ARN
	}
	return false
}

func rootARN(account string) string { return "arn:aws:iam::" + account + ":root" }

// token is the grant token: not secret, and it says nothing of the grant.
func (g *grant) token() string {
	sum := sha256.Sum256([]byte("strongroom kms grant token " + g.KeyARN + " " + g.ID))
	return base64.StdEncoding.EncodeToString(append([]byte("grant"), sum[:]...))
}

// newGrantID returns 64 hexadecimal digits.
func newGrantID(c *op.Call) (string, error) {
	b, err := randomBytes(c.Rand, 32)
	return hex.EncodeToString(b), err
}

func (g *grant) row() string { return g.KeyRow + "/" + g.ID }

// admits reports whether the grant's constraints hold for an encryption
// context.
//
// Source: KMS API_GrantConstraints: exact and case-sensitive matches; ignored
// by the operations that have no encryption context.
func (g *grant) admits(operation types.GrantOperation, context map[string]string) bool {
	switch operation {
	case types.GrantOperationDescribeKey, types.GrantOperationRetireGrant:
		return true
	}
	if g.Equals != nil && !maps.Equal(g.Equals, context) {
		return false
	}
	return subset(g.Subset, context)
}

func subset(part, whole map[string]string) bool {
	for name, value := range part {
		if have, ok := whole[name]; !ok || have != value {
			return false
		}
	}
	return true
}

// delegates reports whether g allows making the grant n: at most its own
// operations, under constraints at least as strict.
//
// Source: KMS Developer Guide, "Creating grants", Granting CreateGrant
// permission.
func (g *grant) delegates(n *grant) bool {
	for _, o := range n.Operations {
		if !slices.Contains(g.Operations, o) {
			return false
		}
	}
	if g.Equals != nil {
		return n.Equals != nil && maps.Equal(g.Equals, n.Equals)
	}
	if g.Subset == nil {
		return true
	}
	return n.Equals != nil && subset(g.Subset, n.Equals) || n.Subset != nil && subset(g.Subset, n.Subset)
}

// grantFor returns the ID of a grant that allows the request, "" if none does.
func (s *Service) grantFor(c *op.Call, k *key, a ask) string {
	operation := types.GrantOperation(a.action)
	for _, g := range s.grants.Prefix(k.row() + "/") {
		if !slices.Contains(g.Operations, operation) || !g.Grantee.is(&c.Caller.Principal) {
			continue
		}
		if a.grant != nil && a.grant(g) || a.grant == nil && g.admits(operation, a.context) {
			return g.ID
		}
	}
	return ""
}

// knownTokens refuses a grant token that no grant has. A token adds nothing
// else: in the sandbox a grant works at once.
func (s *Service) knownTokens(c *op.Call, k *key, tokens []string) error {
	if len(tokens) > 10 {
		return invalid("1 validation error detected: Value at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
	for _, token := range tokens {
		if s.granted(k.row()+"/", token) == nil && s.granted("", token) == nil {
			return fail("InvalidGrantTokenException", "Grant token is invalid")
		}
	}
	return nil
}

// granted finds the grant of a token among the rows with the prefix.
func (s *Service) granted(prefix, token string) *grant {
	for _, g := range s.grants.Prefix(prefix) {
		if g.token() == token {
			return g
		}
	}
	return nil
}
