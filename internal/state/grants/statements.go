package grants

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// The statements' IDs, which say what each is for. Those of resource policies get
// the environment's name, so that several fit into one policy.
const (
	sidKey   = "EnvironmentUsesTheKey"
	sidState = "AllowState"
	sidLock  = "AllowLock"
	sidList  = "AllowList"
)

// keyActions are what a principal gets on its key: exactly these.
var keyActions = []string{"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"}

// Statement is a statement of a policy, its members in the order in which people
// write them.
type Statement struct {
	Sid       string                         `json:"Sid"`
	Effect    string                         `json:"Effect"`
	Principal map[string][]string            `json:"Principal,omitempty"`
	Action    []string                       `json:"Action"`
	Resource  []string                       `json:"Resource"`
	Condition map[string]map[string][]string `json:"Condition,omitempty"`
}

// Text is the statement as JSON, as people write it: a list of one is its value, and
// what is short is on one line.
func (s *Statement) Text() string {
	var b strings.Builder
	member := func(name, value string) { fmt.Fprintf(&b, ",\n  %s: %s", quoted(name), value) }
	fmt.Fprintf(&b, "{\n  \"Sid\": %s", quoted(s.Sid))
	member("Effect", quoted(s.Effect))
	if s.Principal != nil {
		member("Principal", object(s.Principal))
	}
	member("Action", values(s.Action, "  "))
	member("Resource", values(s.Resource, "  "))
	if s.Condition != nil {
		parts := []string{}
		for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
			parts = append(parts, quoted(operator)+": "+object(s.Condition[operator]))
		}
		member("Condition", "{"+strings.Join(parts, ", ")+"}")
	}
	return b.String() + "\n}"
}

func object(m map[string][]string) string {
	parts := []string{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, quoted(k)+": "+values(m[k], ""))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// values is a list; with an indentation, a long one has a line for each value.
func values(list []string, indent string) string {
	if len(list) == 1 {
		return quoted(list[0])
	}
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = quoted(v)
	}
	line := "[" + strings.Join(parts, ", ") + "]"
	if indent == "" || len(line) <= 100 {
		return line
	}
	return "[\n" + indent + "  " + strings.Join(parts, ",\n"+indent+"  ") + "\n" + indent + "]"
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("grants: a text as JSON: " + err.Error()) // a string cannot fail
	}
	return string(text)
}

// grantee is what the statements are made of.
type grantee struct {
	partition, environment, bucket, key string
	principals, states                  []string
	locking                             bool
}

func (g *grantee) bucketARN() string { return "arn:" + g.partition + ":s3:::" + g.bucket }

func (g *grantee) objects(suffix string) []string {
	list := []string{}
	for _, key := range g.states {
		list = append(list, g.bucketARN()+"/"+key+suffix)
	}
	sort.Strings(list)
	return list
}

// sid may hold letters and digits only: "eu-prod" becomes "EuProd".
func (g *grantee) sid(what string) string {
	for _, part := range strings.Split(g.environment, "-") {
		what += strings.ToUpper(part[:1]) + part[1:]
	}
	return what
}

// s3 are the statements on the bucket, without principals.
func (g *grantee) s3() []Statement {
	list := []Statement{{Sid: g.sid(sidState), Effect: "Allow", Action: []string{"s3:GetObject", "s3:PutObject"}, Resource: g.objects("")}}
	if g.locking {
		// Only the lock may be deleted: a lock that cannot be released locks for ever, a
		// state that can be deleted is lost.
		list = append(list, Statement{Sid: g.sid(sidLock), Effect: "Allow", Action: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, Resource: g.objects(statestore.LockSuffix)})
	}
	// Engines list "env:/" for workspaces. S3 asks for the same right on the HEAD of a
	// state that is not there yet, with its key as the prefix; a request that should come
	// without one passes by IfExists.
	prefixes := append([]string{statestore.WorkspacePrefix}, g.states...)
	sort.Strings(prefixes[1:])
	return append(list, Statement{
		Sid: g.sid(sidList), Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{g.bucketARN()},
		Condition: map[string]map[string][]string{"StringEqualsIfExists": {"s3:prefix": prefixes}},
	})
}

// keyPolicy, bucketPolicy and ownPolicy are what to paste, each where it belongs.
func (g *grantee) keyPolicy() []Statement {
	return []Statement{{Sid: sidKey, Effect: "Allow", Principal: map[string][]string{"AWS": g.principals}, Action: keyActions, Resource: []string{"*"}}}
}

func (g *grantee) bucketPolicy() []Statement {
	list := g.s3()
	for i := range list {
		list[i].Principal = map[string][]string{"AWS": g.principals}
	}
	return list
}

func (g *grantee) ownPolicy() []Statement {
	return append([]Statement{{Sid: g.sid("StateKey"), Effect: "Allow", Action: keyActions, Resource: []string{g.key}}}, g.s3()...)
}
