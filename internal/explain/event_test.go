package explain_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/policy"
)

const annIdentity = `{"type":"IAMUser","principalId":"AIDAEXAMPLEEXAMPLE12","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE","userName":"ann"}`

// event is a record of CloudTrail; more are further members.
func event(identity, source, name, params, more string) string {
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":%s,"eventTime":"2026-11-22T10:00:00Z","eventSource":%q,"eventName":%q,"awsRegion":"eu-west-2","sourceIPAddress":"192.0.2.7","userAgent":"[aws-cli/2]","requestParameters":%s,"responseElements":null,"eventID":"e-1","eventType":"AwsApiCall","recipientAccountId":"111122223333"%s}`,
		identity, source, name, params, more)
}

func read(t *testing.T, text, id string) []*explain.Question {
	t.Helper()
	list, err := explain.ReadEvent("f", strings.NewReader(text), id)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The action and the resource behind an event are not always what its name says.
func TestEventActions(t *testing.T) {
	const key = "arn:aws:kms:eu-west-2:111122223333:key/1-2"
	for _, tt := range []struct{ source, name, params, more, want string }{
		{"s3.amazonaws.com", "GetObject", `{"bucketName":"b","key":"k"}`, "", "s3:GetObject arn:aws:s3:::b/k"},
		{"s3.amazonaws.com", "GetObject", `{"bucketName":"b","key":"k","versionId":"v"}`, "", "s3:GetObjectVersion arn:aws:s3:::b/k"},
		{"s3.amazonaws.com", "HeadObject", `{"bucketName":"b","key":"k"}`, "", "s3:GetObject arn:aws:s3:::b/k"},
		{"s3.amazonaws.com", "HeadBucket", `{"bucketName":"b"}`, "", "s3:ListBucket arn:aws:s3:::b"},
		{"s3.amazonaws.com", "ListObjects", `{"bucketName":"b","prefix":"k"}`, "", "s3:ListBucket arn:aws:s3:::b"},
		{"s3.amazonaws.com", "ListObjectVersions", `{"bucketName":"b"}`, "", "s3:ListBucketVersions arn:aws:s3:::b"},
		{"s3.amazonaws.com", "ListBuckets", `null`, "", "s3:ListAllMyBuckets *"},
		{"s3.amazonaws.com", "UploadPart", `{"bucketName":"b","key":"k"}`, "", "s3:PutObject arn:aws:s3:::b/k"},
		{"s3.amazonaws.com", "DeleteObjects", `{"bucketName":"b"}`, "", "s3:DeleteObject "},
		{"s3.amazonaws.com", "PutBucketEncryption", `{"bucketName":"b"}`, "", "s3:PutEncryptionConfiguration arn:aws:s3:::b"},
		{"s3.amazonaws.com", "GetBucketLifecycle", `{"bucketName":"b"}`, "", "s3:GetLifecycleConfiguration arn:aws:s3:::b"},
		{"s3.amazonaws.com", "CopyObject", `{"bucketName":"b","key":"k","x-amz-copy-source":"/from/x"}`, "", "s3:PutObject arn:aws:s3:::b/k, s3:GetObject arn:aws:s3:::from/x"},
		{"kms.amazonaws.com", "Decrypt", `{"keyId":"1-2"}`, "", "kms:Decrypt " + key},
		{"kms.amazonaws.com", "Decrypt", `{"keyId":"alias/x"}`, `"resources":[{"ARN":"` + key + `","accountId":"111122223333"}]`, "kms:Decrypt " + key},
		{"kms.amazonaws.com", "ReEncrypt", `{"sourceKeyId":"` + key + `","destinationKeyId":"3-4"}`, "", "kms:ReEncryptFrom " + key + ", kms:ReEncryptTo arn:aws:kms:eu-west-2:111122223333:key/3-4"},
		{"sts.amazonaws.com", "AssumeRole", `{"roleArn":"arn:aws:iam::444455556666:role/r"}`, "", "sts:AssumeRole arn:aws:iam::444455556666:role/r"},
		{"lambda.amazonaws.com", "UpdateFunctionCode20150331v2", `{"functionName":"f"}`, "", "lambda:UpdateFunctionCode arn:aws:lambda:eu-west-2:111122223333:function:f"},
		{"lambda.amazonaws.com", "Invoke", `{"functionName":"f"}`, "", "lambda:InvokeFunction arn:aws:lambda:eu-west-2:111122223333:function:f"},
		{"dynamodb.amazonaws.com", "GetItem", `{"tableName":"t"}`, "", "dynamodb:GetItem arn:aws:dynamodb:eu-west-2:111122223333:table/t"},
		{"tagging.amazonaws.com", "GetResources", `null`, "", "tag:GetResources *"},
		{"iam.amazonaws.com", "ListUsers", `null`, "", "iam:ListUsers *"},
		// A role's ARN has a path, which the record does not tell: AWS's words do.
		{"iam.amazonaws.com", "GetRole", `{"roleName":"r"}`, "", "iam:GetRole "},
		{"iam.amazonaws.com", "GetRole", `{"roleName":"r"}`, `"errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:GetRole on resource: role r because no identity-based policy allows the iam:GetRole action"`, "iam:GetRole role r"},
		{"s3.amazonaws.com", "PutObject", `{"bucketName":"b","key":"k"}`, `"errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::111122223333:user/ann is not authorized to perform: kms:GenerateDataKey on resource: ` + key + ` because no identity-based policy allows the kms:GenerateDataKey action"`, "kms:GenerateDataKey " + key},
	} {
		var got []string
		for _, q := range read(t, event(annIdentity, tt.source, tt.name, tt.params, tt.more), "") {
			got = append(got, q.Action+" "+q.Resource)
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.source, tt.name, s, tt.want)
		}
	}
}

