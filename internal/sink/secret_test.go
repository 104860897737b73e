package sink_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/sink"
	"github.com/strongroom-dev/strongroom/internal/sink/sinktest"
)

// parameters answers like SSM, by name.
type parameters map[string]struct {
	value string
	kind  types.ParameterType
}

func (p parameters) GetParameters(_ context.Context, in *ssm.GetParametersInput, _ ...func(*ssm.Options)) (*ssm.GetParametersOutput, error) {
	if !aws.ToBool(in.WithDecryption) || len(in.Names) == 0 || len(in.Names) > 10 {
		return nil, &smithy.GenericAPIError{Code: "ValidationException", Message: "names or decryption"}
	}
	out := &ssm.GetParametersOutput{}
	for _, name := range in.Names {
		v, ok := p[name]
		if !ok {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		if v.kind == "" {
			v.kind = types.ParameterTypeSecureString
		}
		out.Parameters = append(out.Parameters, types.Parameter{Name: &name, Type: v.kind, Value: &v.value, ARN: aws.String("arn:aws:ssm:eu-west-2:111122223333:parameter" + name)})
	}
	return out, nil
}

// refusing is an SSM that lets nobody in.
type refusing struct{ calls *int }

func (r refusing) GetParameters(context.Context, *ssm.GetParametersInput, ...func(*ssm.Options)) (*ssm.GetParametersOutput, error) {
	*r.calls++
	return nil, &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no identity-based policy allows the ssm:GetParameters action"}
}

func TestASecretIsShownByNothing(t *testing.T) {
	s := sink.NewSecret("s3cr3t-value")
	all := sink.Secrets{Shared: s, NtfyToken: s}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s, "all", all)
	shown := []string{string(b), log.String(), s.String(), s.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, all), fmt.Sprintf(verb, []sink.Secret{s}))
	}
	for _, text := range shown {
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, fmt.Sprintf("%x", "s3cr3t")) || strings.Contains(text, fmt.Sprintf("%X", "s3cr3t")) {
			t.Errorf("shown: %s", text)
		}
	}
	if !slices.Contains(shown, "(secret)") || s.IsZero() || !(sink.Secret{}).IsZero() {
		t.Errorf("%q", shown)
	}
}

func TestSecretsAreReadOnceAndChecked(t *testing.T) {
	config := func(extra ...string) sink.Config {
		t.Helper()
		c, err := sink.FromEnvironment(append([]string{"SINK_NTFY_TOPIC_PARAMETER=/s/topic", "SINK_PUSHOVER_TOKEN_PARAMETER=/s/token", "SINK_PUSHOVER_USER_PARAMETER=/s/user", "SINK_NTFY_TOKEN_PARAMETER=/s/ntfy"}, extra...))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	right := func() parameters {
		return parameters{"/s/topic": {value: sinktest.NtfyTopic}, "/s/token": {value: sinktest.PushoverToken + "\n"}, "/s/user": {value: sinktest.PushoverUser}, "/s/ntfy": {value: sinktest.NtfyToken}, "/s/secret": {value: shared}}
	}
	s, err := sink.ReadSecrets(t.Context(), right(), config("SINK_SECRET_PARAMETER=arn:aws:ssm:eu-west-2:111122223333:parameter/s/secret"))
	if err == nil || !strings.Contains(err.Error(), "no such SSM parameter") {
		t.Errorf("the fake knows no ARNs: %+v, %v", s, err)
	}
	s, err = sink.ReadSecrets(t.Context(), right(), config("SINK_SECRET_PARAMETER=/s/secret"))
	if err != nil || s.PushoverToken.IsZero() || s.PushoverUser.IsZero() || s.NtfyTopic.IsZero() || s.NtfyToken.IsZero() || s.Shared.IsZero() {
		t.Fatalf("%v", err)
	}
	const wrong = "too-short-leak"
	for name, change := range map[string]func(parameters){
		"/s/token":  func(p parameters) { p["/s/token"] = parameters{"": {value: wrong}}[""] },
		"/s/user":   func(p parameters) { p["/s/user"] = parameters{"": {value: wrong}}[""] },
		"/s/topic":  func(p parameters) { p["/s/topic"] = parameters{"": {value: wrong + "/x"}}[""] },
		"/s/ntfy":   func(p parameters) { p["/s/ntfy"] = parameters{"": {value: wrong + " x"}}[""] },
		"/s/secret": func(p parameters) { p["/s/secret"] = parameters{"": {value: wrong}}[""] },
	} {
		p := right()
		change(p)
		s, err := sink.ReadSecrets(t.Context(), p, config("SINK_SECRET_PARAMETER=/s/secret"))
		if err == nil || strings.Contains(err.Error(), wrong) || !strings.Contains(fmt.Sprintf("%+v", err), "cannot be right") || !s.Shared.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for kind, want := range map[types.ParameterType]string{types.ParameterTypeString: "is a String", types.ParameterTypeStringList: "is a StringList"} {
		p := right()
		p["/s/secret"] = parameters{"": {value: shared, kind: kind}}[""]
		if _, err := sink.ReadSecrets(t.Context(), p, config("SINK_SECRET_PARAMETER=/s/secret")); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), shared) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	calls := 0
	if _, err := sink.ReadSecrets(t.Context(), refusing{&calls}, config()); err == nil || !strings.Contains(err.Error(), "AccessDeniedException") || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	plain, err := sink.FromEnvironment([]string{"SINK_NTFY_TOPIC=open"})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := sink.ReadSecrets(t.Context(), refusing{&calls}, plain); err != nil || calls != 1 || s.NtfyTopic.IsZero() {
		t.Errorf("nothing to read, but %d calls, %v", calls, err)
	}
}
