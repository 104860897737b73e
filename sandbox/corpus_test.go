package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/policy/policytest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// inexpressible says why a case cannot be said as calls. It is the only way for
// a case to be left out, and the reasons are counted.
type inexpressible string

func (e inexpressible) Error() string { return string(e) }

// The corpus's answers hold for real calls too: principals are made, policies
// are attached, the request is signed and sent, and the answer is AWS's.
func TestCorpusThroughTheSandbox(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of calls, one after the other")
	}
	cases, err := policytest.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	run, left := 0, map[string]int{}
	for i := range cases {
		c := &cases[i]
		got, err := ask(t.Context(), c)
		var why inexpressible
		switch {
		case errors.As(err, &why):
			left[string(why)]++
		case err != nil:
			t.Errorf("%s:%d: %s: %v", c.File, c.Line, c.ID, err)
		case got != c.Expected:
			t.Errorf("%s:%d: %s: the sandbox answers %s, want %s", c.File, c.Line, c.ID, got, c.Expected)
		default:
			run++
		}
	}
	var reasons []string
	for why, n := range left {
		reasons = append(reasons, fmt.Sprintf("%4d  %s", n, why))
	}
	sort.Strings(reasons)
	t.Logf("%d of %d cases agree as calls; left out:\n%s", run, len(cases), strings.Join(reasons, "\n"))
	if run < 200 {
		t.Errorf("only %d cases could be said as calls", run)
	}
}

// world is a sandbox that is being made to look like a case.
type world struct {
	c     *policytest.Case
	sb    *sandbox.Sandbox
	owner string // the account of the resource
	// keyARN is what the case's key became, blob a ciphertext under it, and swap
	// puts the one for the other in documents.
	keyARN string
	blob   []byte
	swap   *strings.Replacer
}

const caseKey = "arn:aws:kms:eu-west-2:111111111111:key/11111111-2222-3333-4444-555555555555"

// asked are the actions that a test can take, and the keys that such a request
// carries as the case's context says or not at all.
var asked = map[string][]string{
	"s3:getobject":                  {"aws:securetransport"},
	"s3:putobject":                  {"aws:securetransport", "s3:x-amz-server-side-encryption"},
	"s3:listbucket":                 {"s3:prefix"},
	"kms:decrypt":                   {"kms:encryptioncontext:aws:s3:arn", "kms:encryptioncontext:app", "kms:encryptioncontextkeys"},
	"sts:assumerole":                {"sts:externalid"},
	"sts:assumerolewithwebidentity": {"gitlab.com:sub", "gitlab.com:aud", "gitlab.com:ref_protected", "gitlab.com:ref_type", "token.actions.githubusercontent.com:sub", "token.actions.githubusercontent.com:aud"},
}

// faithful keys are in every request of a principal with the value that the
// case gives them, or the case could not be about that principal.
var faithful = map[string]bool{"aws:principalarn": true}

func ask(ctx context.Context, c *policytest.Case) (policytest.Answer, error) {
	action := strings.ToLower(c.Request.Action)
	carried, ok := asked[action]
	if !ok {
		return "", inexpressible("the action is " + c.Request.Action)
	}
	if err := expressible(c, carried); err != nil {
		return "", err
	}
	sb, err := sandbox.Start(ctx, sandbox.Options{Account: c.Request.Resource.AccountID, Region: "eu-west-2"})
	if err != nil {
		return "", err
	}
	defer sb.Close()
	w := &world{c: c, sb: sb, owner: c.Request.Resource.AccountID, swap: strings.NewReplacer()}
	for _, step := range []func(context.Context) error{w.bystanders, w.resource} {
		if err := step(ctx); err != nil {
			return "", err
		}
	}
	cfg, err := w.caller(ctx)
	if err != nil {
		return "", err
	}
	// Last, because they would stop the preparations too.
	if err := w.organization(); err != nil {
		return "", err
	}
	return w.answer(w.call(ctx, action, cfg))
}

