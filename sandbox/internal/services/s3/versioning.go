package s3

import "github.com/strongroom-dev/strongroom/sandbox/internal/op"

type versioningConfig struct {
	Status    string `xml:"Status,omitempty"`
	MFADelete string `xml:"MfaDelete,omitempty"`
}

type versioningInput struct {
	Bucket string           `rest:"label:bucket"`
	Config versioningConfig `rest:"xml:VersioningConfiguration"`
}

func (in *versioningInput) bucketName() string { return in.Bucket }

type versioningOutput struct {
	Config versioningConfig `rest:"xml:VersioningConfiguration"`
}

func (s *Service) versioningRows() []op.Row {
	return []op.Row{
		op.New("GetBucketVersioning", "S3 API_GetBucketVersioning", op.Read, bucketChecks(s, "s3:GetBucketVersioning"),
			func(c *op.Call, in *bucketInput) (*versioningOutput, error) {
				return &versioningOutput{versioningConfig{Status: s.buckets.Get(in.Bucket).Versioning}}, nil
			}),
		op.New("PutBucketVersioning", "S3 API_PutBucketVersioning", op.Write,
			configChecks[*versioningInput](s, "s3:PutBucketVersioning"), s.putVersioning),
	}
}

func (s *Service) putVersioning(c *op.Call, in *versioningInput) (*nothing, error) {
	switch in.Config.Status {
	case "Enabled", "Suspended":
	case "":
		return nil, op.Errorf(400, "IllegalVersioningConfigurationException", "The Versioning element must be specified")
	default:
		return nil, malformedXML("Status is neither Enabled nor Suspended")
	}
	switch in.Config.MFADelete {
	case "", "Disabled":
	case "Enabled":
		return nil, notImplemented("MFA delete")
	default:
		return nil, malformedXML("MfaDelete is neither Enabled nor Disabled")
	}
	nb := *s.buckets.Get(in.Bucket)
	nb.Versioning = in.Config.Status
	s.buckets.Put(nb.Name, &nb)
	return &nothing{}, nil
}
