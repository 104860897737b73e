package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

var (
	kmsProtocol = wire.NewJSON("TrentService", "1.1")
	iamProtocol = wire.NewQuery("2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/")
	stsProtocol = wire.NewQuery("2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/")
)

// loop is a server in the client's own process: it decodes with the protocol
// and answers with out, or with fault.
type loop struct {
	protocol  op.Protocol
	operation string
	in, out   any
	fault     *op.Error
	err       error
}

func (l *loop) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(orEmpty(r.Body))
	if err != nil {
		return nil, err
	}
	c := &op.Call{HTTP: r, Body: body, ID: "a-request"}
	w := httptest.NewRecorder()
	if l.operation, l.err = l.protocol.Operation(c); l.err == nil {
		l.err = l.protocol.Decode(c, l.operation, l.in)
	}
	if l.err == nil && l.fault == nil {
		l.err = l.protocol.Encode(w, c, l.operation, l.out)
	}
	if l.fault != nil {
		l.protocol.EncodeError(w, c, l.operation, l.fault)
	}
	return w.Result(), nil
}

func orEmpty(r io.ReadCloser) io.Reader {
	if r == nil {
		return strings.NewReader("")
	}
	return r
}

func config(l *loop) aws.Config {
	return aws.Config{Region: "eu-west-2", HTTPClient: l, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
}

// trip sends in through the SDK and compares what arrived and what came back.
func trip[In, Out any](t *testing.T, p op.Protocol, in *In, out *Out, call func(aws.Config, *In) (*Out, error)) {
	t.Helper()
	got := new(In)
	l := &loop{protocol: p, in: got, out: out}
	back, err := call(config(l), in)
	if err != nil || l.err != nil {
		t.Errorf("%T: client %v, server %v", in, err, l.err)
		return
	}
	same := cmp.Options{cmpopts.IgnoreUnexported(*in, *out, kmstypes.Tag{}, kmstypes.KeyMetadata{}, kmstypes.MultiRegionConfiguration{}, kmstypes.GrantConstraints{}, iamtypes.Tag{}, iamtypes.Role{}),
		cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "ResultMetadata" }, cmp.Ignore())}
	if d := cmp.Diff(in, got, same); d != "" {
		t.Errorf("%T: input -sent +decoded:\n%s", in, d)
	}
	if d := cmp.Diff(out, back, same); d != "" {
		t.Errorf("%T: output -encoded +received:\n%s", out, d)
	}
}

