package s3

import (
	"encoding/json"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// The wording is S3's own; what was wrong comes behind it.
func malformedPolicy(message, detail string) *op.Error {
	e := op.Errorf(400, "MalformedPolicy", "%s", message)
	if detail != "" {
		e.Fields = [][2]string{{"Detail", detail}}
	}
	return e
}

// words is an element that may hold one string or several.
type words []string

func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

// principalWords is a Principal element: "*" or a map of types.
type principalWords map[string]words

func (p *principalWords) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*p = principalWords{"AWS": {one}}
		return nil
	}
	return json.Unmarshal(data, (*map[string]words)(p))
}

type policyStatement struct {
	Principal, NotPrincipal principalWords
	Action, NotAction       words
	Resource, NotResource   words
	Condition               map[string]map[string]any
}

type policyStatements []policyStatement

func (l *policyStatements) UnmarshalJSON(data []byte) error {
	var one policyStatement
	if json.Unmarshal(data, &one) == nil {
		*l = policyStatements{one}
		return nil
	}
	return json.Unmarshal(data, (*[]policyStatement)(l))
}

// compilePolicy checks a bucket policy as S3 does when it is saved, and binds
// the principals it names to their unique IDs. It is policy.Parse that decides
// what the language allows; what is checked here is S3's own.
//
// Source: S3 User Guide, troubleshoot-403-errors and bucket policy errors;
// IAM User Guide reference_policies_elements_principal.
func (s *Service) compilePolicy(b *Bucket, src []byte) (*policy.Policy, error) {
	if len(src) == 0 || src[0] != '{' {
		return nil, malformedPolicy("Policies must be valid JSON and the first byte must be '{'", "")
	}
	if len(src) > maxPolicyBytes {
		return nil, malformedPolicy("Policy exceeds the maximum allowed document size.", "")
	}
	p, err := policy.Parse(b.Name, src, policy.Resource)
	if err != nil {
		if m := missingElement.FindStringSubmatch(err.Error()); m != nil {
			return nil, malformedPolicy("Missing required field "+m[1], err.Error())
		}
		return nil, malformedPolicy("Policy document is not valid: "+err.Error(), "")
	}
	var doc struct{ Statement policyStatements }
	if err := json.Unmarshal(src, &doc); err != nil {
		return nil, malformedPolicy("Policies must be valid JSON and the first byte must be '{'", "")
	}
	for _, st := range doc.Statement {
		for _, who := range []principalWords{st.Principal, st.NotPrincipal} {
			if err := checkPrincipals(who); err != nil {
				return nil, err
			}
		}
		if err := checkStatement(b, st); err != nil {
			return nil, err
		}
	}
	bound, err := p.ResolvePrincipals(s.principals.ResolvePrincipal)
	if err != nil {
		var missing *policy.PrincipalError
		if errors.As(err, &missing) {
			return nil, malformedPolicy("Invalid principal in policy", missing.Principal)
		}
		return nil, malformedPolicy("Invalid principal in policy", err.Error())
	}
	return bound, nil
}

// checkPrincipals refuses what S3 does not take as a principal. Whether a user
// or role exists is ResolvePrincipals' business.
func checkPrincipals(who principalWords) error {
	invalid := func(value string) error { return malformedPolicy("Invalid principal in policy", value) }
	for kind, values := range who {
		for _, value := range values {
			switch kind {
			case "Service":
				if !strings.Contains(value, ".") || strings.HasPrefix(value, "arn:") {
					return invalid(value)
				}
			case "CanonicalUser":
				return notImplemented("the principal type CanonicalUser in a bucket policy")
			case "AWS":
				if rest, ok := strings.CutPrefix(value, "arn:aws:iam::"); ok {
					account, who, _ := strings.Cut(rest, ":")
					if who == "root" && !isAccount(account) {
						return invalid(value)
					}
				}
			case "Federated":
			default:
				return invalid(kind)
			}
		}
	}
	return nil
}

// missingElement finds in an error of policy.Parse what S3 has words for.
var missingElement = regexp.MustCompile(`missing element "(\w+)"`)

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// checkStatement is what S3 says of actions, resources and condition keys.
func checkStatement(b *Bucket, st policyStatement) error {
	for _, a := range append(slices.Clone(st.Action), st.NotAction...) {
		if len(actionsLike(a)) == 0 {
			return malformedPolicy("Policy has invalid action", a)
		}
	}
	onBucket, onObjects := false, false
	for _, r := range append(slices.Clone(st.Resource), st.NotResource...) {
		rest, ok := strings.CutPrefix(r, b.ARN())
		switch {
		case r == "*":
			onBucket, onObjects = true, true
		case !ok || (rest != "" && !strings.ContainsAny(rest[:1], "/*?")):
			return malformedPolicy("Policy has invalid resource", r)
		case rest == "":
			onBucket = true
		case rest[0] == '/':
			onObjects = true
		default:
			// A wildcard straight behind the name covers both.
			onBucket, onObjects = true, true
		}
	}
	if st.Resource != nil {
		for _, a := range st.Action {
			applies := false
			for _, name := range actionsLike(a) {
				if objectActions[name] {
					applies = applies || onObjects
				} else {
					applies = applies || onBucket
				}
			}
			if !applies {
				return malformedPolicy("Action does not apply to any resource(s) in statement", a)
			}
		}
	}
	for _, keys := range st.Condition {
		for key := range keys {
			if err := checkConditionKey(key, st); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkConditionKey(key string, st policyStatement) error {
	lower := strings.ToLower(key)
	if strings.HasPrefix(lower, "aws:") {
		return nil // policy.Parse knows the global keys
	}
	name, _, _ := strings.Cut(lower, "/")
	actions, ok := conditionKeys[name]
	if !ok {
		return malformedPolicy("Policy has an invalid condition key", key)
	}
	if actions == nil || st.NotAction != nil {
		return nil
	}
	for _, a := range st.Action {
		for _, like := range actionsLike(a) {
			if slices.Contains(actions, like) {
				return nil
			}
		}
	}
	return malformedPolicy("Conditions do not apply to combination of actions and resources in statement", key)
}

// actionsLike returns the S3 actions that a pattern stands for, without prefix.
func actionsLike(pattern string) []string {
	if pattern == "*" {
		pattern = "s3:*"
	}
	prefix, name, ok := strings.Cut(strings.ToLower(pattern), ":")
	if !ok || prefix != "s3" {
		return nil
	}
	var found []string
	for _, set := range []map[string]bool{objectActions, bucketActions} {
		for a := range set {
			// Action names have none of the characters that path.Match treats
			// differently from IAM's * and ?.
			if ok, err := path.Match(name, strings.ToLower(a)); ok && err == nil {
				found = append(found, a)
			}
		}
	}
	return found
}
