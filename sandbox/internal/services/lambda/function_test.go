package lambda_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

func TestFunctionIsCreatedChangedAndDeleted(t *testing.T) {
	w := open(t, sandbox.Options{})
	name := aws.String("f")
	in := input(script(t))
	in.Tags, in.Timeout = map[string]string{"a": "b"}, nil
	made := w.create(in)
	if *made.FunctionArn != fARN || *made.Version != "$LATEST" || made.State != types.StateActive || *made.Timeout != 3 || *made.MemorySize != 128 || made.Environment != nil || *made.LoggingConfig.LogGroup != "/aws/lambda/f" {
		t.Errorf("made %+v", made)
	}
	_, err := w.fn.CreateFunction(ctx, in)
	w.refused(err, "ResourceConflictException", "Function already exist")

	_, err = w.fn.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(fARN), Timeout: aws.Int32(9), MemorySize: aws.Int32(512), Description: aws.String("d"), RevisionId: made.RevisionId,
		Environment: &types.Environment{Variables: map[string]string{"A": "x", "B": "<y>"}},
	})
	w.refused(err, "ValidationException", "Map keys") // a name has two letters
	changed, err := w.fn.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(fARN), Timeout: aws.Int32(9), MemorySize: aws.Int32(512), Description: aws.String("d"), RevisionId: made.RevisionId,
		Environment: &types.Environment{Variables: map[string]string{"AA": "x", "BB": "<y>"}},
	})
	w.must(err)
	if *changed.RevisionId == *made.RevisionId || changed.Environment.Variables["BB"] != "<y>" {
		t.Errorf("changed %+v", changed)
	}
	_, err = w.fn.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name, Timeout: aws.Int32(10), RevisionId: made.RevisionId})
	w.refused(err, "PreconditionFailedException")

	// A version stays as it is; nothing new is published while nothing has changed.
	one, err := w.fn.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name, Description: aws.String("first")})
	w.must(err)
	again, err := w.fn.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name})
	w.must(err)
	if *one.Version != "1" || *again.Version != "1" || *one.FunctionArn != fARN+":1" || *one.Description != "first" {
		t.Errorf("published %+v and %+v", one, again)
	}
	code, err := w.fn.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: zipped(t, "bootstrap", []byte("#!/bin/sh\nexit 8\n"), 0o755), Publish: true})
	w.must(err)
	if *code.Version != "2" || *code.CodeSha256 == *one.CodeSha256 {
		t.Errorf("new code %+v", code)
	}
	old, err := w.fn.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: name, Qualifier: aws.String("1")})
	w.must(err)
	if *old.CodeSha256 != *one.CodeSha256 || *old.Timeout != 9 {
		t.Errorf("version 1: %+v", old)
	}
	versions, err := w.fn.ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{FunctionName: name, MaxItems: aws.Int32(2)})
	w.must(err)
	rest, err := w.fn.ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{FunctionName: name, Marker: versions.NextMarker})
	w.must(err)
	if len(versions.Versions) != 2 || len(rest.Versions) != 1 || *rest.Versions[0].FunctionArn != fARN+":2" {
		t.Errorf("versions %+v, then %+v", versions.Versions, rest.Versions)
	}
	_, err = w.fn.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name, Qualifier: aws.String("1")})
	w.must(err)
	_, err = w.fn.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name, Qualifier: aws.String("1")})
	w.refused(err, "ResourceNotFoundException")

	_, err = w.fn.TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String(fARN), Tags: map[string]string{"c": "d"}})
	w.must(err)
	_, err = w.fn.UntagResource(ctx, &lambda.UntagResourceInput{Resource: aws.String(fARN), TagKeys: []string{"a"}})
	w.must(err)
	tags, err := w.fn.ListTags(ctx, &lambda.ListTagsInput{Resource: aws.String(fARN)})
	w.must(err)
	got, err := w.fn.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name})
	w.must(err)
	if len(tags.Tags) != 1 || tags.Tags["c"] != "d" || got.Tags["c"] != "d" || got.Concurrency != nil {
		t.Errorf("tags %v, %+v", tags.Tags, got)
	}
	_, err = w.fn.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(901)})
	w.refused(err, "InvalidParameterValueException", "UnreservedConcurrentExecution")
	_, err = w.fn.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(900)})
	w.must(err)
	reserved, err := w.fn.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: name})
	w.must(err)
	if *reserved.ReservedConcurrentExecutions != 900 {
		t.Errorf("reserved %v", *reserved.ReservedConcurrentExecutions)
	}
	_, err = w.fn.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: name})
	w.refused(err, "ResourceNotFoundException", "EventInvokeConfig")

	_, err = w.fn.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name})
	w.must(err)
	_, err = w.fn.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name})
	w.refused(err, "ResourceNotFoundException", "Function not found: "+fARN)
}

