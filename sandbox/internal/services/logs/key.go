package logs

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) keyRows() []op.Row {
	return []op.Row{
		op.New("AssociateKmsKey", "CloudWatch Logs API_AssociateKmsKey", op.Write,
			func(c *op.Call, in *sdk.AssociateKmsKeyInput) ([]op.Check, error) {
				name, err := keyed(c, in.LogGroupName, in.ResourceIdentifier)
				if err != nil {
					return nil, err
				}
				checks := []op.Check{{Action: "logs:AssociateKmsKey", Resource: s.resource(owner(c), c.Region, name)}}
				return s.withKey(c, checks, &group{Name: name, Account: owner(c), Region: c.Region}, in.KmsKeyId)
			},
			func(c *op.Call, in *sdk.AssociateKmsKeyInput) (*sdk.AssociateKmsKeyOutput, error) {
				if in.KmsKeyId == nil {
					return nil, constraint("null", "kmsKeyId", "Member must not be null")
				}
				return &sdk.AssociateKmsKeyOutput{}, s.rekey(c, in.LogGroupName, in.ResourceIdentifier, in.KmsKeyId)
			}),
		op.New("DisassociateKmsKey", "CloudWatch Logs API_DisassociateKmsKey", op.Write,
			func(c *op.Call, in *sdk.DisassociateKmsKeyInput) ([]op.Check, error) {
				name, err := keyed(c, in.LogGroupName, in.ResourceIdentifier)
				return []op.Check{{Action: "logs:DisassociateKmsKey", Resource: s.resource(owner(c), c.Region, name)}}, err
			},
			func(c *op.Call, in *sdk.DisassociateKmsKeyInput) (*sdk.DisassociateKmsKeyOutput, error) {
				return &sdk.DisassociateKmsKeyOutput{}, s.rekey(c, in.LogGroupName, in.ResourceIdentifier, nil)
			}),
	}
}

// keyed is the group whose key is changed.
func keyed(c *op.Call, name, identifier *string) (string, error) {
	if strings.HasSuffix(text(identifier), ":query-result:*") {
		return "", invalid("the sandbox does not implement keys of query results (resourceIdentifier)")
	}
	return named(c, name, identifier)
}

func (s *Service) rekey(c *op.Call, name, identifier, key *string) error {
	g, err := s.existing(c, name, identifier)
	if err != nil {
		return err
	}
	own := *g
	own.Key = ""
	if err := s.setKey(c, &own, key); err != nil {
		return err
	}
	s.groups.Put(own.key(), &own)
	return nil
}

// encryptionContext is that of the group's events.
// Source: CloudWatch Logs User Guide "Encrypt log data in CloudWatch Logs using AWS Key
// Management Service".
func (g *group) encryptionContext() map[string]string {
	return map[string]string{"aws:logs:arn": g.arn()}
}

// principal is CloudWatch Logs before a key. No request of its has aws:SourceArn: the
// page's key policies have the encryption context in its place, and that it carries
// more is not documented.
func (g *group) principal() *op.Caller {
	return &op.Caller{Principal: policy.Principal{Type: policy.Service, ARN: "logs." + g.Region + ".amazonaws.com"}}
}

// ask is what CloudWatch Logs itself must be allowed on a key of the group.
func (s *Service) ask(c *op.Call, g *group, key, action string) (op.Check, error) {
	own := *c
	own.Caller, own.Secure, own.Region = g.principal(), true, g.Region
	check, err := s.keys.Check(&own, action, key, g.encryptionContext(), "")
	check.Caller = own.Caller
	check.OnDeny = noKey(g)
	return check, err
}

// noKey is the refusal that users report for a key whose policy does not admit
// CloudWatch Logs.
func noKey(g *group) *op.Error {
	return fault("AccessDeniedException", "The specified KMS key does not exist or is not allowed to be used with LogGroup '%s'", g.arn())
}