func TestEventCallers(t *testing.T) {
	const provider = "arn:aws:iam::111122223333:oidc-provider/gitlab.com"
	for _, tt := range []struct {
		name, identity string
		typ            policy.PrincipalType
		arn            string
		keys           string
	}{
		{"user", annIdentity, policy.User, "arn:aws:iam::111122223333:user/ann", "aws:SourceIp=192.0.2.7 aws:UserAgent=aws-cli/2 aws:ViaAWSService=false"},
		{"root", `{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":""}`, policy.Root, "arn:aws:iam::111122223333:root", ""},
		{"role", `{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE12:job","arn":"arn:aws:sts::111122223333:assumed-role/ci/job","accountId":"111122223333","accessKeyId":"ASIA","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE12","arn":"arn:aws:iam::111122223333:role/team/ci"},"attributes":{"creationDate":"2026-11-22T09:00:00Z","mfaAuthenticated":"true"},"sourceIdentity":"ann"}}`,
			policy.AssumedRole, "arn:aws:sts::111122223333:assumed-role/ci/job", "aws:MultiFactorAuthPresent=true aws:SourceIdentity=ann aws:TokenIssueTime=2026-11-22T09:00:00Z"},
		{"web identity", `{"type":"WebIdentityUser","principalId":"` + provider + `:https://gitlab.com:project_path:a/b:ref_type:branch:ref:main","userName":"project_path:a/b:ref_type:branch:ref:main","identityProvider":"` + provider + `"}`,
			policy.WebIdentity, provider, "gitlab.com:aud=https://gitlab.com gitlab.com:sub=project_path:a/b:ref_type:branch:ref:main"},
		{"anonymous", `{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}`, policy.Anonymous, "", ""},
		{"service", `{"type":"AWSService","invokedBy":"cloudtrail.amazonaws.com"}`, policy.Service, "cloudtrail.amazonaws.com", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := read(t, event(tt.identity, "s3.amazonaws.com", "GetObject", `{"bucketName":"b","key":"k"}`, ""), "")[0]
			if q.Principal.Type != tt.typ || q.Principal.ARN != tt.arn {
				t.Errorf("got %+v", q.Principal)
			}
			for _, pair := range strings.Fields(tt.keys) {
				key, want, _ := strings.Cut(pair, "=")
				if got, _ := q.Context.Get(key); len(got) != 1 || got[0] != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
		})
	}
}