func TestCreateRefuses(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.role("machine", "ec2.amazonaws.com")
	good := script(t)
	for _, tt := range []struct {
		change     func(*lambda.CreateFunctionInput)
		code, word string
	}{
		{func(in *lambda.CreateFunctionInput) {
			in.Role = aws.String("arn:aws:iam::" + account + ":role/machine")
		}, "InvalidParameterValueException", "cannot be assumed by Lambda"},
		{func(in *lambda.CreateFunctionInput) { in.Role = aws.String("arn:aws:iam::" + account + ":role/nobody") }, "InvalidParameterValueException", "cannot be assumed by Lambda"},
		{func(in *lambda.CreateFunctionInput) { in.Role = aws.String("arn:aws:iam::222233334444:role/r") }, "AccessDeniedException", "Cross-account"},
		{func(in *lambda.CreateFunctionInput) { in.Role = aws.String("function") }, "ValidationException", "'role'"},
		{func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = []byte("no zip") }, "InvalidParameterValueException", "Could not unzip"},
		{func(in *lambda.CreateFunctionInput) { in.Code = &types.FunctionCode{} }, "InvalidParameterValueException", "source for function code"},
		{func(in *lambda.CreateFunctionInput) { in.Runtime = "cobol85" }, "InvalidParameterValueException", "cobol85"},
		{func(in *lambda.CreateFunctionInput) { in.Runtime = "" }, "InvalidParameterValueException", "mandatory"},
		{func(in *lambda.CreateFunctionInput) { in.Timeout = aws.Int32(901) }, "ValidationException", "timeout"},
		{func(in *lambda.CreateFunctionInput) { in.MemorySize = aws.Int32(127) }, "ValidationException", "memorySize"},
		{func(in *lambda.CreateFunctionInput) { in.FunctionName = aws.String("a b") }, "ValidationException", "functionName"},
		{func(in *lambda.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x"}}
		}, "InvalidParameterValueException", "reserved keys"},
		{func(in *lambda.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"XX": strings.Repeat("x", 4096)}}
		}, "InvalidParameterValueException", "4KB"},
		{func(in *lambda.CreateFunctionInput) {
			in.KMSKeyArn = aws.String("alias/none")
			in.Environment = &types.Environment{Variables: map[string]string{"XX": "x"}}
		}, "InvalidParameterValueException", "KMS"},
		{func(in *lambda.CreateFunctionInput) { in.PackageType = types.PackageTypeImage }, "InvalidParameterValueException", "images"},
		{func(in *lambda.CreateFunctionInput) {
			in.Layers = []string{"arn:aws:lambda:eu-west-2:111122223333:layer:l:1"}
		}, "InvalidParameterValueException", "layers"},
		{func(in *lambda.CreateFunctionInput) { in.VpcConfig = &types.VpcConfig{SubnetIds: []string{"subnet-1"}} }, "InvalidParameterValueException", "VpcConfig"},
		{func(in *lambda.CreateFunctionInput) {
			in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:sqs:eu-west-2:111122223333:q")}
		}, "InvalidParameterValueException", "DeadLetterConfig"},
		{func(in *lambda.CreateFunctionInput) {
			in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatJson}
		}, "InvalidParameterValueException", "LogFormat"},
		{func(in *lambda.CreateFunctionInput) {
			in.TracingConfig = &types.TracingConfig{Mode: types.TracingModeActive}
		}, "InvalidParameterValueException", "PutTraceSegments"},
		{func(in *lambda.CreateFunctionInput) {
			in.Code = &types.FunctionCode{S3Bucket: aws.String("nowhere"), S3Key: aws.String("k")}
		}, "InvalidParameterValueException", "NoSuchBucket"},
	} {
		in := input(good)
		tt.change(in)
		_, err := w.fn.CreateFunction(ctx, in)
		w.refused(err, tt.code, tt.word)
	}
	left, err := w.fn.ListFunctions(ctx, &lambda.ListFunctionsInput{})
	w.must(err)
	if len(left.Functions) != 0 {
		t.Errorf("a refused request left %+v", left.Functions)
	}
}

const may = `{"Effect":"Allow","Action":["lambda:CreateFunction","lambda:UpdateFunctionConfiguration","lambda:GetFunctionConfiguration"],"Resource":"` + fARN + `"}`