// withKey adds what the key of a new association must allow: that which the events will
// need. The page has the policy allow kms:Encrypt, kms:Decrypt, kms:ReEncrypt*,
// kms:GenerateDataKey* and kms:Describe*; which of them AWS tries is not documented.
func (s *Service) withKey(c *op.Call, checks []op.Check, g *group, key *string) ([]op.Check, error) {
	if key == nil {
		return checks, nil
	}
	if !keyARN(g, *key) {
		return checks, nil // setKey says why, to those who may ask
	}
	for _, action := range []string{"kms:GenerateDataKey", "kms:Decrypt"} {
		check, err := s.ask(c, g, *key, action)
		if err != nil {
			return checks, nil // as above
		}
		checks = append(checks, check)
	}
	return checks, nil
}

// keyARN reports a key's ARN in the group's region.
func keyARN(g *group, key string) bool {
	part := strings.SplitN(key, ":", 6)
	return len(part) == 6 && part[0] == "arn" && part[1] == "aws" && part[2] == "kms" && part[3] == g.Region && strings.HasPrefix(part[5], "key/")
}

// setKey associates the key with a group that is not put yet; nil: none. It must be
// there, symmetric and enabled.
// Source: CloudWatch Logs API_AssociateKmsKey.
func (s *Service) setKey(c *op.Call, g *group, key *string) error {
	if key == nil {
		return nil
	}
	if !keyARN(g, *key) {
		return invalid("The specified KMS Key Id '%s' is not the ARN of a KMS key in %s", *key, g.Region)
	}
	arn, err := s.keys.KeyARN(g.Account, g.Region, *key)
	if err == nil {
		_, _, err = s.keys.GenerateDataKey(c, arn, g.encryptionContext())
	}
	if err != nil {
		return invalid("The specified KMS Key Id could not be found, is disabled, or is not a symmetric key: %s", reason(err))
	}
	g.Key = arn
	return nil
}

func reason(err error) string {
	var e *op.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "it cannot be used"
}

// sealer encrypts the messages of one request under the group's key.
type sealer struct {
	aead cipher.AEAD // nil: the group has no key
	blob []byte
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// sealer returns the group's. That a key which cannot be used any more refuses new
// events, and with this code, is not documented.
func (s *Service) sealer(c *op.Call, g *group) (*sealer, error) {
	if g.Key == "" {
		return &sealer{}, nil
	}
	plain, blob, err := s.keys.GenerateDataKey(c, g.Key, g.encryptionContext())
	if err != nil {
		return nil, noKey(g)
	}
	aead, err := newAEAD(plain)
	return &sealer{aead, blob}, err
}

func (x *sealer) seal(random io.Reader, at, message string) ([]byte, error) {
	if x.aead == nil {
		return []byte(message), nil
	}
	nonce := make([]byte, x.aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, err
	}
	return x.aead.Seal(nonce, nonce, []byte(message), []byte(at)), nil
}

// opener decrypts the messages of one request, each data key once.
type opener struct {
	s    *Service
	c    *op.Call
	g    *group
	open map[string]cipher.AEAD
}

func (o *opener) message(at string, e *event) (string, error) {
	if e.Key == "" {
		return string(e.Body), nil
	}
	aead := o.open[string(e.Blob)]
	if aead == nil {
		plain, err := o.s.keys.Decrypt(o.c, e.Key, e.Blob, o.g.encryptionContext())
		if err != nil {
			return "", noKey(o.g) // "your encrypted data [...] can no longer be retrieved"
		}
		if aead, err = newAEAD(plain); err != nil {
			return "", err
		}
		if o.open == nil {
			o.open = map[string]cipher.AEAD{}
		}
		o.open[string(e.Blob)] = aead
	}
	n := aead.NonceSize()
	if len(e.Body) < n {
		return "", io.ErrUnexpectedEOF
	}
	plain, err := aead.Open(nil, e.Body[:n], e.Body[n:], []byte(at))
	return string(plain), err
}
