package ec2

import (
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// defaults are an account's settings for new volumes in one region.
type defaults struct {
	Encrypt bool
	// Key is the default key as it was named; empty: the AWS managed key.
	Key string
}

// managedAlias is how EC2 calls the AWS managed key.
const managedAlias = "alias/aws/ebs"

type dryInput struct{ DryRun *bool }

type modifyKeyInput struct {
	DryRun   *bool
	KmsKeyId *string
}

type encryptionOutput struct{ EbsEncryptionByDefault *bool }

type getEncryptionOutput struct {
	EbsEncryptionByDefault *bool
	SseType                *string
}

type keyOutput struct{ KmsKeyId *string }

// anywhere is the check of an operation without resource types.
func anywhere(c *op.Call, action string) []op.Check {
	return []op.Check{{
		Action: "ec2:" + action, Resource: op.Resource{ARN: "*", Account: c.Caller.Account},
		Context: []op.Key{op.Single("ec2:Region", c.Region)},
	}}
}

func asks[In any](action string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, _ *In) ([]op.Check, error) { return anywhere(c, action), nil }
}

func (s *Service) defaultRows() []op.Row {
	encrypt := func(name string, on bool) op.Row {
		return op.New(name, "EC2 API_"+name, op.Write, asks[dryInput](name),
			func(c *op.Call, in *dryInput) (*encryptionOutput, error) {
				if err := dry(in.DryRun); err != nil {
					return nil, err
				}
				d := s.defaultsOf(c.Caller.Account, c.Region)
				d.Encrypt = on
				s.defaults.Put(place(c.Caller.Account, c.Region), &d)
				return &encryptionOutput{&on}, nil
			})
	}
	return []op.Row{
		encrypt("EnableEbsEncryptionByDefault", true),
		encrypt("DisableEbsEncryptionByDefault", false),
		op.New("GetEbsEncryptionByDefault", "EC2 API_GetEbsEncryptionByDefault", op.Read, asks[dryInput]("GetEbsEncryptionByDefault"), s.getEncryption),
		op.New("GetEbsDefaultKmsKeyId", "EC2 API_GetEbsDefaultKmsKeyId", op.Read, asks[dryInput]("GetEbsDefaultKmsKeyId"), s.getKey),
		op.New("ModifyEbsDefaultKmsKeyId", "EC2 API_ModifyEbsDefaultKmsKeyId", op.Write, asks[modifyKeyInput]("ModifyEbsDefaultKmsKeyId"), s.modifyKey),
		op.New("ResetEbsDefaultKmsKeyId", "EC2 API_ResetEbsDefaultKmsKeyId", op.Write, asks[dryInput]("ResetEbsDefaultKmsKeyId"), s.resetKey),
	}
}

func (s *Service) defaultsOf(account, region string) defaults {
	if d := s.defaults.Get(place(account, region)); d != nil {
		return *d
	}
	return defaults{}
}

func (s *Service) getEncryption(c *op.Call, in *dryInput) (*getEncryptionOutput, error) {
	if err := dry(in.DryRun); err != nil {
		return nil, err
	}
	d := s.defaultsOf(c.Caller.Account, c.Region)
	out := &getEncryptionOutput{EbsEncryptionByDefault: &d.Encrypt}
	if d.Encrypt {
		out.SseType = new("sse-kms")
	}
	return out, nil
}

func (s *Service) getKey(c *op.Call, in *dryInput) (*keyOutput, error) {
	if err := dry(in.DryRun); err != nil {
		return nil, err
	}
	return &keyOutput{new(s.defaultKey(c.Caller.Account, c.Region))}, nil
}

func (s *Service) defaultKey(account, region string) string {
	if d := s.defaultsOf(account, region); d.Key != "" {
		return d.Key
	}
	return managedAlias
}

// modifyKey takes any key that there is. AWS checks the key later and lets the
// call pass; a name that leads nowhere is refused here, because nothing would
// ever tell.
// Source: EC2 API_ModifyEbsDefaultKmsKeyId: "Amazon Web Services authenticates the
// KMS key asynchronously".
func (s *Service) modifyKey(c *op.Call, in *modifyKeyInput) (*keyOutput, error) {
	if err := dry(in.DryRun); err != nil {
		return nil, err
	}
	if in.KmsKeyId == nil || *in.KmsKeyId == "" {
		return nil, op.Errorf(400, "MissingParameter", "The request must contain the parameter KmsKeyId")
	}
	arn, err := s.keys.KeyARN(c.Caller.Account, c.Region, *in.KmsKeyId)
	if err != nil {
		return nil, op.Errorf(400, "InvalidParameterValue", "The key that KmsKeyId names does not exist")
	}
	if parts := strings.Split(arn, ":"); parts[3] != c.Region {
		return nil, op.Errorf(400, "InvalidParameterValue", "The key that KmsKeyId names is in region %s, not in %s", parts[3], c.Region)
	}
	d := s.defaultsOf(c.Caller.Account, c.Region)
	d.Key = arn
	s.defaults.Put(place(c.Caller.Account, c.Region), &d)
	return &keyOutput{&arn}, nil
}

func (s *Service) resetKey(c *op.Call, in *dryInput) (*keyOutput, error) {
	if err := dry(in.DryRun); err != nil {
		return nil, err
	}
	d := s.defaultsOf(c.Caller.Account, c.Region)
	d.Key = ""
	s.defaults.Put(place(c.Caller.Account, c.Region), &d)
	return &keyOutput{new(managedAlias)}, nil
}
