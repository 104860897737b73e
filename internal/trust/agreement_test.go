package trust_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/trust"
	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const (
	account  = "111122223333"
	labARN   = "arn:aws:iam::111122223333:oidc-provider/gitlab.com"
	hubARN   = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
	ownHost  = "https://gitlab.example.com"
	ownARN   = "arn:aws:iam::111122223333:oidc-provider/gitlab.example.com"
	audience = "sts.amazonaws.com"
	gh       = "token.actions.githubusercontent.com"
)

// tokens are one of every shape, and the odd ones.
func tokens() (all []oidc.TokenRequest) {
	aud := []string{audience}
	for _, forge := range []string{"gitlab", "github"} {
		for _, shape := range oidc.Shapes(forge) {
			r := oidc.TokenRequest{Forge: forge, Shape: shape, Project: "acme/infra", Audience: aud}
			if shape == "fork-mr" {
				r.Fork = "mallory/infra"
			}
			all = append(all, r)
		}
		for _, project := range []string{"acme-evil/infra", "mallory/infra", "acme/infra-fork", "ACME/infra"} {
			all = append(all, oidc.TokenRequest{Forge: forge, Project: project, Audience: aud})
		}
		all = append(all,
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: aud, Environment: "production"},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra"},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: []string{audience, "https://vault.example.com"}},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: []string{"a", "b"}, Replace: map[string]any{"azp": audience}},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: aud, Replace: map[string]any{"sub": nil}},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: aud, Replace: map[string]any{"amr": []string{"mfa", "pwd"}}},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: aud, Replace: map[string]any{
				oidc.TagsClaim: map[string]any{"principal_tags": map[string]any{"team": []string{"red"}}, "transitive_tag_keys": []string{"TEAM"}}}},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: aud, Replace: map[string]any{
				oidc.TagsClaim: map[string]any{"principal_tags": map[string]any{"aws:team": []string{"red"}}}}},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: aud, Replace: map[string]any{oidc.TagsClaim: "red"}},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: aud, Replace: map[string]any{oidc.SourceIdentityClaim: "ann"}},
			oidc.TokenRequest{Forge: forge, Project: "acme/infra", Audience: aud, Replace: map[string]any{oidc.SourceIdentityClaim: "a b"}},
		)
	}
	for _, r := range all {
		if r.Forge == "gitlab" && r.Shape != "" {
			r.Issuer = ownHost
			all = append(all, r)
		}
	}
	return append(all,
		oidc.TokenRequest{Project: "acme/infra", Audience: aud, Sub: []string{"project_path", "environment_protected"}, Environment: "production", EnvironmentProtected: true},
		oidc.TokenRequest{Forge: "github", Project: "acme/infra", Audience: aud, Immutable: true},
		oidc.TokenRequest{Forge: "github", Project: "acme/infra", Audience: aud, Sub: []string{"repository_owner", "context"}},
		oidc.TokenRequest{Forge: "github", Project: "acme/infra", Audience: aud, Enterprise: "octo", EnterpriseIssuer: true},
	)
}