func TestTheSDKsOwnClients(t *testing.T) {
	ctx := context.Background()
	day := time.Date(2026, 11, 21, 12, 30, 15, 0, time.UTC)
	trip(t, kmsProtocol,
		&kms.CreateKeyInput{Description: aws.String("a \"b\" <c>\n\u2028é"), KeySpec: kmstypes.KeySpecEccNistP256, BypassPolicyLockoutSafetyCheck: true,
			Tags: []kmstypes.Tag{{TagKey: aws.String("k"), TagValue: aws.String("")}, {TagKey: aws.String("l"), TagValue: aws.String("v")}}},
		&kms.CreateKeyOutput{KeyMetadata: &kmstypes.KeyMetadata{KeyId: aws.String("id"), CreationDate: aws.Time(day.Add(250 * time.Millisecond)), Enabled: true,
			KeyState: kmstypes.KeyStateEnabled, MultiRegion: aws.Bool(false), SigningAlgorithms: []kmstypes.SigningAlgorithmSpec{"ECDSA_SHA_256"},
			PendingDeletionWindowInDays: aws.Int32(7)}},
		func(cfg aws.Config, in *kms.CreateKeyInput) (*kms.CreateKeyOutput, error) {
			return kms.NewFromConfig(cfg).CreateKey(ctx, in)
		})
	trip(t, kmsProtocol,
		&kms.EncryptInput{KeyId: aws.String("id"), Plaintext: []byte{0, 1, 255}, EncryptionContext: map[string]string{"a.b": "c", "": "d"}},
		&kms.EncryptOutput{CiphertextBlob: []byte("blob"), KeyId: aws.String("arn")},
		func(cfg aws.Config, in *kms.EncryptInput) (*kms.EncryptOutput, error) {
			return kms.NewFromConfig(cfg).Encrypt(ctx, in)
		})
	trip(t, kmsProtocol,
		&kms.CreateGrantInput{KeyId: aws.String("id"), GranteePrincipal: aws.String("arn"), Operations: []kmstypes.GrantOperation{"Decrypt", "Encrypt"},
			Constraints: &kmstypes.GrantConstraints{EncryptionContextSubset: map[string]string{"k": "v"}}, GrantTokens: []string{}},
		&kms.CreateGrantOutput{GrantId: aws.String("g")},
		func(cfg aws.Config, in *kms.CreateGrantInput) (*kms.CreateGrantOutput, error) {
			return kms.NewFromConfig(cfg).CreateGrant(ctx, in)
		})
	trip(t, iamProtocol,
		&iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(`{"a":"&=+%"}`), MaxSessionDuration: aws.Int32(3600),
			Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("b c")}, {Key: aws.String("d"), Value: aws.String("")}}},
		&iam.CreateRoleOutput{Role: &iamtypes.Role{RoleName: aws.String("r"), Arn: aws.String("arn<&>"), CreateDate: aws.Time(day), Path: aws.String("/"), RoleId: aws.String("AROA"), Tags: []iamtypes.Tag{}}},
		func(cfg aws.Config, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
			return iam.NewFromConfig(cfg).CreateRole(ctx, in)
		})
	trip(t, iamProtocol,
		&iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://gitlab.com"), ClientIDList: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}},
		&iam.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: aws.String("arn")},
		func(cfg aws.Config, in *iam.CreateOpenIDConnectProviderInput) (*iam.CreateOpenIDConnectProviderOutput, error) {
			return iam.NewFromConfig(cfg).CreateOpenIDConnectProvider(ctx, in)
		})
	trip(t, iamProtocol, &iam.GetAccountSummaryInput{},
		&iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{"Users": 1, "Roles": 2}},
		func(cfg aws.Config, in *iam.GetAccountSummaryInput) (*iam.GetAccountSummaryOutput, error) {
			return iam.NewFromConfig(cfg).GetAccountSummary(ctx, in)
		})
	trip(t, iamProtocol, &iam.DeleteRoleInput{RoleName: aws.String("r")}, &iam.DeleteRoleOutput{},
		func(cfg aws.Config, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
			return iam.NewFromConfig(cfg).DeleteRole(ctx, in)
		})
	trip(t, stsProtocol, &sts.GetCallerIdentityInput{}, &sts.GetCallerIdentityOutput{Account: aws.String("1"), Arn: aws.String("2"), UserId: aws.String("3")},
		func(cfg aws.Config, in *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
			return sts.NewFromConfig(cfg).GetCallerIdentity(ctx, in)
		})
}

func TestErrorsReachTheSDK(t *testing.T) {
	fault := op.Errorf(400, "NotFoundException", "Key <x> & \"y\" is gone")
	_, err := kms.NewFromConfig(config(&loop{protocol: kmsProtocol, in: &kms.DescribeKeyInput{}, fault: fault})).
		DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String("x")})
	var typed *kmstypes.NotFoundException
	if !errors.As(err, &typed) || typed.ErrorMessage() != fault.Message {
		t.Errorf("JSON error arrives as %v", err)
	}
	_, err = iam.NewFromConfig(config(&loop{protocol: iamProtocol, in: &iam.GetRoleInput{}, fault: op.Errorf(404, "NoSuchEntity", "no <role>")})).
		GetRole(context.Background(), &iam.GetRoleInput{RoleName: aws.String("x")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "NoSuchEntity" || api.ErrorMessage() != "no <role>" {
		t.Errorf("query error arrives as %v", err)
	}
}

func TestBadQueries(t *testing.T) {
	for _, tt := range []struct{ method, query, body, want string }{
		{"POST", "", "Action=CreateRole&Version=2010-05-08&RoleName=a&RoleName=b", "appears 2 times"},
		{"POST", "", "Action=CreateRole&Version=2010-05-08&Colour=red", `unknown parameter "Colour"`},
		{"POST", "", "Action=CreateRole&Version=2010-05-08&RoleName.x=red", "is a value"},
		{"POST", "", "Action=CreateRole&Version=2010-05-08&Tags.member.1=x", "is a structure"},
		{"POST", "", "Action=CreateRole&Version=2010-05-08&Tags.member.01.Key=x", `index "01"`},
		{"POST", "", "Action=CreateRole&Version=2010-05-08&Tags.entry.1.Key=x", `is not "member.N"`},
		{"POST", "", "Action=CreateRole&Version=2010-05-08&Tags.member.1.Colour=x", `unknown parameter "Tags.member.1.Colour"`},
		{"POST", "", "Action=CreateRole&Version=2010-05-08&MaxSessionDuration=ten", "not a whole number"},
		{"POST", "", "Action=CreateRole&Version=2010-05-08&MaxSessionDuration=99999999999", "not a whole number"},
		{"POST", "", "Action=CreateRole&Version=2011-06-15", "for version 2011-06-15"},
		{"POST", "", "Version=2010-05-08", "no Action"},
		{"POST", "", "%zz", "not form encoded"},
		{"PUT", "Action=CreateRole&Version=2010-05-08", "", "POST or GET"},
	} {
		r := httptest.NewRequest(tt.method, "/?"+tt.query, nil)
		c := &op.Call{HTTP: r, Body: []byte(tt.body)}
		_, err := iamProtocol.Operation(c)
		if err == nil {
			err = iamProtocol.Decode(c, "CreateRole", &iam.CreateRoleInput{})
		}
		var e *op.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, tt.want) || e.Status != 400 {
			t.Errorf("%s %s%s: %v, want %q", tt.method, tt.query, tt.body, err, tt.want)
		}
	}
}