// expressible refuses cases whose policies look at keys that the call would
// carry with another value than the case says.
func expressible(c *policytest.Case, carried []string) error {
	switch {
	case len(c.VPCEndpointPolicies) > 0:
		return inexpressible("the sandbox has no VPC endpoints")
	case strings.HasSuffix(string(c.Request.Principal), ".amazonaws.com"):
		return inexpressible("the caller is an AWS service")
	}
	if policytest.Storable(c) != nil {
		return inexpressible("AWS would not store a document of the case")
	}
	if strings.Contains(c.Request.Resource.ARN, "*") {
		return inexpressible("the resource is a pattern")
	}
	for _, level := range c.SCPs {
		if len(level) == 0 {
			return inexpressible("Organizations keeps a policy at every level")
		}
	}
	for _, level := range c.RCPs {
		if !slices.ContainsFunc(level, isFull) {
			return inexpressible("Organizations keeps RCPFullAWSAccess at every level")
		}
	}
	set, _, err := policytest.Build(c)
	if err != nil {
		return err
	}
	var all []*policy.Policy
	all = append(append(append(all, set.Identity...), set.Session...), set.Boundary, set.Resource)
	for _, level := range slices.Concat(set.SCPs, set.RCPs) {
		all = append(all, level...)
	}
	may := map[string]bool{}
	for _, k := range carried {
		may[k] = true
	}
	for _, p := range all {
		if p == nil {
			continue
		}
		for _, key := range p.Keys() {
			key = strings.ToLower(key)
			if faithful[key] {
				if v, given := context1(c, key); !given || v != string(c.Request.Principal) && v != roleOf(string(c.Request.Principal)) {
					return inexpressible("the case gives a key that every request carries another value")
				}
				continue
			}
			if !may[key] {
				return inexpressible("a policy looks at a key that the call cannot set")
			}
		}
	}
	for key := range c.Request.Context {
		if key = strings.ToLower(key); !may[key] && !faithful[key] {
			return inexpressible("the context has a key that the call cannot set")
		}
	}
	return nil
}

// context1 returns the case's value for a key.
func context1(c *policytest.Case, key string) (string, bool) {
	for k, v := range c.Request.Context {
		if strings.EqualFold(k, key) && len(v.Values) > 0 {
			return v.Values[0], true
		}
	}
	return "", false
}

func (w *world) root(account string) (aws.Config, error) {
	creds, err := w.sb.RootCredentials(account)
	return w.sb.Config(creds), err
}

// bystanders makes the users and roles that the resource's policy names.
func (w *world) bystanders(ctx context.Context) error {
	var names []string
	collect(w.c.Request.Resource.Policy, &names)
	if p := string(w.c.Request.Principal); strings.Contains(p, ":user/") {
		names = append(names, p)
	} else if r := roleOf(p); r != "" {
		names = append(names, r)
	}
	made := map[string]bool{w.c.Request.Resource.ARN: true}
	for _, arn := range names {
		parts := strings.SplitN(arn, ":", 6)
		if len(parts) != 6 || parts[2] != "iam" || made[arn] {
			continue
		}
		made[arn] = true
		kind, name, _ := strings.Cut(parts[5], "/")
		if strings.ContainsAny(name, "*?") {
			return inexpressible("AWS refuses to save a partial wildcard as principal")
		}
		cfg, err := w.root(parts[4])
		if err != nil {
			return err
		}
		switch kind {
		case "user":
			err = makeUser(ctx, iam.NewFromConfig(cfg), name)
		case "role":
			err = makeRole(ctx, iam.NewFromConfig(cfg), parts[4], name)
		}
		if exists(err) {
			return inexpressible("an account has one user of a name, whatever its case and path")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// collect finds the principals of a policy.
func collect(raw json.RawMessage, names *[]string) {
	var doc struct {
		Statement json.RawMessage
	}
	if json.Unmarshal(raw, &doc) != nil {
		return
	}
	var list []map[string]any
	if json.Unmarshal(doc.Statement, &list) != nil {
		var one map[string]any
		if json.Unmarshal(doc.Statement, &one) != nil {
			return
		}
		list = append(list, one)
	}
	for _, s := range list {
		for _, element := range []string{"Principal", "NotPrincipal"} {
			block, _ := s[element].(map[string]any)
			switch v := block["AWS"].(type) {
			case string:
				*names = append(*names, v)
			case []any:
				for _, x := range v {
					*names = append(*names, fmt.Sprint(x))
				}
			}
		}
	}
}

func roleOf(principal string) string {
	parts := strings.Split(principal, ":")
	if len(parts) == 6 && parts[2] == "sts" && strings.HasPrefix(parts[5], "assumed-role/") {
		return fmt.Sprintf("arn:aws:iam::%s:role/%s", parts[4], strings.Split(parts[5], "/")[1])
	}
	return ""
}

func splitName(name string) (path, base string) {
	at := strings.LastIndexByte(name, '/')
	return "/" + name[:at+1], name[at+1:]
}

func makeUser(ctx context.Context, client *iam.Client, name string) error {
	path, base := splitName(name)
	_, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: &base, Path: &path})
	return err
}

func makeRole(ctx context.Context, client *iam.Client, account, name string) error {
	path, base := splitName(name)
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"}}`, account)
	_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &base, Path: &path, AssumeRolePolicyDocument: &trust})
	return err
}