// Who gives a function a role must be allowed to pass it, to Lambda.
func TestRoleMustBePassed(t *testing.T) {
	w := open(t, sandbox.Options{})
	pass := func(service string) string {
		return `{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + roleARN + `","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}`
	}
	_, err := w.user("none", may).CreateFunction(ctx, input(script(t)))
	w.refused(err, "AccessDeniedException", "iam:PassRole")
	_, err = w.user("other", may+","+pass("ec2.amazonaws.com")).CreateFunction(ctx, input(script(t)))
	w.refused(err, "AccessDeniedException", "iam:PassRole")
	in := input(script(t))
	in.Tags = map[string]string{"a": "b"}
	mayPass := w.user("right", may+","+pass("lambda.amazonaws.com"))
	_, err = mayPass.CreateFunction(ctx, in)
	w.refused(err, "AccessDeniedException", "lambda:TagResource")
	_, err = mayPass.CreateFunction(ctx, input(script(t)))
	w.must(err)
	_, err = w.user("changer", may).UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Role: aws.String(roleARN)})
	w.refused(err, "AccessDeniedException", "iam:PassRole")
	// The trust policy may bind Lambda to the account and the function.
	for source, ok := range map[string]bool{fARN: true, fARN + "x": false} {
		_, err = w.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("function"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"` + source + `"}}}}`)})
		w.must(err)
		_, err = mayPass.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Role: aws.String(roleARN)})
		if ok {
			w.must(err)
		} else {
			w.refused(err, "InvalidParameterValueException", "cannot be assumed")
		}
	}
}

// The environment is under a key: who may not decrypt sees the rest of the function.
func TestEnvironmentIsUnderItsKey(t *testing.T) {
	w := open(t, sandbox.Options{RunFunctions: true})
	key, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{})
	w.must(err)
	arn := key.KeyMetadata.Arn
	in := input(script(t))
	in.KMSKeyArn, in.Environment = arn, &types.Environment{Variables: map[string]string{"TOKEN": "hush"}}
	rights := may + `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}`
	_, err = w.user("keyless", rights).CreateFunction(ctx, in)
	w.refused(err, "AccessDeniedException", "kms:CreateGrant")
	onKey := func(actions, context string) string {
		return `,{"Effect":"Allow","Action":[` + actions + `],"Resource":"` + *arn + `","Condition":{"StringEquals":{"kms:ViaService":"lambda.eu-west-2.amazonaws.com","kms:EncryptionContext:aws:lambda:FunctionArn":"` + context + `"}}}`
	}
	_, err = w.user("elsewhere", rights+onKey(`"kms:CreateGrant","kms:Encrypt"`, fARN+"x")).CreateFunction(ctx, in)
	w.refused(err, "AccessDeniedException", "kms:CreateGrant")
	made, err := w.user("maker", rights+onKey(`"kms:CreateGrant","kms:Encrypt"`, fARN)).CreateFunction(ctx, in)
	w.must(err)
	if e := made.Environment; e == nil || len(e.Variables) != 0 || e.Error == nil || *e.Error.ErrorCode != "AccessDeniedException" || !strings.Contains(*e.Error.Message, "KMS access was denied") {
		t.Errorf("who may not decrypt sees %+v", e)
	}
	seen, err := w.user("reader", may+onKey(`"kms:Decrypt"`, fARN)).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("f")})
	w.must(err)
	if seen.Environment.Variables["TOKEN"] != "hush" || *seen.KMSKeyArn != *arn {
		t.Errorf("who may decrypt sees %+v", seen.Environment)
	}
	_, err = w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: arn})
	w.must(err)
	_, err = w.fn.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f")})
	w.refused(err, "KMSDisabledException")
	for _, e := range w.sb.Events() {
		if strings.Contains(strings.Join(texts(e.RequestParameters), " ")+strings.Join(texts(e.ResponseElements), " "), "hush") {
			t.Errorf("the record of %s tells the environment", e.EventName)
		}
	}
	if !slices.ContainsFunc(w.sb.Events(), func(e sandbox.Event) bool { return e.EventName == "CreateFunction20150331" }) {
		t.Error("CloudTrail has no CreateFunction20150331")
	}
}

// texts are the texts in a record's member.
func texts(v any) (list []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		for _, x := range v {
			list = append(list, texts(x)...)
		}
	case []any:
		for _, x := range v {
			list = append(list, texts(x)...)
		}
	}
	return list
}