func TestQueriesByGETLeaveTheSignatureOut(t *testing.T) {
	r := httptest.NewRequest("GET", "/?Action=GetRole&Version=2010-05-08&RoleName=x&X-Amz-Signature=1&X-Amz-Date=2", nil)
	in := &iam.GetRoleInput{}
	if err := iamProtocol.Decode(&op.Call{HTTP: r}, "GetRole", in); err != nil || aws.ToString(in.RoleName) != "x" {
		t.Errorf("decoded %+v, %v", in, err)
	}
}

func TestBadJSON(t *testing.T) {
	secret := "cGxhaW50ZXh0"
	for _, body := range []string{
		`[]`, `"x"`, `{`, `{"KeyId"}`, `{"KeyId":"a"}{}`, `{"KeyId":"a","KeyId":"b"}`, `{"keyid":"a"}`, `{"KeyId":["a"]}`, `{"Plaintext":"` + secret + `!"}`,
		`{"EncryptionContext":{"a":"b","a":"c"}}`, `{"EncryptionContext":{"a":1}}`, `{"EncryptionContext":[]}`, `{"GrantTokens":"x"}`, `{"DryRun":"yes"}`, "{\"KeyId\":\"\xff\"}",
	} {
		err := kmsProtocol.Decode(&op.Call{Body: []byte(body)}, "Encrypt", &kms.EncryptInput{})
		var e *op.Error
		if !errors.As(err, &e) || e.Code != "SerializationException" || strings.Contains(e.Message, secret) {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, body := range []string{"", "{}", " { } ", `{"KeyId":null,"GrantTokens":null}`} {
		if err := kmsProtocol.Decode(&op.Call{Body: []byte(body)}, "Encrypt", &kms.EncryptInput{}); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"KeyId":"a","EncryptionContext":{"a":"b"},"Plaintext":"AA=="}`)
	f.Add("Action=CreateRole&Version=2010-05-08&Tags.member.1.Key=a&Tags.member.1.Value=b")
	f.Fuzz(func(t *testing.T, body string) {
		c := &op.Call{HTTP: httptest.NewRequest("POST", "/", nil), Body: []byte(body)}
		in := &kms.EncryptInput{}
		if err := kmsProtocol.Decode(c, "Encrypt", in); err == nil {
			w := httptest.NewRecorder()
			if err := kmsProtocol.Encode(w, c, "Encrypt", in); err != nil {
				t.Fatal(err)
			}
			again := &kms.EncryptInput{}
			if err := kmsProtocol.Decode(&op.Call{Body: w.Body.Bytes()}, "Encrypt", again); err != nil {
				t.Fatalf("%s does not decode: %v", w.Body, err)
			}
			if d := cmp.Diff(in, again, cmpopts.IgnoreUnexported(*in), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("round trip:\n%s", d)
			}
		}
		if name, err := iamProtocol.Operation(c); err == nil {
			_ = iamProtocol.Decode(c, name, &iam.CreateRoleInput{})
			_ = iamProtocol.Decode(c, name, &sts.AssumeRoleInput{})
		}
	})
}