// isFull reports the policy that lets everything pass.
func isFull(raw json.RawMessage) bool {
	p, err := policy.Parse("rcp", raw, policy.RCP)
	return err == nil && p.Len() == 1 && p.Statement(0).Effect == policy.EffectAllow
}

// organization attaches the SCPs and RCPs.
func (w *world) organization() error {
	for i, level := range w.c.RCPs {
		for j, doc := range level {
			if isFull(doc) {
				continue // it is there by itself
			}
			if err := w.sb.AttachRCP(w.owner, i, fmt.Sprintf("p%d", j), doc); err != nil {
				return err
			}
		}
	}
	account := accountOf(string(w.c.Request.Principal))
	for i, level := range w.c.SCPs {
		for j, doc := range level {
			name := fmt.Sprintf("p%d", j)
			if j == 0 {
				name = "FullAWSAccess" // it stands in the place of the one that is there by itself
			}
			if err := w.sb.AttachSCP(account, i, name, doc); err != nil {
				return err
			}
		}
	}
	return nil
}

func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return ""
	}
	return parts[4]
}

// text is a document of the case with the key's real ARN.
func (w *world) text(raw json.RawMessage) *string { return aws.String(w.swap.Replace(string(raw))) }

func has(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// caller makes the principal, with its policies, and signs in as it.
func (w *world) caller(ctx context.Context) (aws.Config, error) {
	p := string(w.c.Request.Principal)
	account := accountOf(p)
	switch {
	case p == "" || strings.Contains(p, ":oidc-provider/"):
		cfg := w.sb.Config(sandbox.Credentials{})
		cfg.Credentials = aws.AnonymousCredentials{}
		return cfg, nil
	case strings.HasSuffix(p, ":root"):
		return w.root(account)
	}
	cfg, err := w.root(account)
	if err != nil {
		return cfg, err
	}
	client := iam.NewFromConfig(cfg)
	_, name, _ := strings.Cut(p[strings.LastIndexByte(p, ':')+1:], "/")
	if strings.Contains(p, ":user/") {
		return w.user(ctx, client, name)
	}
	if strings.HasPrefix(name, "aws-service-role/") {
		return cfg, inexpressible("only its service takes on a service-linked role")
	}
	role, session, ok := strings.Cut(name, "/")
	if !ok {
		return cfg, inexpressible("the caller is neither a user nor a session")
	}
	return w.session(ctx, client, account, role, session)
}

func (w *world) user(ctx context.Context, client *iam.Client, name string) (aws.Config, error) {
	if err := makeUser(ctx, client, name); err != nil && !exists(err) {
		return aws.Config{}, err
	}
	_, base := splitName(name)
	for i, doc := range w.c.IdentityPolicies {
		if _, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &base, PolicyName: aws.String(fmt.Sprintf("p%d", i)), PolicyDocument: w.text(doc)}); err != nil {
			return aws.Config{}, err
		}
	}
	if has(w.c.PermissionBoundary) {
		made, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("boundary"), PolicyDocument: w.text(w.c.PermissionBoundary)})
		if err != nil {
			return aws.Config{}, err
		}
		if _, err := client.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: &base, PermissionsBoundary: made.Policy.Arn}); err != nil {
			return aws.Config{}, err
		}
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &base})
	if err != nil {
		return aws.Config{}, err
	}
	return w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}), nil
}

