package serviceref_test

import (
	"slices"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

// What AWS's pages say, read there and not in the data.
func TestActions(t *testing.T) {
	for _, c := range []struct {
		service, action, access string
		resources, keys         []string
		notKeys                 []string
	}{
		{"s3", "GetObject", "Read", []string{"accesspointobject", "object"}, []string{"s3:ExistingObjectTag/team", "aws:ResourceTag/team", "aws:SourceIp"}, []string{"s3:prefix", "s3:VersionId", "aws:TagKeys"}},
		{"s3", "GetObjectVersion", "Read", []string{"accesspointobject", "object"}, []string{"s3:VersionId"}, []string{"s3:prefix"}},
		{"s3", "ListBucket", "List", []string{"accesspoint", "bucket"}, []string{"s3:prefix", "s3:delimiter", "s3:max-keys"}, []string{"s3:VersionId", "s3:x-amz-acl"}},
		{"s3", "ListAllMyBuckets", "List", nil, nil, []string{"s3:prefix"}},
		{"s3", "PutObject", "Write", []string{"accesspointobject", "object"}, []string{"s3:x-amz-server-side-encryption", "s3:RequestObjectTagKeys"}, []string{"s3:prefix"}},
		{"s3", "PutBucketPolicy", "Permissions management", []string{"bucket"}, nil, nil},
		{"s3", "PutObjectTagging", "Tagging", []string{"accesspointobject", "object"}, nil, nil},
		{"iam", "PassRole", "Write", []string{"role"}, []string{"iam:PassedToService", "iam:AssociatedResourceArn", "iam:ResourceTag/team"}, []string{"iam:PolicyARN", "iam:PermissionsBoundary"}},
		{"iam", "AttachRolePolicy", "Permissions management", []string{"role"}, []string{"iam:PolicyARN", "iam:PermissionsBoundary"}, []string{"iam:PassedToService"}},
		{"iam", "ListRoles", "List", nil, nil, nil},
		{"kms", "Decrypt", "Write", []string{"key"}, []string{"kms:EncryptionContext:app", "kms:EncryptionContextKeys", "kms:ViaService", "kms:CallerAccount", "kms:ResourceAliases"}, []string{"kms:GrantOperations"}},
		{"kms", "CreateGrant", "Permissions management", []string{"key"}, []string{"kms:GrantOperations", "kms:GrantIsForAWSResource"}, nil},
		{"kms", "ListKeys", "List", nil, nil, []string{"kms:ViaService"}},
		{"sts", "AssumeRoleWithWebIdentity", "Write", []string{"role"}, []string{
			"token.actions.githubusercontent.com:sub", "token.actions.githubusercontent.com:repository_owner_id", "gitlab.com:project_id",
			"gitlab.example.com:sub", "sts:RoleSessionName", "aws:RequestTag/team", "cognito-identity.amazonaws.com:amr",
		}, []string{"gitlab.example.com:project_id", "gitlab.com:ref_type", "sts:ExternalId", "token.actions.githubusercontent.com:event_name"}},
		{"sts", "AssumeRole", "Write", []string{"role"}, []string{"sts:ExternalId", "sts:RoleSessionName", "aws:PrincipalTag/team"}, []string{"sts:DurationSeconds"}},
		{"sts", "TagSession", "Tagging", []string{"role"}, []string{"aws:RequestTag/team", "aws:TagKeys", "sts:TransitiveTagKeys", "token.actions.githubusercontent.com:sub"}, nil},
		{"sts", "GetCallerIdentity", "Read", nil, nil, []string{"sts:ExternalId"}},
		{"ec2", "RunInstances", "Write", nil, []string{"ec2:InstanceType", "ec2:ImageType"}, nil},
		{"ec2", "DescribeInstances", "List", nil, []string{"ec2:RoleDelivery"}, []string{"ec2:InstanceType"}},
	} {
		s := service(t, c.service)
		a, ok := s.Action(c.action)
		if !ok {
			t.Errorf("%s:%s is not there", c.service, c.action)
			continue
		}
		if a.Access != c.access {
			t.Errorf("%s:%s: access got %q, want %q", c.service, a.Name, a.Access, c.access)
		}
		var got []string
		for _, r := range a.Resources {
			got = append(got, r.Type)
		}
		if c.action != "RunInstances" && !slices.Equal(got, c.resources) {
			t.Errorf("%s:%s: resource types got %q, want %q", c.service, a.Name, got, c.resources)
		}
		if a.WildcardOnly() != (len(got) == 0) {
			t.Errorf("%s:%s: WildcardOnly got %t with resource types %q", c.service, a.Name, a.WildcardOnly(), got)
		}
		for _, k := range c.keys {
			if _, ok := s.ActionKey(a, k); !ok {
				t.Errorf("%s:%s does not carry %s, and should", c.service, a.Name, k)
			}
		}
		for _, k := range c.notKeys {
			if _, ok := s.ActionKey(a, k); ok {
				t.Errorf("%s:%s carries %s, and should not", c.service, a.Name, k)
			}
		}
	}
}

func TestRequiredResources(t *testing.T) {
	a, _ := service(t, "ec2").Action("RunInstances")
	required := map[string]bool{}
	for _, r := range a.Resources {
		required[r.Type] = r.Required
	}
	for typ, want := range map[string]bool{"instance": true, "image": true, "key-pair": false, "snapshot": false} {
		if got, ok := required[typ]; !ok || got != want {
			t.Errorf("ec2:RunInstances on %s: required got %t (listed %t), want %t", typ, got, ok, want)
		}
	}
}

func TestFindKey(t *testing.T) {
	for _, c := range []struct {
		name, want, typ string
		multi, global   bool
		services        []string
	}{
		{"aws:SourceIp", "aws:SourceIp", "IPAddress", false, true, nil},
		{"AWS:SOURCEIP", "aws:SourceIp", "IPAddress", false, true, nil},
		{"aws:TagKeys", "aws:TagKeys", "String", true, true, nil},
		{"aws:PrincipalOrgPaths", "aws:PrincipalOrgPaths", "String", true, true, nil},
		{"aws:MultiFactorAuthAge", "aws:MultiFactorAuthAge", "Numeric", false, true, nil},
		{"aws:RequestTag/team", "aws:RequestTag/${TagKey}", "String", false, true, nil},
		{"aws:requesttag/a/b:c", "aws:RequestTag/${TagKey}", "String", false, true, nil},
		{"aws:RequestTag/${TagKey}", "aws:RequestTag/${TagKey}", "String", false, true, nil},
		{"aws:PrincipalTag/team", "aws:PrincipalTag/${TagKey}", "String", false, true, nil},
		{"ec2:SourceInstanceARN", "ec2:SourceInstanceArn", "ARN", false, true, nil},
		{"s3:prefix", "s3:prefix", "String", false, false, []string{"s3"}},
		{"S3:Prefix", "s3:prefix", "String", false, false, []string{"s3"}},
		{"s3:max-keys", "s3:max-keys", "Numeric", false, false, []string{"s3"}},
		{"s3:ExistingObjectTag/team", "s3:ExistingObjectTag/${key}", "String", false, false, []string{"s3"}},
		{"kms:EncryptionContext:app", "kms:EncryptionContext:${EncryptionContextKey}", "String", false, false, []string{"kms"}},
		{"kms:EncryptionContextKeys", "kms:EncryptionContextKeys", "String", true, false, []string{"kms"}},
		{"iam:ResourceTag/team", "iam:ResourceTag/${TagKey}", "String", false, false, []string{"codestar", "iam", "sts"}},
		{"iam:PolicyARN", "iam:PolicyARN", "ARN", false, false, []string{"iam"}},
		{"secretsmanager:ResourceTag/team", "secretsmanager:ResourceTag/${TagKey}", "String", false, false, []string{"secretsmanager"}},
		{"events:Metadata/a", "events:Metadata/${MetadataKey}", "String", true, false, []string{"events"}},
		{"events:Metadata/a/Matcher", "events:Metadata/${MetadataKey}/Matcher", "String", false, false, []string{"events"}},
		{"saml:aud", "saml:aud", "String", false, false, []string{"sts"}},
		{"saml:edupersonaffiliation", "saml:edupersonaffiliation", "String", true, false, []string{"sts"}},
		{"gitlab.com:project_id", "gitlab.com:project_id", "String", false, false, []string{"sts"}},
		{"gitlab.com:sub", "gitlab.com:sub", "String", false, false, []string{"sts"}},
		{"gitlab.example.com:sub", "gitlab.example.com:sub", "String", false, false, []string{"sts"}},
		{"gitlab.example.com/a/b:aud", "gitlab.example.com/a/b:aud", "String", false, false, []string{"sts"}},
		{"issuer.example.com:amr", "issuer.example.com:amr", "String", true, false, []string{"sts"}},
		{"cognito-identity.amazonaws.com:amr", "cognito-identity.amazonaws.com:amr", "String", true, false, []string{"sts"}},
		{"token.actions.githubusercontent.com:repository", "token.actions.githubusercontent.com:repository", "String", false, false, []string{"sts"}},
		{"token.actions.githubusercontent.com/octo:repository", "token.actions.githubusercontent.com/${SubPath}:repository", "String", false, false, []string{"sts"}},
		{"token.actions.octo.ghe.com:repository", "token.actions.${Domain}.ghe.com:repository", "String", false, false, []string{"sts"}},
		{"token.actions.octo.ghe.com:sub", "token.actions.octo.ghe.com:sub", "String", false, false, []string{"sts"}},
		{"accounts.google.com:email", "accounts.google.com:email", "String", false, false, []string{"sts"}},
		{"oidc.circleci.com/org/1:oidc.circleci.com/project-id", "oidc.circleci.com/org/${OrgId}:oidc.circleci.com/project-id", "String", false, false, []string{"sts"}},
		{"oidc.circleci.com/org/1:sub", "oidc.circleci.com/org/1:sub", "String", false, false, []string{"sts"}},
	} {
		k, ok := serviceref.FindKey(c.name)
		if !ok {
			t.Errorf("%s is not found", c.name)
			continue
		}
		if k.Name != c.want || k.Type != c.typ || k.Multi != c.multi || k.Global != c.global || !slices.Equal(k.Services, c.services) {
			t.Errorf("%s: got %+v, want %+v", c.name, *k, c)
		}
	}
	for _, name := range []string{
		"", ":", "s3", "s3:", "s3:nothing", "aws:", "aws:nothing", "aws:RequestTag", "aws:RequestTag/", "aws:sub", "kms:EncryptionContext:", "nothing:key",
		"gitlab.com:ref_type", "gitlab.com:project_path", "gitlab.example.com:project_id", "gitlab.example.com:email", "localhost:sub", ".com:sub", "a..b:sub",
		"a.b:8080:sub", "https://gitlab.com:sub", "*.example.com:sub", "gitlab.com:", "gitlab.com/*:sub", "gitlab.com/a b:sub", "aws:SourceIp ", "aws:ſourceIp",
	} {
		if k, ok := serviceref.FindKey(name); ok {
			t.Errorf("%q: got %+v, want none", name, *k)
		}
	}
}

func TestGlobalKeysOfEachType(t *testing.T) {
	for typ, names := range map[string][]string{
		"Bool":      {"aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:ViaAWSService", "aws:PrincipalIsAWSService"},
		"Date":      {"aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime"},
		"ARN":       {"aws:PrincipalArn", "aws:SourceArn", "lambda:SourceFunctionArn"},
		"IPAddress": {"aws:SourceIp", "aws:VpcSourceIp"},
		"String":    {"aws:PrincipalOrgID", "aws:SourceVpce", "aws:userid", "aws:username", "aws:RequestedRegion", "aws:SourceAccount"},
	} {
		for _, n := range names {
			if k, ok := serviceref.GlobalKey(n); !ok || k.Type != typ || k.Multi || !k.Global || k.Services != nil {
				t.Errorf("%s: got %+v (found %t), want a single-valued global %s", n, k, ok, typ)
			}
		}
	}
	if _, ok := serviceref.GlobalKey("s3:prefix"); ok {
		t.Error("s3:prefix is no global key")
	}
}