// conditions are what trust policies are found to ask for, the mistakes too. $
// stands for the host of the issuer, % for the beginning of a subject.
var conditions = []string{
	`{}`,
	`{"StringEquals":{"$:aud":"sts.amazonaws.com"}}`,
	`{"StringLike":{"$:sub":"%acme/infra:*"}}`,
	`{"StringEquals":{"$:aud":"sts.amazonaws.com"},"StringLike":{"$:sub":"%acme/infra:*"}}`,
	`{"StringEquals":{"$:sub":"project_path:acme/infra:ref_type:branch:ref:main"}}`,
	`{"StringLike":{"$:sub":"project_path:acme/infra:ref_type:mr:*"}}`,
	`{"StringEquals":{"$:sub":"repo:acme/infra:ref:refs/heads/main"}}`,
	`{"StringEquals":{"$:sub":"repo:acme/infra:pull_request"}}`,
	`{"StringEquals":{"$:sub":"repo:acme/infra:environment:production"}}`,
	`{"StringLike":{"$:sub":"repo:acme@*/infra@*:*"}}`,
	`{"StringLike":{"$:sub":"%acme*"}}`,
	`{"StringLike":{"$:sub":"*"}}`,
	`{"StringEquals":{"$:sub":"%acme/infra:*"}}`,
	`{"StringLike":{"$:sub":"%ACME/infra:*"}}`,
	`{"StringEqualsIgnoreCase":{"$:sub":"PROJECT_PATH:ACME/INFRA:REF_TYPE:BRANCH:REF:MAIN"}}`,
	`{"StringNotEquals":{"$:sub":"project_path:acme/infra:ref_type:branch:ref:main"}}`,
	`{"StringNotLike":{"$:sub":"%mallory/*"}}`,
	`{"StringLikeIfExists":{"$:sub":"%acme/infra:*"}}`,
	`{"StringLikeIfExists":{"$:nothing":"x"}}`,
	`{"ForAllValues:StringLike":{"$:sub":"%acme/infra:*"}}`,
	`{"ForAllValues:StringLike":{"$:project_path":"acme/*"}}`,
	`{"ForAnyValue:StringLike":{"$:sub":"%acme/infra:*"}}`,
	`{"ForAnyValue:StringEquals":{"$:amr":"mfa"}}`,
	`{"ForAllValues:StringEquals":{"$:amr":["mfa","pwd"]}}`,
	`{"StringEquals":{"$:amr":"mfa"}}`,
	`{"StringEquals":{"$:project_path":"acme/infra"}}`,
	`{"StringNotEquals":{"$:project_path":"mallory/infra"}}`,
	`{"StringEquals":{"$:ref_protected":"true"}}`,
	`{"Bool":{"$:ref_protected":"true"}}`,
	`{"StringEquals":{"$:pipeline_source":"merge_request_event"}}`,
	`{"StringEquals":{"$:environment":"production"}}`,
	`{"StringEquals":{"$:repository":"acme/infra","$:ref":"refs/heads/main"}}`,
	`{"Null":{"$:environment":"true"}}`,
	`{"Null":{"$:sub":"false"}}`,
	`{"StringEquals":{"https://$:sub":"%acme/infra"}}`,
	`{"StringLike":{"SUB.$:sub":"*"}}`,
	`{"StringEquals":{"sts:RoleSessionName":"session"}}`,
	`{"StringLike":{"aws:FederatedProvider":"*:oidc-provider/$"}}`,
	`{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:ResourceAccount":"111122223333"}}`,
	`{"Bool":{"aws:ViaAWSService":"false"},"Null":{"aws:PrincipalArn":"true","aws:userid":"true","aws:MultiFactorAuthPresent":"true","aws:SourceArn":"true","aws:TokenIssueTime":"true"}}`,
	`{"StringEquals":{"aws:RequestTag/team":"red"},"ForAllValues:StringEquals":{"aws:TagKeys":"team"}}`,
	`{"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"team"}}`,
	`{"StringEquals":{"sts:SourceIdentity":"ann"}}`,
	`{"StringLike":{"$:sub":"*:${$:sub}"}}`,
	`{"StringLike":{"$:sub":"%${aws:RequestTag/team, 'acme'}/infra:*"}}`,
}

// documents are trust policies: every condition for the forge's own provider,
// and shapes of statements.
func documents() (all []string) {
	statement := func(effect, principal, action, condition string) string {
		return fmt.Sprintf(`{"Effect":%q,"Principal":%s,"Action":%s,"Condition":%s}`, effect, principal, action, condition)
	}
	document := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	federated := func(arn string) string { return fmt.Sprintf(`{"Federated":%q}`, arn) }
	const assume = `["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"]`
	for _, c := range conditions {
		lab := strings.NewReplacer("$:", "gitlab.com:", `/$"`, `/gitlab.com"`, "%", "project_path:").Replace(c)
		hub := strings.NewReplacer("$:", gh+":", `/$"`, `/`+gh+`"`, "%", "repo:").Replace(c)
		own := strings.NewReplacer("$:", "gitlab.example.com:", `/$"`, `/gitlab.example.com"`, "%", "project_path:").Replace(c)
		all = append(all, document(statement("Allow", federated(labARN), assume, lab), statement("Allow", federated(hubARN), assume, hub)),
			document(statement("Allow", federated(ownARN), assume, own)))
	}
	sub := `{"StringLike":{"gitlab.com:sub":"project_path:acme/infra:*"}}`
	return append(all,
		document(statement("Allow", federated(labARN), `"sts:AssumeRoleWithWebIdentity"`, sub)),
		document(statement("Allow", federated(labARN), `"sts:AssumeRole"`, sub)),
		document(statement("Allow", federated(labARN), `"sts:*"`, sub)),
		document(statement("Allow", `"*"`, assume, `{}`)),
		document(statement("Allow", `{"AWS":"*"}`, assume, sub)),
		document(statement("Allow", `{"AWS":"111122223333"}`, assume, `{}`)),
		document(statement("Allow", federated(ownARN), assume, `{"StringLike":{"gitlab.example.com:sub":"project_path:acme/*"}}`)),
		document(statement("Allow", federated(ownARN), assume, `{"StringEquals":{"gitlab.example.com:ref_protected":"true"}}`)),
		document(statement("Allow", federated(strings.Replace(labARN, account, "444455556666", 1)), assume, `{}`)),
		document(statement("Allow", federated(hubARN+"/octo"), assume, `{"StringEquals":{"`+gh+`/octo:repository":"acme/infra"}}`)),
		document(statement("Allow", federated(labARN), assume, `{}`), statement("Deny", `"*"`, `"*"`, `{"StringNotLike":{"gitlab.com:sub":"project_path:acme/infra:*"}}`)),
		document(statement("Allow", federated(labARN), assume, `{}`), statement("Deny", `"*"`, `"sts:TagSession"`, `{}`)),
		document(statement("Allow", federated(labARN), assume, `{}`), statement("Deny", `"*"`, `"*"`, `{"StringNotEqualsIfExists":{"gitlab.com:ref_protected":"true"}}`)),
	)
}