func TestCodeComesFromABucketWithTheCallersRights(t *testing.T) {
	w := open(t, sandbox.Options{})
	_, err := w.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("deploy"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}})
	w.must(err)
	zip := script(t)
	_, err = w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("deploy"), Key: aws.String("f.zip"), Body: bytes.NewReader(zip)})
	w.must(err)
	in := input(nil)
	in.Code = &types.FunctionCode{S3Bucket: aws.String("deploy"), S3Key: aws.String("f.zip")}
	rights := may + `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}`
	_, err = w.user("blind", rights).CreateFunction(ctx, in)
	w.refused(err, "AccessDeniedException", "deploy/f.zip", "S3 Error Code: AccessDenied")
	made, err := w.user("reader", rights+`,{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::deploy/f.zip"}`).CreateFunction(ctx, in)
	w.must(err)
	if made.CodeSize != int64(len(zip)) {
		t.Errorf("code of %d bytes, want %d", made.CodeSize, len(zip))
	}
}

func TestPermissionsDecideWhoInvokes(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.create(input(script(t)))
	name, sid := aws.String("f"), aws.String("friend")
	other, err := w.sb.RootCredentials("222233334444")
	w.must(err)
	stranger := lambda.NewFromConfig(w.sb.Config(other))
	dry := func() error {
		_, err := stranger.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(fARN), InvocationType: types.InvocationTypeDryRun})
		return err
	}
	w.refused(dry(), "AccessDeniedException", "lambda:InvokeFunction")
	_, err = w.fn.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: name})
	w.refused(err, "ResourceNotFoundException")
	add := &lambda.AddPermissionInput{FunctionName: name, StatementId: sid, Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("222233334444")}
	_, err = w.fn.AddPermission(ctx, add)
	w.must(err)
	w.must(dry())
	_, err = w.fn.AddPermission(ctx, add)
	w.refused(err, "ResourceConflictException", "friend")
	got, err := w.fn.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: name})
	w.must(err)
	if want := `{"Id":"default","Statement":[{"Action":"lambda:InvokeFunction","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222233334444:root"},"Resource":"` + fARN + `","Sid":"friend"}],"Version":"2012-10-17"}`; *got.Policy != want {
		t.Errorf("policy %s, want %s", *got.Policy, want)
	}
	// A permission of the function is none of its versions.
	_, err = w.fn.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name})
	w.must(err)
	_, err = stranger.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(fARN + ":1"), InvocationType: types.InvocationTypeDryRun})
	w.refused(err, "AccessDeniedException")
	_, err = w.fn.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: name, StatementId: aws.String("nobody")})
	w.refused(err, "ResourceNotFoundException", "nobody")
	_, err = w.fn.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: name, StatementId: sid})
	w.must(err)
	w.refused(dry(), "AccessDeniedException")
	for _, tt := range []struct{ principal, code string }{{"somebody", "InvalidParameterValueException"}, {"arn:aws:iam::" + account + ":user/nobody", "InvalidParameterValueException"}} {
		_, err = w.fn.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: name, StatementId: sid, Action: aws.String("lambda:InvokeFunction"), Principal: &tt.principal})
		w.refused(err, tt.code, "principal")
	}
	// Who adds a permission can be bound to whom.
	adder := w.user("adder", `{"Effect":"Allow","Action":"lambda:AddPermission","Resource":"*","Condition":{"StringEquals":{"lambda:Principal":"sns.amazonaws.com"}}}`)
	_, err = adder.AddPermission(ctx, add)
	w.refused(err, "AccessDeniedException", "lambda:AddPermission")
	add.Principal = aws.String("sns.amazonaws.com")
	_, err = adder.AddPermission(ctx, add)
	w.must(err)
}

// What is there after a restart is what was there before, policies and code included.
func TestFunctionsOutliveTheSandbox(t *testing.T) {
	dir := t.TempDir()
	first, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	cfg := first.Config(first.Credentials())
	w := &world{T: t, sb: first, fn: lambda.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg)}
	w.role("function", "lambda.amazonaws.com")
	w.create(input(script(t)))
	_, err = w.fn.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: aws.String("f"), StatementId: aws.String("s"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("222233334444")})
	w.must(err)
	w.must(first.Close())

	second, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir, RunFunctions: true})
	w.must(err)
	defer second.Close()
	other, err := second.RootCredentials("222233334444")
	w.must(err)
	out, err := lambda.NewFromConfig(second.Config(other)).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(fARN)})
	w.must(err)
	if out.StatusCode != http.StatusOK || !strings.Contains(string(out.Payload), "exit status 7") {
		t.Errorf("%d %s", out.StatusCode, out.Payload)
	}
}
