package ssm_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Without decryption a standard SecureString is KMS's own ciphertext: KMS opens it with the
// documented encryption context, and with no other.
func TestASecureStringIsKMSCiphertext(t *testing.T) {
	w := open(t)
	key := w.key("room")
	w.put("/room/token", "hush", types.ParameterTypeSecureString, func(in *ssm.PutParameterInput) { in.KeyId = aws.String("alias/room") })
	if v := w.value("/room/token"); v != "hush" {
		t.Errorf("value %q", v)
	}
	sealed, err := get(w.ssm, "/room/token", false)
	w.must(err)
	blob, err := base64.StdEncoding.DecodeString(*sealed.Value)
	w.must(err)
	open, err := w.kms.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: symmetricContext("/room/token")})
	w.must(err)
	if string(open.Plaintext) != "hush" || *open.KeyId != key {
		t.Errorf("%q under %s", open.Plaintext, *open.KeyId)
	}
	_, err = w.kms.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: symmetricContext("/room/other")})
	w.refused(err, "InvalidCiphertextException", "")
	w.disable(key)
	_, err = get(w.ssm, "/room/token", true)
	w.refused(err, "InvalidKeyId", "disabled")
}

// Whoever reads a SecureString needs kms:Decrypt, through SSM and for this parameter; an
// explicit way to the parameter is not enough, and neither is one to the key.
func TestReadersNeedTheKey(t *testing.T) {
	w := open(t)
	key := w.key("room")
	for _, tier := range []types.ParameterTier{types.ParameterTierStandard, types.ParameterTierAdvanced} {
		name := "/room/" + string(tier)
		w.put(name, "hush", types.ParameterTypeSecureString, func(in *ssm.PutParameterInput) { in.KeyId, in.Tier = &key, tier })
		read := `{"Effect":"Allow","Action":"ssm:GetParameter*","Resource":"*"}`
		decrypt := func(condition string) string {
			return `,{"Effect":"Allow","Action":"kms:Decrypt","Resource":"` + key + `"` + condition + `}`
		}
		for user, tt := range map[string]struct{ statements, refused string }{
			"no-key":    {read, "kms:Decrypt"},
			"key-only":  {strings.TrimPrefix(decrypt(""), ","), "ssm:GetParameter"},
			"both":      {read + decrypt(""), ""},
			"via-ssm":   {read + decrypt(`,"Condition":{"StringEquals":{"kms:ViaService":"ssm.`+region+`.amazonaws.com"}}`), ""},
			"via-s3":    {read + decrypt(`,"Condition":{"StringEquals":{"kms:ViaService":"s3.`+region+`.amazonaws.com"}}`), "kms:Decrypt"},
			"this-one":  {read + decrypt(`,"Condition":{"StringEquals":{"kms:EncryptionContext:PARAMETER_ARN":"`+prefix+name+`"}}`), ""},
			"other-one": {read + decrypt(`,"Condition":{"StringEquals":{"kms:EncryptionContext:PARAMETER_ARN":"`+prefix+`/other"}}`), "kms:Decrypt"},
		} {
			client := w.user(user+string(tier), tt.statements)
			p, err := get(client, name, true)
			if tt.refused != "" {
				w.refused(err, "AccessDeniedException", tt.refused)
				continue
			}
			w.must(err)
			if *p.Value != "hush" {
				t.Errorf("%s reads %q", user, *p.Value)
			}
			all, err := client.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/room"), WithDecryption: aws.Bool(true)})
			if user == "this-one" && tier == types.ParameterTierAdvanced { // the other parameter is in the page
				w.refused(err, "AccessDeniedException", "kms:Decrypt")
			} else if w.must(err); *all.Parameters[0].Value != "hush" {
				t.Errorf("%s reads %+v", user, all.Parameters)
			}
		}
		// The ciphertext takes no key.
		if _, err := get(w.user("sealed"+string(tier), read), name, false); err != nil {
			t.Error(err)
		}
	}
}

