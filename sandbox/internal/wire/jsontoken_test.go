package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// FuzzJSONSyntax compares with encoding/json: what decodes is JSON and means
// what it means there, and text that is no JSON does not decode.
func FuzzJSONSyntax(f *testing.F) {
	for _, s := range []string{
		`{}`, "\t{ \"KeyId\" :\r\n\"a\" , \"DryRun\":true}", `{"KeyId":"a\n\"\\\/\u00e9\ud83d\ude00\ud800x"}`, `{"Key\u0049d":"x"}`, `{"KeyId":"é😀"}`,
		`{"GrantTokens":[]}`, `{"GrantTokens":["a", null,"b"]}`, `{"EncryptionContext":{}}`, `{"EncryptionContext":{"a":"b","":null}}`, `{"Plaintext":"AA=="}`, `{"Plaintext":""}`,
		`{"DryRun":false,"KeyId":null}`, `null`, `{"KeyId":"a",}`, `{,}`, `{"KeyId" "a"}`, `{"KeyId":}`, `{"GrantTokens":["a",]}`, `{"GrantTokens":[,"a"]}`, `{"GrantTokens":["a" "b"]}`,
		`{"GrantTokens":["a"}`, `{"EncryptionContext":{"a":"b",}}`, `{"EncryptionContext":{"a":"b"]}`, `{"DryRun":truex}`, `{"DryRun":tru}`, `{"DryRun":nul}`, "{\"KeyId\":\"a\x00\"}",
		"{\"KeyId\":\"a\nb\"}", `{"KeyId":"\x"}`, `{"KeyId":"\`, `{"KeyId":"\u12"}`, `{"KeyId":"a`, `{"KeyId":"a"`, `{"KeyId":"a"}}`, `{"KeyId":"a"} x`, `{"KeyId":01}`, `{"KeyId":1e}`, "\x00", "{}\x00", `{'KeyId':'a'}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, want := &kms.EncryptInput{}, &kms.EncryptInput{}
		err := kmsProtocol.Decode(&op.Call{Body: []byte(body)}, "Encrypt", got)
		if strings.TrimSpace(body) == "" {
			return // an empty body is an empty object
		}
		if err != nil {
			return // our decoder is stricter about names and types; TestGoodJSON has what it must take
		}
		if err := json.Unmarshal([]byte(body), want); err != nil {
			t.Fatalf("decoded %q, which encoding/json refuses: %v", body, err)
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(*got)); d != "" {
			t.Errorf("%q (-encoding/json +ours):\n%s", body, d)
		}
	})
}

func TestGoodJSON(t *testing.T) {
	for body, want := range map[string]string{
		"\t{ \"KeyId\" :\r\n\"a\" , \"DryRun\":true , \"GrantTokens\":[ ] }\n": "a",
		`{"KeyId":"a\n\"\\\/\u00e9\ud83d\ude00"}`:                              "a\n\"\\/é😀",
		`{"Key\u0049d":"x"}`: "x",
		`{"KeyId":"é😀"}`:     "é😀",
		`{"EncryptionContext":{"a":"b","c":"\t"},"KeyId":"k","GrantTokens":["a","b"],"Plaintext":"QQ=="}`: "k",
	} {
		in := &kms.EncryptInput{}
		if err := kmsProtocol.Decode(&op.Call{Body: []byte(body)}, "Encrypt", in); err != nil {
			t.Errorf("%s: %v", body, err)
		} else if in.KeyId == nil || *in.KeyId != want {
			t.Errorf("%s: got %+v, want %q", body, in, want)
		}
	}
}
