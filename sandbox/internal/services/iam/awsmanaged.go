package iam

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
)

const administratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess"

// awsPolicies are the AWS managed policies that the sandbox holds. The others
// are refused by name: a wrong guess at ReadOnlyAccess would be a wrong verdict.
// A name has its path before it.
// Source: AWS Managed Policy Reference, the page of each policy.
var awsPolicies = []struct{ name, id, about, created, version, doc string }{
	{"AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK", "Provides full access to AWS services and resources.", "2015-02-06T18:39:46Z", "v1",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
	{"PowerUserAccess", "ANPAJYRXTHIB4FOVS3ZXS", "Provides full access to AWS services and resources, but does not allow management of Users and groups.", "2015-02-06T18:39:47Z", "v5",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},` +
			`{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeOrganization"],"Resource":"*"}]}`},
	{"IAMFullAccess", "ANPAI7XKCFMBPM3QQRRVQ", "Provides full access to IAM via the AWS Management Console.", "2015-02-06T18:40:38Z", "v2",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}]}`},
	{"IAMReadOnlyAccess", "ANPAJKSO7NDY4T57MWDSQ", "Provides read only access to IAM via the AWS Management Console.", "2015-02-06T18:40:39Z", "v4",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}]}`},
	{"IAMUserChangePassword", "ANPAJ4L4MM2A7QIEB56MS", "Provides the ability for an IAM user to change their own password.", "2016-11-15T00:25:16Z", "v2",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],"Resource":["arn:aws:iam::*:user/${aws:username}"]},{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]}`},
	{"AmazonS3FullAccess", "ANPAIFIR6V6BVTRAHWINE", "Provides full access to all buckets via the AWS Management Console.", "2015-02-06T18:40:58Z", "v2",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}`},
	{"AmazonS3ReadOnlyAccess", "ANPAIZTJ4DXE7G6AGAE6M", "Provides read only access to all buckets via the AWS Management Console.", "2015-02-06T18:40:59Z", "v3",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}`},
	{"AWSKeyManagementServicePowerUser", "ANPAJNPP7PPPPMJRV2SA4", "Provides access to AWS Key Management Service (KMS).", "2015-02-06T18:40:40Z", "v2",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:CreateAlias","kms:CreateKey","kms:DeleteAlias","kms:Describe*","kms:GenerateRandom","kms:Get*","kms:List*","kms:TagResource","kms:UntagResource","iam:ListGroups","iam:ListRoles","iam:ListUsers"],"Resource":"*"}]}`},
	{"AWSSupportAccess", "ANPAJSNKQX2OW67GF4S7E", "Allows users to access the AWS Support Center.", "2015-02-06T18:41:11Z", "v4",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["support:*","support-console:*"],"Resource":"*"}]}`},
	{"service-role/AWSLambdaBasicExecutionRole", "ANPAJNCQGXC42545SKXIK", "Provides write permissions to CloudWatch Logs.", "2015-04-09T15:03:43Z", "v1",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`},
	{"AWSDenyAll", "ANPA4ZPZPYC6GBDKUJWBC", "Deny all access.", "2019-05-01T22:36:14Z", "v1",
		`{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":["*"],"Resource":"*"}]}`},
}

func awsManaged() map[string]*ManagedPolicy {
	m := make(map[string]*ManagedPolicy, len(awsPolicies))
	for _, a := range awsPolicies {
		d, err := document("arn:aws:iam::aws:policy/"+a.name, a.doc, policy.Identity)
		if err != nil {
			panic(fmt.Sprintf("iam: %s: %v", a.name, err))
		}
		at, err := time.Parse(time.RFC3339, a.created)
		if err != nil {
			panic(fmt.Sprintf("iam: %s: %v", a.name, err))
		}
		n, _ := versionNumber(a.version)
		cut := strings.LastIndexByte(a.name, '/') + 1
		p := &ManagedPolicy{Account: "aws", Name: a.name[cut:], Path: "/" + a.name[:cut], ID: a.id, Description: a.about,
			Created: at, Updated: at, Default: n, Versions: []PolicyVersion{{Number: n, Created: at, Doc: d}}}
		m[p.ARN()] = p
	}
	c := configRole()
	m[c.ARN()] = c
	return m
}

// configRoleText lists every read of AWS Config's role.
// Source: AWS Managed Policy Reference, AWS_ConfigRole, version v67.
//
//go:embed awsmanaged/AWS_ConfigRole.json
var configRoleText string

// configRole is compiled when it is first asked for: it is as long as all others
// together, many times over, and most sandboxes have no use for it.
func configRole() *ManagedPolicy {
	created := time.Date(2020, 9, 15, 20, 30, 30, 0, time.UTC)
	updated := time.Date(2026, 2, 24, 22, 42, 11, 0, time.UTC)
	p := &ManagedPolicy{Account: "aws", Name: "AWS_ConfigRole", Path: "/service-role/", ID: "ANPAZKAPJZG4PP7QZ4FBG",
		Description: "Default policy for AWS Config service role. Provides permissions required for AWS Config to track changes to your AWS resources.",
		Created:     created, Updated: updated, Default: 67}
	text := strings.TrimSpace(configRoleText)
	p.Versions = []PolicyVersion{{Number: 67, Created: updated, Doc: &Document{Text: text, later: sync.OnceValue(func() *policy.Policy {
		compiled, err := policy.Parse(p.ARN(), []byte(text), policy.Identity)
		if err != nil {
			panic(fmt.Sprintf("iam: %s: %v", p.Name, err))
		}
		return compiled
	})}}}
	return p
}

// awsManagedARN tells whether arn has the form of an AWS managed policy's.
func awsManagedARN(arn string) bool { return strings.HasPrefix(arn, "arn:aws:iam::aws:policy/") }

// heldNames lists the AWS managed policies that the sandbox holds.
func heldNames() string {
	names := []string{"AWS_ConfigRole"}
	for _, a := range awsPolicies {
		names = append(names, a.name[strings.LastIndexByte(a.name, '/')+1:])
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
