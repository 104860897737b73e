package lambda

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Limits of a deployment package.
// Source: Lambda Developer Guide "Lambda quotas", Deployment package size.
const (
	maxUpload = 50 << 20  // zipped, in the request
	maxBytes  = 250 << 20 // unzipped
)

// code is a zip file that a version of a function is made of.
type code struct{ Zip []byte }

// source is the code of a request, from its preparation on.
type source struct {
	bucket, key, version string // empty: it came with the request
	zip                  []byte
	hash                 string
}

// sourceOf reads where the code of a request is.
func sourceOf(in *types.FunctionCode) (*source, error) {
	switch {
	case in == nil:
		return nil, invalid("Please provide a source for function code.")
	case text(in.ImageUri) != "":
		return nil, refuse("functions from images (ImageUri)")
	case text(in.SourceKMSKeyArn) != "":
		return nil, refuse("a key of the code (SourceKMSKeyArn)")
	case in.S3ObjectStorageMode != "" && in.S3ObjectStorageMode != types.S3ObjectStorageModeCopy:
		return nil, refuse("code that stays in its bucket (S3ObjectStorageMode)")
	case in.ZipFile != nil && (in.S3Bucket != nil || in.S3Key != nil):
		return nil, invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case in.ZipFile != nil:
		if len(in.ZipFile) > maxUpload {
			return nil, fail(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "Request must be smaller than 69905067 bytes for the CreateFunction operation")
		}
		x := &source{}
		return x, x.take(in.ZipFile)
	case text(in.S3Bucket) == "" || text(in.S3Key) == "":
		return nil, invalid("Please provide a source for function code.")
	}
	return &source{bucket: *in.S3Bucket, key: *in.S3Key, version: text(in.S3ObjectVersion)}, nil
}

// take checks a zip file.
func (x *source) take(content []byte) error {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil || len(z.File) == 0 {
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	var size uint64
	for _, f := range z.File {
		if size += f.UncompressedSize64; size > maxBytes {
			return invalid("Unzipped size must be smaller than %d bytes", maxBytes)
		}
	}
	sum := sha256.Sum256(content)
	x.zip, x.hash = content, base64.StdEncoding.EncodeToString(sum[:])
	return nil
}

// fetch reads the code from its bucket, as the caller: without the state's lock.
// Source: Lambda API_CreateFunction and Lambda Developer Guide "Deploying Lambda functions
// as .zip file archives": the bucket is in the function's region, and the caller needs
// s3:GetObject. The wording is known from reports of users.
func (s *Service) fetch(c *op.Call, x *source) error {
	if x.bucket == "" {
		return nil
	}
	client := s3.New(s3.Options{Region: c.Region, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1, HTTPClient: &http.Client{Transport: s.as(c.Caller)}})
	out, err := client.GetObject(c.Context(), &s3.GetObjectInput{Bucket: &x.bucket, Key: &x.key, VersionId: optional(x.version)})
	if err != nil {
		var api smithy.APIError
		if !errors.As(err, &api) {
			return err
		}
		if api.ErrorCode() == "AccessDenied" {
			return fail(http.StatusForbidden, "AccessDeniedException", "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for %s/%s. S3 Error Code: AccessDenied. S3 Error Message: %s", x.bucket, x.key, api.ErrorMessage())
		}
		return invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", api.ErrorCode(), api.ErrorMessage())
	}
	defer out.Body.Close()
	content, err := io.ReadAll(io.LimitReader(out.Body, maxBytes+1))
	if err != nil {
		return err
	}
	return x.take(content)
}

func codeKey(function, hash string) string { return function + "/" + hash }

// sweep deletes the code of a function that no version of it has any more. A nil f has
// none.
func (s *Service) sweep(function string, f *function) {
	used := map[string]bool{}
	if f != nil {
		used[codeKey(function, f.Latest.Hash)] = true
		for i := range f.Published {
			used[codeKey(function, f.Published[i].Hash)] = true
		}
	}
	var gone []string
	for key := range s.code.Prefix(function + "/") {
		if !used[key] {
			gone = append(gone, key)
		}
	}
	for _, key := range gone {
		s.code.Delete(key)
	}
}