// what the sandbox says of each obstacle.
var obstacleWords = map[trust.Obstacle]string{
	trust.NoSubject: "sub", trust.NoAudience: "aud", trust.ManyAudiences: "several audiences", trust.NoProvider: "No OpenIDConnect provider",
	trust.WrongAudience: "Incorrect token audience",
}

// Every token is really minted and really presented to the sandbox's STS: it and
// Decide agree on every cell, and so does Explain.
func TestDecideAgreesWithTheSandbox(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of calls, one after the other")
	}
	ctx := context.Background()
	s, err := sandbox.Start(ctx, sandbox.Options{Issuers: []string{ownHost}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cfg := s.Config(s.Credentials())
	manager, exchange := iam.NewFromConfig(cfg), sts.NewFromConfig(cfg)
	clients := map[string][]string{"gitlab.com": {audience}, gh: {audience}, "gitlab.example.com": {audience}}
	for issuer, ids := range clients {
		if _, err := manager.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://" + issuer), ClientIDList: ids}); err != nil {
			t.Fatal(err)
		}
	}
	var minted []string
	var presented []*trust.Presented
	for _, r := range tokens() {
		token, err := s.Token(r)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		minted, presented = append(minted, token), append(presented, payload(t, token))
	}
	role := "arn:aws:iam::" + account + ":role/role"
	documents := documents()
	first := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}`
	if _, err = manager.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("role"), AssumeRolePolicyDocument: &first}); err != nil {
		t.Fatal(err)
	}
	cells, admitted, unstored := 0, 0, 0
	for _, document := range documents {
		_, err := manager.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("role"), PolicyDocument: &document})
		// IAM takes no policy any more that leaves the subject of a shared issuer open;
		// the same mistakes are tried on an issuer that is not shared.
		stored := err == nil
		if !stored && !strings.Contains(err.Error(), "must evaluate") {
			t.Fatalf("%s: %v", document, err)
		}
		p, err := policy.Parse("role", []byte(document), policy.Trust)
		if err != nil {
			t.Fatal(err)
		}
		r := &trust.Role{Name: "role", ARN: role, Policy: p, Clients: clients}
		for j, token := range minted {
			if !stored {
				unstored++
				checkExplained(t, document, r, presented[j])
				continue
			}
			_, refused := exchange.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: aws.String("session"), WebIdentityToken: &token})
			v := r.Decide(presented[j])
			cells++
			where := fmt.Sprintf("policy %s\ntoken %v", document, presented[j].Claims)
			if v.Admitted != (refused == nil) || len(v.Depends) > 0 {
				t.Fatalf("%s\nDecide says %+v, STS %v", where, v, refused)
			}
			if v.Admitted {
				admitted++
			}
			checkRefusal(t, where, v, refused)
			checkExplained(t, where, r, presented[j])
		}
	}
	t.Logf("%d cells, %d admitted; %d more that IAM does not store", cells, admitted, unstored)
	if cells < 2000 || admitted < 100 {
		t.Errorf("only %d cells, %d admitted: the table has shrunk", cells, admitted)
	}
}

func checkRefusal(t *testing.T, where string, v trust.Verdict, refused error) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(refused, &api) {
		return
	}
	if code := api.ErrorCode(); (v.Obstacle == trust.Clear) != (code == "AccessDenied") || !strings.Contains(refused.Error(), obstacleWords[v.Obstacle]) {
		t.Fatalf("%s\nobstacle %q, STS %v", where, v.Obstacle, refused)
	}
}

// checkExplained holds an explanation against the verdict.
func checkExplained(t *testing.T, where string, r *trust.Role, p *trust.Presented) *trust.Answer {
	t.Helper()
	v, a := r.Decide(p), trust.Explain(r, p)
	want := trust.Refused
	switch {
	case v.Obstacle == trust.ManyAudiences, len(v.Depends) > 0:
		want = trust.Undecided
	case v.Admitted:
		want = trust.Admitted
	}
	if a.Outcome != want || !strings.HasPrefix(a.Reason, map[trust.Outcome]string{trust.Admitted: "admitted", trust.Refused: "refused", trust.Undecided: "cannot tell"}[want]) {
		t.Fatalf("%s\nExplain says %s (%s), Decide %+v", where, a.Outcome, a.Reason, v)
	}
	allows, denies := false, false
	for _, s := range a.Statements {
		allows = allows || s.Applies && s.Effect == policy.EffectAllow
		denies = denies || s.Applies && s.Effect == policy.EffectDeny
		if s.Applies && s.Never {
			t.Fatalf("%s\nstatement %d applies and is said to be impossible: %+v", where, s.Index, a.Never)
		}
	}
	if v.Obstacle == trust.Clear && len(v.Depends) == 0 && (v.Action == "" || v.Action == "sts:AssumeRoleWithWebIdentity") && (allows && !denies) != v.Admitted {
		t.Fatalf("%s\nclause by clause it is allowed: %t, denied: %t; Decide says %+v", where, allows, denies, v)
	}
	for _, f := range a.Never {
		for _, s := range a.Statements {
			for _, c := range s.Clauses {
				of := c.Line == f.Line && c.Column == f.Column || len(c.Wanted) == 1 && c.Wanted[0] == f.Value && c.Element == "Condition" && c.Line == f.Line
				if s.Index == f.Statement && of && c.Met {
					t.Fatalf("%s\n%s says that %q can never match, and it is met", where, f.Rule, f.Value)
				}
			}
		}
	}
	checkEdit(t, where, r, p, a)
	return a
}

// checkEdit applies the edit, and asks again.
func checkEdit(t *testing.T, where string, r *trust.Role, p *trust.Presented, a *trust.Answer) {
	t.Helper()
	if (a.Edit.Diff == "") != (a.Edit.Document == "") || a.Edit.Why == "" {
		t.Fatalf("%s\nhalf an edit: %+v", where, a.Edit)
	}
	if a.Edit.Diff == "" {
		return
	}
	edited := *r
	var err error
	if edited.Policy, err = policy.Parse("edited", []byte(a.Edit.Document), policy.Trust); err != nil {
		t.Fatalf("%s\nthe edit is no policy: %v", where, err)
	}
	if !edited.Decide(p).Admitted {
		t.Fatalf("%s\nthe edit does not admit the token:\n%s", where, a.Edit.Diff)
	}
	for _, who := range strangers {
		s := who(p)
		if maps.EqualFunc(s.Claims, p.Claims, func(a, b any) bool { return reflect.DeepEqual(a, b) }) {
			continue // that change changes nothing of this token
		}
		if edited.Decide(s).Admitted && !r.Decide(s).Admitted {
			t.Fatalf("%s\nthe edit admits %v:\n%s", where, s.Claims, a.Edit.Diff)
		}
	}
}

// strangers are not those that the edit itself was held against.
var strangers = []func(*trust.Presented) *trust.Presented{
	changed("sub", func(s string) string { return strings.Replace(s, "acme", "acme2", 1) }),
	changed("sub", func(s string) string { return strings.Replace(s, "infra", "infra2", 1) }),
	changed("sub", func(s string) string { return s + "x" }),
	changed("sub", func(s string) string { return "x" + s }),
	changed("sub", strings.ToUpper),
	changed("aud", func(string) string { return "https://example.net" }),
}

func changed(claim string, change func(string) string) func(*trust.Presented) *trust.Presented {
	return func(p *trust.Presented) *trust.Presented {
		claims := map[string]any{}
		for k, v := range p.Claims {
			claims[k] = v
		}
		text, _ := claims[claim].(string)
		if claim == "aud" {
			delete(claims, "azp")
		}
		claims[claim] = change(text)
		return &trust.Presented{Issuer: p.Issuer, Claims: claims}
	}
}

// payload reads a minted token as the explainer gets it.
func payload(t testing.TB, token string) *trust.Presented {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	if err := dec.Decode(&claims); err != nil {
		t.Fatal(err)
	}
	issuer, _ := claims["iss"].(string)
	return &trust.Presented{Issuer: issuer, Claims: claims}
}