// session signs in by AssumeRole, so that a session policy can be passed.
func (w *world) session(ctx context.Context, client *iam.Client, account, role, session string) (aws.Config, error) {
	if err := makeRole(ctx, client, account, role); err != nil && !exists(err) {
		return aws.Config{}, err
	}
	for i, doc := range w.c.IdentityPolicies {
		if _, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String(fmt.Sprintf("p%d", i)), PolicyDocument: w.text(doc)}); err != nil {
			return aws.Config{}, err
		}
	}
	if has(w.c.PermissionBoundary) {
		made, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("boundary"), PolicyDocument: w.text(w.c.PermissionBoundary)})
		if err != nil {
			return aws.Config{}, err
		}
		if _, err := client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &role, PermissionsBoundary: made.Policy.Arn}); err != nil {
			return aws.Config{}, err
		}
	}
	// A user of its own does the assuming, so that root's limits do not matter.
	if err := makeUser(ctx, client, "porter"); err != nil {
		return aws.Config{}, err
	}
	_, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("porter"), PolicyName: aws.String("assume"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`)})
	if err != nil {
		return aws.Config{}, err
	}
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("porter")})
	if err != nil {
		return aws.Config{}, err
	}
	porter := w.sb.Config(sandbox.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey})
	in := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + account + ":role/" + role), RoleSessionName: &session}
	if has(w.c.SessionPolicy) {
		in.Policy = w.text(w.c.SessionPolicy)
	}
	if len(session) < 2 {
		return aws.Config{}, inexpressible("a role session name has two characters at least")
	}
	out, err := sts.NewFromConfig(porter).AssumeRole(ctx, in)
	if err != nil {
		return aws.Config{}, err
	}
	c := out.Credentials
	return w.sb.Config(sandbox.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}), nil
}

func exists(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "EntityAlreadyExists"
}

// answer tells what the sandbox decided. A refusal must be one by policy.
func (w *world) answer(err error) (policytest.Answer, error) {
	if err == nil {
		return policytest.Allowed, nil
	}
	var why inexpressible
	if errors.As(err, &why) {
		return "", why
	}
	var api smithy.APIError
	if errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "MissingAuthenticationToken") {
		return "", inexpressible("the service turns unsigned requests away before a policy is asked")
	}
	if !errors.As(err, &api) || !strings.HasPrefix(api.ErrorCode(), "AccessDenied") {
		return "", fmt.Errorf("the call ended without a verdict: %w", err)
	}
	denials := w.sb.Denials()
	if len(denials) == 0 {
		return "", errors.New("the call was refused, but no decision is on record")
	}
	last := denials[len(denials)-1].Decisions
	if last[len(last)-1].Verdict == policy.ExplicitDeny {
		return policytest.ExplicitlyDenied, nil
	}
	return policytest.ImplicitlyDenied, nil
}

// plain makes a client that speaks HTTP if the case says so.
func (w *world) plain(o *s3.Options) {
	if v, ok := context1(w.c, "aws:SecureTransport"); ok && v == "false" {
		o.BaseEndpoint = aws.String("http://s3.eu-west-2.amazonaws.com")
	}
}