func TestWritersNeedTheKey(t *testing.T) {
	w := open(t)
	key := w.key("room")
	write := `{"Effect":"Allow","Action":"ssm:PutParameter","Resource":"` + prefix + `/room/*"}`
	grant := func(action string) string {
		return write + `,{"Effect":"Allow","Action":"kms:` + action + `","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"ssm.` + region + `.amazonaws.com"}}}`
	}
	encrypt, generate := w.user("encrypt", grant("Encrypt")), w.user("generate", grant("GenerateDataKey"))
	put := func(client *ssm.Client, name string, tier types.ParameterTier) error {
		_, err := client.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: aws.String("hush"), Type: types.ParameterTypeSecureString, KeyId: &key, Tier: tier})
		return err
	}
	w.must(put(encrypt, "/room/standard", types.ParameterTierStandard))
	w.refused(put(encrypt, "/room/advanced", types.ParameterTierAdvanced), "AccessDeniedException", "kms:GenerateDataKey")
	w.must(put(generate, "/room/advanced", types.ParameterTierAdvanced))
	w.refused(put(generate, "/room/another", types.ParameterTierStandard), "AccessDeniedException", "kms:Encrypt")
	w.refused(put(encrypt, "/other/standard", types.ParameterTierStandard), "AccessDeniedException", "ssm:PutParameter")
	if v := w.value("/room/advanced"); v != "hush" {
		t.Errorf("value %q", v)
	}
}

func TestTheDefaultKey(t *testing.T) {
	w := open(t)
	w.put("plain", "hush", types.ParameterTypeSecureString, nil)
	out, err := w.ssm.DescribeParameters(ctx, &ssm.DescribeParametersInput{})
	w.must(err)
	if len(out.Parameters) != 1 || *out.Parameters[0].KeyId != "alias/aws/ssm" {
		t.Errorf("%+v", out.Parameters)
	}
	k, err := w.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/aws/ssm")})
	w.must(err)
	if k.KeyMetadata.KeyManager != kmstypes.KeyManagerTypeAws {
		t.Errorf("%+v", k.KeyMetadata)
	}
	// The AWS managed key's policy lets the account's readers through SSM, and no others.
	if _, err := get(w.user("reader", `{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"*"}`), "plain", true); err != nil {
		t.Error(err)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	w := open(t)
	pair, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{KeySpec: signing, KeyUsage: kmstypes.KeyUsageTypeSignVerify})
	w.must(err)
	for _, id := range []string{"alias/none", "11111111-2222-3333-4444-555555555555", *pair.KeyMetadata.Arn} {
		_, err := w.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("p"), Value: aws.String("hush"), Type: types.ParameterTypeSecureString, KeyId: &id})
		w.refused(err, "InvalidKeyId", "")
	}
	_, err = w.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("p"), Value: aws.String("v"), Type: types.ParameterTypeString, KeyId: aws.String("alias/none")})
	w.refused(err, "ValidationException", "KeyId")
	_, err = get(w.ssm, "p", true)
	w.refused(err, "ParameterNotFound", "p")
}

// At rest and in the records of calls there is no value of a SecureString; a sandbox that
// is started again still opens it.
func TestSecretsStayOut(t *testing.T) {
	dir := t.TempDir()
	w := openAt(t, dir)
	for i, tier := range []types.ParameterTier{types.ParameterTierStandard, types.ParameterTierAdvanced} {
		w.put([]string{"/s", "/a"}[i], "correct-horse-battery", types.ParameterTypeSecureString, func(in *ssm.PutParameterInput) { in.Tier = tier })
	}
	_, err := w.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/n"), Value: aws.String("correct-horse-battery"), Type: types.ParameterTypeSecureString, AllowedPattern: aws.String("[0-9]+")})
	w.refused(err, "ParameterPatternMismatchException", "[0-9]+")
	if strings.Contains(err.Error(), "horse") {
		t.Error("an error holds the value")
	}
	for _, e := range w.sb.Events() {
		if strings.Contains(fmt.Sprint(e.RequestParameters, e.ResponseElements), "horse") {
			t.Errorf("the record of %s holds the value", e.EventName)
		}
	}
	w.must(w.sb.Close())
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, _ error) error {
		if raw, err := os.ReadFile(path); err == nil && strings.Contains(string(raw), "horse") {
			t.Errorf("%s holds the value", path)
		}
		return nil
	})
	w = openAt(t, dir)
	for _, name := range []string{"/s", "/a"} {
		if v := w.value(name); v != "correct-horse-battery" {
			t.Errorf("%s: %q", name, v)
		}
	}
}