// What a record does not tell is not known: never assumed to be one thing.
func TestEventsNeverAssume(t *testing.T) {
	session := `{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE12:job","arn":"arn:aws:sts::111122223333:assumed-role/ci/job","accountId":"111122223333","accessKeyId":"ASIA","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/ci"},"attributes":{"mfaAuthenticated":"false"}}}`
	mfa := func(op string) string {
		return *doc(everything, `{"Sid":"MFA","Effect":"Deny","Action":"*","Resource":"*","Condition":{"`+op+`":{"aws:MultiFactorAuthPresent":"false"}}}`)
	}
	for _, tt := range []struct {
		name, event, policy string
		want                explain.Decision
	}{
		{"long-term key has no MFA", event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, ""), mfa("Bool"), explain.Allowed},
		{"long-term key, IfExists", event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, ""), mfa("BoolIfExists"), explain.Denied},
		{"session, false or absent", event(session, "sqs.amazonaws.com", "ListQueues", `null`, ""), mfa("Bool"), explain.CannotTell},
		{"session, false or absent, IfExists", event(session, "sqs.amazonaws.com", "ListQueues", `null`, ""), mfa("BoolIfExists"), explain.Denied},
		{"no TLS details", event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, ""), *doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`), explain.CannotTell},
		{"TLS details", event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, `"tlsDetails":{"tlsVersion":"TLSv1.3"}`), *doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`), explain.Allowed},
		{"address through an endpoint", event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, `"vpcEndpointId":"vpce-1"`), *doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}`), explain.Denied},
		{"endpoint", event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, `"vpcEndpointId":"vpce-1"`), *doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}`), explain.Allowed},
		{"no endpoint named", event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, ""), *doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}`), explain.CannotTell},
		{"whose bucket", event(annIdentity, "s3.amazonaws.com", "GetObject", `{"bucketName":"b","key":"k"}`, ""), *doc(everything), explain.CannotTell},
		{"whose bucket, told", event(annIdentity, "s3.amazonaws.com", "GetObject", `{"bucketName":"b","key":"k"}`, `"resources":[{"ARN":"arn:aws:s3:::b","accountId":"111122223333"}]`), *doc(everything), explain.Allowed},
		{"another's bucket", event(annIdentity, "s3.amazonaws.com", "GetObject", `{"bucketName":"b","key":"k"}`, `"resources":[{"ARN":"arn:aws:s3:::b","accountId":"444455556666"}]`), *doc(everything), explain.Denied},
		{"tags", event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, ""), *doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"core"}}}`), explain.CannotTell},
		{"by way of a service", strings.Replace(event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, ""), "192.0.2.7", "cloudformation.amazonaws.com", 1), *doc(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}`), explain.CannotTell},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := read(t, tt.event, "")[0]
			q.Outcome = nil
			a := answer(t, q, policy.ReasonIdentity, tt.policy)
			if a.Decision != tt.want {
				t.Errorf("got %s, want %s\n%s", a.Decision, tt.want, human(t, a))
			}
		})
	}
}

// answer explains a question with one policy.
func answer(t *testing.T, q *explain.Question, typ policy.Reason, text string) *explain.Answer {
	t.Helper()
	p := &explain.Policies{}
	l := explain.Loader{Resource: q.Resource, Read: func(string) ([]byte, error) { return []byte(text), nil }}
	if err := l.Add(p, typ, "p.json"); err != nil {
		t.Fatal(err)
	}
	a, err := explain.Explain(q, p, explain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A file holds one record, a log file's records, or lines; compressed or not.
func TestEventFiles(t *testing.T) {
	ok := event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, "")
	refused := strings.Replace(event(annIdentity, "kms.amazonaws.com", "ListKeys", `null`, `"errorCode":"AccessDenied"`), `"e-1"`, `"e-2"`, 1)
	last := strings.Replace(event(annIdentity, "kms.amazonaws.com", "ListAliases", `null`, `"errorCode":"AccessDeniedException"`), `"e-1"`, `"e-3"`, 1)
	lines := ok + "\n" + refused + "\n\n" + last + "\n" + strings.Replace(ok, `"e-1"`, `"e-4"`, 1) + "\n"
	log := `{"Records": [` + ok + "," + refused + "," + last + "]}"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(log)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, text, id, want string }{
		{"one record", ok, "", "sqs:ListQueues"},
		{"one record over lines", strings.ReplaceAll(ok, ",\"event", ",\n  \"event"), "", "sqs:ListQueues"},
		{"lines: the last refused", lines, "", "kms:ListAliases"},
		{"lines: by ID", lines, "e-2", "kms:ListKeys"},
		{"log file", log, "", "kms:ListAliases"},
		{"log file: by ID", log, "e-1", "sqs:ListQueues"},
		{"compressed", packed.String(), "e-2", "kms:ListKeys"},
	} {
		if q := read(t, tt.text, tt.id)[0]; q.Action != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, q.Action, tt.want)
		}
	}
}

func TestBadEvents(t *testing.T) {
	good := event(annIdentity, "sqs.amazonaws.com", "ListQueues", `null`, "")
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 65 {
		if _, err := z.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, text, id, want string }{
		{"empty", "", "", "empty"},
		{"no JSON", "hello", "", "does not begin with a JSON object"},
		{"truncated", good[:len(good)-5], "", "in the middle"},
		{"a truncated line", good + "\n" + good[:40], "", "record 2"},
		{"duplicate members", strings.Replace(good, `"eventName"`, `"eventName":"GetRole","eventName"`, 1), "", "given twice"},
		{"invalid UTF-8", strings.Replace(good, "aws-cli", "\xff", 1), "", "not UTF-8"},
		{"nested", strings.Replace(good, `"requestParameters":null`, `"requestParameters":{"a":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`, 1), "", "nested deeper"},
		{"oversized", strings.Replace(good, "aws-cli", strings.Repeat("x", 2<<20), 1), "", "at most"},
		{"a gzip bomb", bomb.String(), "", "more than"},
		{"broken gzip", "\x1f\x8bxx", "", "gzip"},
		{"no records", `{"Records":[]}`, "", "holds no records"},
		{"text after the records", `{"Records":[` + good + `]} x`, "", "text after"},
		{"no such event", good, "e-9", "no event"},
		{"nothing refused", good + "\n" + good, "", "none of its 2 events was refused"},
		{"wrong type", strings.Replace(good, `"ListQueues"`, `7`, 1), "", "eventName"},
		{"unknown operation", strings.Replace(good, "ListQueues", "Frobnicate", 1), "", "is not known"},
		{"a console sign-in", event(annIdentity, "signin.amazonaws.com", "ConsoleLogin", `null`, ""), "", "is not known"},
		{"unknown caller", event(`{"type":"Unknown"}`, "sqs.amazonaws.com", "ListQueues", `null`, ""), "", "no caller"},
		{"another account's caller", event(`{"type":"AWSAccount","accountId":"444455556666","principalId":"AROA:x"}`, "sqs.amazonaws.com", "ListQueues", `null`, ""), "", "does not name it"},
		{"no event", `{"a":1}`, "", "no eventName"},
	} {
		if _, err := explain.ReadEvent("f", strings.NewReader(tt.text), tt.id); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(event(annIdentity, "s3.amazonaws.com", "CopyObject", `{"bucketName":"b","key":"k","x-amz-copy-source":"/from/x"}`, "")))
	f.Add([]byte(`{"Records":[` + event(annIdentity, "kms.amazonaws.com", "ReEncrypt", `{"sourceKeyId":"1","encryptionContext":{"a":"b"}}`, `"errorCode":"AccessDenied","errorMessage":"Access Denied"`) + `]}`))
	f.Add([]byte("\x1f\x8b\x08"))
	doc, err := policy.Parse("p", []byte(*doc(everything, `{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`)), policy.Identity)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := explain.ReadEvent("f", bytes.NewReader(data), "")
		if err != nil {
			return
		}
		for _, q := range list {
			p := &explain.Policies{Set: policy.Set{Identity: []*policy.Policy{doc}}, Stated: true}
			a, err := explain.Explain(q, p, explain.Options{})
			if err != nil {
				continue
			}
			if a.Sentence == "" || a.Steps == nil {
				t.Fatalf("%s: %+v", data, a)
			}
		}
	})
}
