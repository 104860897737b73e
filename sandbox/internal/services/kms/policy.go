package kms

import (
	"encoding/json"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// policyName is the only name a key policy can have.
const policyName = "default"

// maxPolicy is the size limit of a key policy, in bytes.
//
// Source: KMS Developer Guide, "Resource quotas".
const maxPolicy = 32 << 10

// defaultPolicy delegates the key to its account's IAM policies.
//
// Source: KMS Developer Guide, "Default key policy".
func defaultPolicy(account string) string {
	return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::` + account + `:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
}

// managedPolicy is the policy of an AWS managed key: whoever may use the
// service may use the key through it, and the account may look at it.
//
// Source: KMS Developer Guide, "AWS KMS condition keys", kms:CallerAccount;
// GetKeyPolicy of aws/s3.
func managedPolicy(account, region, service string) string {
	m := managed[service]
	actions := append([]string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"}, m.more...)
	return `{
  "Version" : "2012-10-17",
  "Id" : "auto-` + service + `-2",
  "Statement" : [ {
    "Sid" : "Allow access through ` + strings.ToUpper(service) + ` for all principals in the account that are authorized to use ` + strings.ToUpper(service) + `",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "` + strings.Join(actions, `", "`) + `" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "` + account + `",
        "kms:ViaService" : "` + m.via + `.` + region + `.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::` + account + `:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*" ],
    "Resource" : "*"
  } ]
}`
}

// parsePolicy compiles a key policy. Statements without Action or Resource are
// taken as KMS takes them: they have no effect.
//
// Source: KMS API_PutKeyPolicy, Policy: "If either of the required Resource or
// Action elements are missing from a key policy statement, the policy statement
// has no effect [...] API requests succeed".
func parsePolicy(name, text string) (*policy.Policy, error) {
	p, err := policy.Parse(name, []byte(text), policy.Key)
	if err == nil {
		return p, nil
	}
	if full, ok := completed(text); ok {
		if p, err := policy.Parse(name, full, policy.Key); err == nil {
			return p, nil
		}
	}
	return nil, err
}

// nowhere is a resource that no key has.
const nowhere = `"arn:aws:kms:us-east-1:000000000000:key/none"`

// completed gives statements that lack Action or Resource both, and a resource
// that nothing matches. ok is false if no statement lacks either.
func completed(text string) (full []byte, ok bool) {
	type element = map[string]json.RawMessage
	var doc element
	if json.Unmarshal([]byte(text), &doc) != nil {
		return nil, false
	}
	var list []element
	if json.Unmarshal(doc["Statement"], &list) != nil {
		var one element
		if json.Unmarshal(doc["Statement"], &one) != nil {
			return nil, false
		}
		list = []element{one}
	}
	has := func(st element, names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return st[n] != nil })
	}
	for _, st := range list {
		if has(st, "Action", "NotAction") && has(st, "Resource", "NotResource") {
			continue
		}
		ok = true
		if !has(st, "Action", "NotAction") {
			st["Action"] = json.RawMessage(`"kms:*"`)
		}
		delete(st, "NotResource")
		st["Resource"] = json.RawMessage(nowhere)
	}
	if !ok {
		return nil, false
	}
	var err error
	if doc["Statement"], err = json.Marshal(list); err != nil {
		return nil, false
	}
	full, err = json.Marshal(doc)
	return full, err == nil
}

// delegation is a key policy that leaves it to the account's IAM policies, for
// the checks on which KMS gives the key's own policy no say.
func delegation(account string) *policy.Policy {
	p, err := parsePolicy("IAM of account "+account, defaultPolicy(account))
	if err != nil {
		panic("kms: " + err.Error()) // account is 12 digits
	}
	return p
}

// setPolicy compiles a policy onto a key that is not put yet.
func (s *Service) setPolicy(k *key, text string) error {
	if len(text) > maxPolicy {
		return fail("LimitExceededException", "the key policy has %d bytes, the quota is %d", len(text), maxPolicy)
	}
	p, err := parsePolicy(k.ARN(), text)
	if err != nil {
		return malformedPolicy("%v", err)
	}
	if err := overlyPermissive(text); err != nil {
		return err
	}
	if p, err = p.ResolvePrincipals(s.principals.ResolvePrincipal); err != nil {
		e := malformedPolicy("Policy contains a statement with one or more invalid principals.")
		e.Err = err
		return e
	}
	k.PolicyText, k.PolicyIDs, k.policy = text, p.Bindings(), p
	return nil
}

