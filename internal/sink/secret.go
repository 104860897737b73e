package sink

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// Secret is a text that no formatter, encoder or logger shows. The zero value is no
// secret.
type Secret struct{ value string }

// NewSecret wraps a secret.
func NewSecret(s string) Secret { return Secret{s} }

const hidden = "(secret)"

// String hides the secret.
func (Secret) String() string { return hidden }

// GoString hides it from %#v.
func (Secret) GoString() string { return hidden }

// Format hides it from every other verb, which would reach into the struct.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// MarshalText hides it from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides it from log/slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.value == "" }

// comparing holds a key of this process: hashes under it have one length and mean
// nothing to anybody else, so comparing them tells nothing of what was hashed.
var comparing = func() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}()

// matches reports whether the text is the secret, in a time that depends on the
// length of the text alone. No secret matches nothing.
func (s Secret) matches(text string) bool {
	if s.IsZero() {
		return false
	}
	return hmac.Equal(digest(s.value), digest(text))
}

func digest(s string) []byte {
	h := hmac.New(sha256.New, comparing)
	_, _ = h.Write([]byte(s)) // a hash never fails
	return h.Sum(nil)
}

// Secrets is what the SSM parameters hold.
type Secrets struct {
	// PushoverToken and PushoverUser are both zero if Pushover is not used.
	PushoverToken, PushoverUser Secret
	// NtfyTopic is never zero; NtfyToken may be: publish without one.
	NtfyTopic, NtfyToken Secret
	// Shared is what HTTP callers must know. Zero: no caller is let in by it.
	Shared Secret
}

// redact removes every secret from a text that came back from a server.
func (s Secrets) redact(text string) string {
	for _, v := range []Secret{s.PushoverToken, s.PushoverUser, s.NtfyTopic, s.NtfyToken, s.Shared} {
		if !v.IsZero() {
			text = strings.ReplaceAll(text, v.value, hidden)
		}
	}
	return text
}

// Parameters is the part of the SSM client that ReadSecrets needs.
type Parameters interface {
	GetParameters(context.Context, *ssm.GetParametersInput, ...func(*ssm.Options)) (*ssm.GetParametersOutput, error)
}

var (
	pushoverKey = regexp.MustCompile(`^[A-Za-z0-9]+$`)   // and 30 characters
	ntfyTopic   = regexp.MustCompile(`^[-_A-Za-z0-9]+$`) // and at most 64
)

// ReadSecrets reads all parameters that the configuration names, in one call. A
// parameter that is missing, is no SecureString or cannot be what it is for is a
// diagnostic that names it and its variable, never its value.
//
// Source: Pushover "Message API", tokens and keys are 30 letters and digits; ntfy
// "Publishing", topic names.
func ReadSecrets(ctx context.Context, client Parameters, c Config) (Secrets, error) {
	s := Secrets{NtfyTopic: NewSecret(c.NtfyTopic)}
	wanted := []struct {
		variable, name string
		into           *Secret
		rule           string
		ok             func(string) bool
	}{
		{"SINK_PUSHOVER_TOKEN_PARAMETER", c.PushoverTokenParameter, &s.PushoverToken, "a Pushover application token has 30 letters and digits", isPushoverKey},
		{"SINK_PUSHOVER_USER_PARAMETER", c.PushoverUserParameter, &s.PushoverUser, "a Pushover user or group key has 30 letters and digits", isPushoverKey},
		{"SINK_NTFY_TOPIC_PARAMETER", c.NtfyTopicParameter, &s.NtfyTopic, "an ntfy topic has 1 to 64 of A-Z a-z 0-9 _ -", isNtfyTopic},
		{"SINK_NTFY_TOKEN_PARAMETER", c.NtfyTokenParameter, &s.NtfyToken, "an ntfy token is one word", func(v string) bool { return !strings.ContainsFunc(v, unicode.IsSpace) }},
		{"SINK_SECRET_PARAMETER", c.SecretParameter, &s.Shared, "a shared secret has 16 characters or more", func(v string) bool { return len(v) >= 16 }},
	}
	var names []string
	for _, w := range wanted {
		if w.name != "" && !slices.Contains(names, w.name) {
			names = append(names, w.name)
		}
	}
	if len(names) == 0 {
		return s, nil
	}
	out, err := client.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(true)})
	if err != nil {
		return Secrets{}, &diag.Diagnostic{Rule: "sink-secrets", Summary: "the secrets cannot be read from SSM: " + awsReason(err), Found: strings.Join(names, ", "),
			Fix: "allow ssm:GetParameters on these parameters and kms:Decrypt on their key to this program's role, and set AWS_REGION to where they are", Err: err}
	}
	var wrong diag.List
	for _, w := range wanted {
		if w.name == "" {
			continue
		}
		bad := func(summary, fix string) {
			wrong = append(wrong, &diag.Diagnostic{Rule: "sink-secrets", Summary: summary, Found: w.variable + "=" + w.name, Fix: fix})
		}
		p := named(out.Parameters, w.name)
		if p == nil {
			bad("there is no such SSM parameter", "aws ssm put-parameter --type SecureString --name "+w.name+" --value file://FILE")
			continue
		}
		if p.Type != types.ParameterTypeSecureString {
			bad("the parameter is a "+string(p.Type)+", which anyone who may read parameters can see", "store it with --type SecureString, and change the secret: it was in the clear")
			continue
		}
		v := strings.TrimSpace(aws.ToString(p.Value))
		if v == "" || strings.ContainsFunc(v, unicode.IsControl) || !w.ok(v) {
			bad("the parameter's value cannot be right: "+w.rule, "put the right value into the parameter")
			continue
		}
		*w.into = NewSecret(v)
	}
	if err := wrong.Err(); err != nil {
		return Secrets{}, err
	}
	return s, nil
}

func isPushoverKey(v string) bool { return len(v) == 30 && pushoverKey.MatchString(v) }

func isNtfyTopic(v string) bool { return len(v) <= 64 && ntfyTopic.MatchString(v) }

// named finds the parameter that was asked for by name or ARN, with or without a
// ":version" or ":label" behind it.
// Source: Systems Manager API Reference, GetParameters and Parameter.
func named(all []types.Parameter, name string) *types.Parameter {
	for i := range all {
		for _, base := range []*string{all[i].Name, all[i].ARN} {
			if b := aws.ToString(base); b != "" && (b == name || b+aws.ToString(all[i].Selector) == name) {
				return &all[i]
			}
		}
	}
	return nil
}

// awsReason is an AWS error without the request and its addresses.
func awsReason(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return plain(api.ErrorCode()+": "+api.ErrorMessage(), 300)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return plain(err.Error(), 300)
}
