package iam

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// otherCredentialRows list the kinds of credentials that no user of the sandbox
// has, because the operations that make them are not implemented: SSH keys,
// signing certificates, service-specific credentials. Whoever removes a user
// asks for them all.
func (s *Service) otherCredentialRows() []op.Row {
	return []op.Row{
		read("ListSSHPublicKeys", "UserName Marker MaxItems",
			onSelf(s, "ListSSHPublicKeys", func(in *iam.ListSSHPublicKeysInput) *string { return in.UserName }),
			func(c *op.Call, in *iam.ListSSHPublicKeysInput) (*iam.ListSSHPublicKeysOutput, error) {
				_, _, err := s.holder(c, in.UserName)
				return &iam.ListSSHPublicKeysOutput{SSHPublicKeys: []types.SSHPublicKeyMetadata{}}, err
			}),
		read("ListSigningCertificates", "UserName Marker MaxItems",
			onSelf(s, "ListSigningCertificates", func(in *iam.ListSigningCertificatesInput) *string { return in.UserName }),
			func(c *op.Call, in *iam.ListSigningCertificatesInput) (*iam.ListSigningCertificatesOutput, error) {
				_, _, err := s.holder(c, in.UserName)
				return &iam.ListSigningCertificatesOutput{Certificates: []types.SigningCertificate{}}, err
			}),
		read("ListServiceSpecificCredentials", "UserName Marker MaxItems ServiceName",
			onSelf(s, "ListServiceSpecificCredentials", func(in *iam.ListServiceSpecificCredentialsInput) *string { return in.UserName }),
			func(c *op.Call, in *iam.ListServiceSpecificCredentialsInput) (*iam.ListServiceSpecificCredentialsOutput, error) {
				_, _, err := s.holder(c, in.UserName)
				return &iam.ListServiceSpecificCredentialsOutput{ServiceSpecificCredentials: []types.ServiceSpecificCredentialMetadata{}}, err
			}),
	}
}
