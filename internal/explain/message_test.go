package explain_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/policy"
)

const (
	john    = "arn:aws:iam::123456789012:user/JohnDoe"
	session = "arn:aws:sts::111122223333:assumed-role/role-name/role-session-name"
)

// Every documented form, and how clients wrap them.
// Source: IAM User Guide "Troubleshoot access denied error messages"; S3 User
// Guide "Troubleshoot access denied (403 Forbidden) errors in Amazon S3".
func TestMessages(t *testing.T) {
	for _, tt := range []struct {
		name, text               string
		who, action, resource    string
		reason                   policy.Reason
		explicit, encoded, owner bool // owner: not known
		policy                   string
	}{
		{"identity, implicit", "User: " + john + " is not authorized to perform: codecommit:ListRepositories because no identity-based policy allows the codecommit:ListRepositories action",
			john, "codecommit:ListRepositories", "", policy.ReasonIdentity, false, false, false, ""},
		{"identity, explicit", "User: " + john + " is not authorized to perform: codedeploy:ListDeployments on resource: arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:* with an explicit deny in an identity-based policy",
			john, "codedeploy:ListDeployments", "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:*", policy.ReasonIdentity, true, false, false, ""},
		{"identity, explicit, with the policy", "User: " + john + " is not authorized to perform: iam:CreateInstanceProfile on resource: arn:aws:iam::123456789012:instance-profile/my with an explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/ExampleDeny. Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/authorization-details/EXAMPLE1",
			john, "iam:CreateInstanceProfile", "arn:aws:iam::123456789012:instance-profile/my", policy.ReasonIdentity, true, false, false, "arn:aws:iam::123456789012:policy/ExampleDeny"},
		{"SCP without a resource, over two lines", "User: " + john + " is not authorized to perform: \ncodecommit:ListRepositories with an explicit deny in a service control policy",
			john, "codecommit:ListRepositories", "", policy.ReasonSCP, true, false, false, ""},
		{"SCP, implicit", "User: " + john + " is not authorized to perform: kms:ListKeys on resource: * because no service control policy allows the kms:ListKeys action",
			john, "kms:ListKeys", "*", policy.ReasonSCP, false, false, false, ""},
		{"RCP", "User: " + session + " is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/k\" with an explicit deny in a resource control policy",
			session, "s3:GetObject", "arn:aws:s3:::b/k", policy.ReasonRCP, true, false, true, ""},
		{"endpoint, implicit", "User: " + john + " is not authorized to perform: codecommit:ListRepositories because no VPC endpoint policy allows the codecommit:ListRepositories action",
			john, "codecommit:ListRepositories", "", policy.ReasonEndpoint, false, false, false, ""},
		{"endpoint, explicit", "User: " + john + " is not authorized to perform: codedeploy:ListDeployments on resource: arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:* with an explicit deny in a VPC endpoint policy",
			john, "codedeploy:ListDeployments", "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:*", policy.ReasonEndpoint, true, false, false, ""},
		{"endpoint through an SCP", "User: " + session + " is not authorized to perform: SNS:Publish on resource: arn:aws:sns:us-east-1:444455556666:role-name-2 with an explicit deny in a VPC endpoint policy transitively through a service control policy",
			session, "sns:Publish", "arn:aws:sns:us-east-1:444455556666:role-name-2", policy.ReasonSCP, true, false, false, ""},
		{"boundary, implicit", "User: " + john + " is not authorized to perform: codedeploy:ListDeployments on resource: arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:* because no permissions boundary allows the codedeploy:ListDeployments action",
			john, "codedeploy:ListDeployments", "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:*", policy.ReasonBoundary, false, false, false, ""},
		{"boundary, explicit", "User: " + john + " is not authorized to perform: sagemaker:ListModels with an explicit deny in a permissions boundary",
			john, "sagemaker:ListModels", "", policy.ReasonBoundary, true, false, false, ""},
		{"session, implicit", "User: " + john + " is not authorized to perform: codecommit:ListRepositories because no session policy allows the codecommit:ListRepositories action",
			john, "codecommit:ListRepositories", "", policy.ReasonSession, false, false, false, ""},
		{"session, explicit, as documented", "User: " + john + " is not authorized to perform: codedeploy:ListDeployments on resource: arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:* with an explicit deny in a sessions policy",
			john, "codedeploy:ListDeployments", "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:*", policy.ReasonSession, true, false, false, ""},
		{"resource, implicit", "User: " + john + " is not authorized to perform: secretsmanager:GetSecretValue because no resource-based policy allows the secretsmanager:GetSecretValue action",
			john, "secretsmanager:GetSecretValue", "", policy.ReasonResource, false, false, false, ""},
		{"resource, explicit", "User: " + john + " is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:* with an explicit deny in a resource-based policy",
			john, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:*", policy.ReasonResource, true, false, false, ""},
		{"trust, as documented", "User: " + john + " is not authorized to perform: sts:AssumeRole because the role trust policy allows the sts:AssumeRole action",
			john, "sts:AssumeRole", "", policy.ReasonTrust, false, false, false, ""},
		{"trust, explicit", "User: " + john + " is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/r with an explicit deny in the role trust policy",
			john, "sts:AssumeRole", "arn:aws:iam::111122223333:role/r", policy.ReasonTrust, true, false, false, ""},
		{"no reason", "User: " + john + " is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/r",
			john, "sts:AssumeRole", "arn:aws:iam::111122223333:role/r", policy.ReasonNone, false, false, false, ""},
		{"an explicit deny, not said where", "User: " + john + " is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:us-east-1:123456789012:instance/* with an explicit deny",
			john, "ec2:RunInstances", "arn:aws:ec2:us-east-1:123456789012:instance/*", policy.ReasonNone, true, false, false, ""},
		{"the CLI around it", "An error occurred (AccessDenied) when calling the GetObject operation: User: " + john + ` is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/my file because.txt" because no identity-based policy allows the s3:GetObject action`,
			john, "s3:GetObject", "arn:aws:s3:::b/my file because.txt", policy.ReasonIdentity, false, false, true, ""},
		{"the Go SDK around it", "operation error KMS: Decrypt, https response error StatusCode: 400, RequestID: x, api error AccessDeniedException: User: " + session + " is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-2:111122223333:key/1 because no resource-based policy allows the kms:Decrypt action",
			session, "kms:Decrypt", "arn:aws:kms:eu-west-2:111122223333:key/1", policy.ReasonResource, false, false, false, ""},
		{"the Java SDK around it", "User: " + session + " is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:eu-west-2:111122223333:table/t because no identity-based policy allows the dynamodb:GetItem action (Service: DynamoDb, Status Code: 400, Request ID: X)",
			session, "dynamodb:GetItem", "arn:aws:dynamodb:eu-west-2:111122223333:table/t", policy.ReasonIdentity, false, false, false, ""},
		{"EC2 with an encoded message", "You are not authorized to perform this operation. User: " + session + " is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:eu-west-2:111122223333:instance/* because no identity-based policy allows the ec2:RunInstances action. Encoded authorization failure message: AbC-123_x",
			session, "ec2:RunInstances", "arn:aws:ec2:eu-west-2:111122223333:instance/*", policy.ReasonIdentity, false, true, false, ""},
		{"an encoded message alone", "You are not authorized to perform this operation. Encoded authorization failure message: AbC-123_x",
			"", "", "", policy.ReasonNone, false, true, false, ""},
		{"KMS, ciphertext", "User: " + session + " is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
			session, "kms:Decrypt", "", policy.ReasonResource, false, false, false, ""},
		{"S3 says no more", "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied", "", "s3:PutObject", "", policy.ReasonNone, false, false, false, ""},
		{"S3's XML", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>User: " + john + " is not authorized to perform: s3:ListBucket on resource: &quot;arn:aws:s3:::b&quot; because public access is blocked by the BlockPublicAccess setting RestrictPublicBuckets</Message></Error>",
			john, "s3:ListBucket", "arn:aws:s3:::b", policy.ReasonPublicAccess, false, false, true, ""},
		{"two words", "Access Denied", "", "", "", policy.ReasonNone, false, false, false, ""},
		{"an operation of another name", "operation error S3: HeadObject, https response error StatusCode: 403, RequestID: x, HostID: y, api error Forbidden: Forbidden", "", "s3:GetObject", "", policy.ReasonNone, false, false, false, ""},
		{"web identity", "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity", "", "sts:AssumeRoleWithWebIdentity", "", policy.ReasonTrust, false, false, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, err := explain.ReadMessage(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			who := ""
			if q.Principal != nil {
				who = q.Principal.ARN
			}
			if who != tt.who || q.Action != tt.action || q.Resource != tt.resource {
				t.Errorf("got %q, %q on %q; want %q, %q on %q", who, q.Action, q.Resource, tt.who, tt.action, tt.resource)
			}
			o := q.Outcome
			if o == nil || o.Allowed || o.Reason != tt.reason || o.Explicit != tt.explicit || o.Policy != tt.policy {
				t.Errorf("outcome %+v, want %v explicit %v policy %q", o, tt.reason, tt.explicit, tt.policy)
			}
			if (q.Encoded != "") != tt.encoded || q.AnyOwner != tt.owner {
				t.Errorf("encoded %q, owner open %v", q.Encoded, q.AnyOwner)
			}
			if strings.Contains(o.Text, "AbC-123") {
				t.Errorf("the encoded message is repeated: %s", o.Text)
			}
			// Without policies AWS's own words are the answer.
			a, err := explain.Explain(q, nil, explain.Options{})
			if err != nil || a.Decision != explain.Denied || a.Basis != "record" {
				t.Errorf("got %+v, %v", a, err)
			}
		})
	}
}

func TestDecodedMessage(t *testing.T) {
	inner := `{"allowed":false,"explicitDeny":true,"matchedStatements":{"items":[{"statementId":"NoKeys","effect":"DENY"}]},"failures":{"items":[]},` +
		`"context":{"principal":{"id":"AROAEXAMPLEEXAMPLE12:job","arn":"` + session + `"},"action":"kms:Decrypt","resource":"arn:aws:kms:eu-west-2:111122223333:key/1",` +
		`"conditions":{"items":[{"key":"aws:PrincipalArn","values":{"items":[{"value":"arn:aws:iam::111122223333:role/team/role-name"}]}},{"key":"aws:TagKeys","values":{"items":[{"value":"a"}]}}]}}}`
	wrapped := `{"DecodedMessage": ` + quote(inner) + `}`
	for _, text := range []string{inner, wrapped} {
		q, err := explain.ReadMessage(text)
		if err != nil {
			t.Fatal(err)
		}
		if q.Principal.RoleARN != "arn:aws:iam::111122223333:role/team/role-name" || q.Principal.ID != "AROAEXAMPLEEXAMPLE12" || q.Action != "kms:Decrypt" || !q.Outcome.Explicit {
			t.Errorf("got %+v, %+v", q.Principal, q)
		}
		if _, multi := q.Context.Get("aws:TagKeys"); !multi {
			t.Error("aws:TagKeys is not multivalued")
		}
	}
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

func TestBadMessages(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", " \n", "empty"},
		{"something else", "NoSuchBucket: The specified bucket does not exist", "none of AWS's access denied messages"},
		{"invalid UTF-8", "Access Denied \xff", "not UTF-8"},
		{"oversized", "Access Denied " + strings.Repeat("x", 2<<20), "at most"},
		{"truncated JSON", `{"allowed":false,`, "ends in the middle"},
		{"other JSON", `{"a":1}`, "without the members"},
		{"duplicate members", `{"allowed":false,"allowed":true,"context":{"action":"s3:X"}}`, "given twice"},
		{"a bomb", strings.Repeat(`{"a":`, 5000), "nested deeper"},
		{"wrong types", `{"allowed":"no"}`, "no decoded authorization message"},
	} {
		if _, err := explain.ReadMessage(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestAHostileMessageCannotActOnTheTerminal(t *testing.T) {
	q, err := explain.ReadMessage("User: " + john + " is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/\x1b[2J\u202ek\" because no identity-based policy allows the s3:GetObject action")
	if err != nil {
		t.Fatal(err)
	}
	a, err := explain.Explain(q, nil, explain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if text := human(t, a); strings.ContainsAny(text, "\x1b\u202e") || !strings.Contains(text, "\uFFFD[2J") {
		t.Errorf("got %q", text)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("User: " + john + ` is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" with an explicit deny in a VPC endpoint policy transitively through a service control policy`)
	f.Add("operation error S3: HeadObject, https response error StatusCode: 403, api error Forbidden: Forbidden")
	f.Add(`{"allowed":false,"context":{"action":"s3:X","principal":{"arn":"` + john + `"}}}`)
	f.Add("<Message>Access Denied</Message> Encoded authorization message: x")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := explain.ReadMessage(text)
		if err != nil {
			return
		}
		if q.Outcome == nil || len(q.Outcome.Text) > 1100 {
			t.Fatalf("outcome %+v", q.Outcome)
		}
		if _, err := explain.Explain(q, nil, explain.Options{}); err != nil {
			t.Fatalf("%q cannot be answered: %v", text, err)
		}
	})
}
