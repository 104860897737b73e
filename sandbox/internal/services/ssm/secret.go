package ssm

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// defaultKey encrypts where no key is named.
const defaultKey = "alias/aws/ssm"

// encryptionContext is what Parameter Store binds a value to.
// Source: KMS Developer Guide "How AWS Systems Manager Parameter Store uses AWS KMS",
// Parameter Store encryption context.
func encryptionContext(account, region, name string) map[string]string {
	return map[string]string{"PARAMETER_ARN": parameterARN(account, region, name)}
}

// keyCheck is what the caller must be allowed at KMS.
func (s *Service) keyCheck(c *op.Call, action, account, name, keyARN string) (op.Check, error) {
	via := "ssm." + c.Region + ".amazonaws.com"
	if c.Caller.Principal.Type == policy.Service {
		via = "" // a service uses the key as itself
	}
	check, err := s.keys.Check(c, action, keyARN, encryptionContext(account, c.Region, name), via)
	return check, keyError(err)
}

// keyError is KMS's error as Parameter Store has it.
// Source: API Reference PutParameter and GetParameter, InvalidKeyId.
func keyError(err error) error {
	var e *op.Error
	if errors.As(err, &e) {
		return fail("InvalidKeyId", "%s", e.Message)
	}
	return err
}

// chooseKey sets the key of a SecureString.
func (s *Service) chooseKey(c *op.Call, v, old *version, id *string) (err error) {
	if v.Type != types.ParameterTypeSecureString {
		if id != nil {
			return invalid("KeyId is required for SecureString type parameter only.")
		}
		return nil
	}
	switch {
	case text(id) != "":
		v.KeyID = *id
	case old != nil && old.KeyID != "":
		v.KeyID = old.KeyID
	default:
		v.KeyID = defaultKey
	}
	if v.KeyID == defaultKey {
		v.KeyARN, err = s.keys.AWSManagedKey(c.Caller.Account, c.Region, "ssm")
	} else {
		v.KeyARN, err = s.keys.KeyARN(c.Caller.Account, c.Region, v.KeyID)
	}
	return keyError(err)
}

// seal encrypts the value of a SecureString.
func (s *Service) seal(c *op.Call, p *parameter, v *version) (err error) {
	if v.Type != types.ParameterTypeSecureString {
		return nil
	}
	plain := []byte(v.Value)
	v.Value = ""
	bound := encryptionContext(p.Account, p.Region, p.Name)
	if v.Tier != types.ParameterTierAdvanced {
		v.Sealed, err = s.keys.Encrypt(c, v.KeyARN, plain, bound)
		return keyError(err)
	}
	key, blob, err := s.keys.GenerateDataKey(c, v.KeyARN, bound)
	if err != nil {
		return keyError(err)
	}
	gcm, err := aead(key)
	if err != nil {
		return err
	}
	nonce := make([]byte, gcm.NonceSize())
	if _, err := io.ReadFull(c.Rand, nonce); err != nil {
		return err
	}
	v.DataKey, v.Sealed = blob, gcm.Seal(nonce, nonce, plain, []byte(p.arn()))
	return nil
}

// reveal is the value as the caller is told it: without decryption, a SecureString's
// ciphertext.
func (s *Service) reveal(c *op.Call, p *parameter, v *version, decrypt bool) (string, error) {
	if v.Type != types.ParameterTypeSecureString {
		return v.Value, nil
	}
	if !decrypt {
		return base64.StdEncoding.EncodeToString(append(append([]byte(nil), v.DataKey...), v.Sealed...)), nil
	}
	bound := encryptionContext(p.Account, p.Region, p.Name)
	if v.DataKey == nil {
		plain, err := s.keys.Decrypt(c, v.KeyARN, v.Sealed, bound)
		return string(plain), keyError(err)
	}
	key, err := s.keys.Decrypt(c, v.KeyARN, v.DataKey, bound)
	if err != nil {
		return "", keyError(err)
	}
	gcm, err := aead(key)
	if err != nil {
		return "", err
	}
	if len(v.Sealed) < gcm.NonceSize() {
		return "", errors.New("a sealed value is cut short")
	}
	plain, err := gcm.Open(nil, v.Sealed[:gcm.NonceSize()], v.Sealed[gcm.NonceSize():], []byte(p.arn()))
	return string(plain), err
}

func aead(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// decryptCheck is what a reader of the version must be allowed besides; none if its value
// is not decrypted.
func (s *Service) decryptCheck(c *op.Call, p *parameter, v *version, decrypt *bool) ([]op.Check, error) {
	if v.Type != types.ParameterTypeSecureString || decrypt == nil || !*decrypt {
		return nil, nil
	}
	check, err := s.keyCheck(c, "kms:Decrypt", p.Account, p.Name, v.KeyARN)
	return []op.Check{check}, err
}