// overlyPermissive refuses ForAllValues on keys that hold one value: without
// the key in the request it is true.
//
// Source: KMS Developer Guide, "AWS KMS condition keys", the warning under
// "Using set operators with condition keys".
func overlyPermissive(text string) error {
	var doc struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(text), &doc) != nil {
		return nil // the parser has accepted it in a form that encoding/json does not read
	}
	type statement struct {
		Condition map[string]map[string]json.RawMessage
	}
	var list []statement
	if json.Unmarshal(doc.Statement, &list) != nil {
		var one statement
		if json.Unmarshal(doc.Statement, &one) != nil {
			return nil
		}
		list = []statement{one}
	}
	for _, st := range list {
		for operator, keys := range st.Condition {
			if !strings.HasPrefix(strings.ToLower(operator), "forallvalues:") {
				continue
			}
			for name := range keys {
				what := ""
				switch lower := strings.ToLower(name); {
				case strings.HasPrefix(lower, "kms:encryptioncontext:"):
					what = "encryption context"
				case strings.HasPrefix(lower, "aws:requesttag/"):
					what = "tag"
				default:
					continue
				}
				return malformedPolicy("OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified %s or with an unspecified %s. To fix, remove ForAllValues.", what, what)
			}
		}
	}
	return nil
}

// bypassKeys is kms:BypassPolicyLockoutSafetyCheck, which is there only if the
// request carries the parameter: the SDK's input cannot tell, the body can.
//
// Source: KMS Developer Guide, conditions-kms, the Null example.
func bypassKeys(c *op.Call, value bool) []op.Key {
	var in struct{ BypassPolicyLockoutSafetyCheck *bool }
	if !value && (json.Unmarshal(c.Body, &in) != nil || in.BypassPolicyLockoutSafetyCheck == nil) {
		return nil
	}
	return []op.Key{op.Single("kms:BypassPolicyLockoutSafetyCheck", boolean(value))}
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

const lockoutAsks = "KMS API_PutKeyPolicy: the lockout safety check asks whether the caller could put the key policy again"

// lockoutCheck refuses a policy under which the caller could not put the next
// one. IAM counts: a policy that delegates to the account helps a caller only
// if IAM lets it use kms:PutKeyPolicy.
//
// Source: KMS API_PutKeyPolicy, Policy; KMS Developer Guide, "Permissions for
// AWS KMS": a CreateKey caller "must have the kms:PutKeyPolicy permission [...]
// from an IAM policy or they can include this permission in the key policy".
func (s *Service) lockoutCheck(c *op.Call, k *key) error {
	check, err := s.check(c, target{key: k}, ask{action: "PutKeyPolicy"})
	if err != nil {
		return err
	}
	check.OnDeny = malformedPolicy("The new key policy will not allow you to update the key policy in the future.")
	return c.Ask(check)
}

func (s *Service) policyRows() []op.Row {
	return []op.Row{
		keyOp[sdk.GetKeyPolicyInput, sdk.GetKeyPolicyOutput]{
			name: "GetKeyPolicy", reach: ownKey,
			id: func(in *sdk.GetKeyPolicyInput) *string { return in.KeyId },
			do: func(_ *op.Call, in *sdk.GetKeyPolicyInput, k *key) (*sdk.GetKeyPolicyOutput, error) {
				if in.PolicyName != nil && *in.PolicyName != policyName {
					return nil, fail("NotFoundException", "No such policy exists")
				}
				return &sdk.GetKeyPolicyOutput{Policy: &k.PolicyText, PolicyName: new(policyName)}, nil
			},
		}.row(s),
		keyOp[sdk.ListKeyPoliciesInput, sdk.ListKeyPoliciesOutput]{
			name: "ListKeyPolicies", reach: ownKey,
			id: func(in *sdk.ListKeyPoliciesInput) *string { return in.KeyId },
			ask: func(_ *op.Call, in *sdk.ListKeyPoliciesInput, _ *key) (ask, error) {
				return ask{}, pageArgs(in.Limit, 1000)
			},
			do: func(_ *op.Call, in *sdk.ListKeyPoliciesInput, _ *key) (*sdk.ListKeyPoliciesOutput, error) {
				page, next, err := paged([]string{policyName}, func(n string) string { return n }, in.Limit, 100, in.Marker)
				return &sdk.ListKeyPoliciesOutput{PolicyNames: page, NextMarker: next, Truncated: next != nil}, err
			},
		}.row(s),
		keyOp[sdk.PutKeyPolicyInput, sdk.PutKeyPolicyOutput]{
			name: "PutKeyPolicy", access: op.Write, reach: ownKey, asks: lockoutAsks,
			id: func(in *sdk.PutKeyPolicyInput) *string { return in.KeyId },
			ask: func(c *op.Call, in *sdk.PutKeyPolicyInput, _ *key) (ask, error) {
				switch {
				case in.Policy == nil:
					return ask{}, missing("Policy")
				case in.PolicyName != nil && *in.PolicyName != policyName:
					return ask{}, invalid("PolicyName must be %q, got %q", policyName, *in.PolicyName)
				}
				return ask{keys: bypassKeys(c, in.BypassPolicyLockoutSafetyCheck)}, nil
			},
			do: func(c *op.Call, in *sdk.PutKeyPolicyInput, k *key) (*sdk.PutKeyPolicyOutput, error) {
				k = k.edit(c.Now)
				if err := s.setPolicy(k, *in.Policy); err != nil {
					return nil, err
				}
				if !in.BypassPolicyLockoutSafetyCheck {
					if err := s.lockoutCheck(c, k); err != nil {
						return nil, err
					}
				}
				s.put(k)
				return &sdk.PutKeyPolicyOutput{}, nil
			},
		}.row(s),
	}
}
