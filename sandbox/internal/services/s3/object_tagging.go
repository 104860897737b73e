package s3

import "github.com/strongroom-dev/strongroom/sandbox/internal/op"

type putObjectTaggingInput struct {
	objectInput
	Body tagging `rest:"xml:Tagging"`
}

type objectTaggingOutput struct {
	VersionID string `rest:"header:x-amz-version-id"`
}

type deleteObjectTaggingOutput struct {
	Status    int    `rest:"status"`
	VersionID string `rest:"header:x-amz-version-id"`
}

func (s *Service) objectTaggingRows() []op.Row {
	get := op.New("GetObjectTagging", "S3 API_GetObjectTagging", op.Read,
		func(c *op.Call, in *objectInput) ([]op.Check, error) {
			return s.versionChecks(c, in, "s3:GetObjectTagging", "s3:GetObjectVersionTagging")
		}, s.getObjectTagging)
	put := op.New("PutObjectTagging", "S3 API_PutObjectTagging", op.Write,
		func(c *op.Call, in *putObjectTaggingInput) ([]op.Check, error) {
			return s.versionChecks(c, &in.objectInput, "s3:PutObjectTagging", "s3:PutObjectVersionTagging",
				requested(nil, in.Body.Tags)...)
		}, s.putObjectTagging)
	del := op.New("DeleteObjectTagging", "S3 API_DeleteObjectTagging", op.Write,
		func(c *op.Call, in *objectInput) ([]op.Check, error) {
			return s.versionChecks(c, in, "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging")
		}, s.deleteObjectTagging)
	rows := []op.Row{get, put, del}
	for i := range rows {
		rows[i].Asks, rows[i].Data = missingKeyReason, true
	}
	return rows
}

func (s *Service) getObjectTagging(c *op.Call, in *objectInput) (*taggingOutput, error) {
	o, err := s.changeable(c, in)
	if err != nil {
		return nil, err
	}
	out := &taggingOutput{VersionID: s.shownVersion(o)}
	out.Body.Set.Tags = o.Tags
	return out, nil
}

func (s *Service) putObjectTagging(c *op.Call, in *putObjectTaggingInput) (*objectTaggingOutput, error) {
	o, err := s.changeable(c, &in.objectInput)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Body.Tags, maxObjectTags); err != nil {
		return nil, err
	}
	return &objectTaggingOutput{s.retag(o, in.Body.Tags)}, nil
}

func (s *Service) deleteObjectTagging(c *op.Call, in *objectInput) (*deleteObjectTaggingOutput, error) {
	o, err := s.changeable(c, in)
	if err != nil {
		return nil, err
	}
	return &deleteObjectTaggingOutput{Status: 204, VersionID: s.retag(o, nil)}, nil
}

// retag puts a changed copy of the version and returns its ID for the response.
func (s *Service) retag(o *Object, tags []Tag) string {
	changed := *o
	changed.Tags = tags
	s.objects.Put(o.storeKey(), &changed)
	return s.shownVersion(o)
}
