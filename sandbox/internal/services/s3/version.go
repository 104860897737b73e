package s3

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// nullVersion is the ID of versions made while versioning was not enabled.
const nullVersion = "null"

// idAlphabet makes 6 bits a character.
const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"

func randomBytes(c *op.Call, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.Rand, b); err != nil {
		return nil, fmt.Errorf("s3: read randomness: %w", err)
	}
	return b, nil
}

func randomID(c *op.Call, n int) (string, error) {
	b, err := randomBytes(c, n)
	if err != nil {
		return "", err
	}
	for i := range b {
		b[i] = idAlphabet[b[i]&63]
	}
	return string(b), nil
}

func objectPrefix(bucket, key string) string { return bucket + sep + key + sep }

// storeKey orders a key's versions newest first.
func (o *Object) storeKey() string {
	return objectPrefix(o.Bucket, o.Key) + fmt.Sprintf("%016x", uint64(math.MaxUint64)-o.Order)
}

// latest returns the newest version of a key, a delete marker too; nil if
// there is none.
func (s *Service) latest(bucket, key string) *Object {
	for _, o := range s.objects.Prefix(objectPrefix(bucket, key)) {
		return o
	}
	return nil
}

// mark tells one state of a key from every other; empty for a key that is not
// there.
func (o *Object) mark() string {
	if o == nil {
		return ""
	}
	return fmt.Sprint(o.Order, " ", o.Blob)
}

// current is latest without delete markers: what a plain GET finds.
func (s *Service) current(bucket, key string) *Object {
	if o := s.latest(bucket, key); o != nil && !o.DeleteMarker {
		return o
	}
	return nil
}

// version finds one version of a key; nil if there is none. An empty ID is the
// latest.
func (s *Service) version(bucket, key, id string) *Object {
	if id == "" {
		return s.latest(bucket, key)
	}
	for _, o := range s.objects.Prefix(objectPrefix(bucket, key)) {
		if o.VersionID == id {
			return o
		}
	}
	return nil
}

// place makes o the newest version of its key, as the bucket's versioning
// says. It replaces the null version unless versioning is enabled.
//
// Source: S3 User Guide AddingObjectstoVersioningEnabledBuckets and
// AddingObjectstoVersionSuspendedBuckets.
func (s *Service) place(c *op.Call, b *Bucket, o *Object) error {
	o.Order = 1
	if last := s.latest(b.Name, o.Key); last != nil {
		o.Order = last.Order + 1
	}
	if b.Versioning == "Enabled" {
		id, err := randomID(c, 32)
		if err != nil {
			return err
		}
		o.VersionID = id
	} else {
		o.VersionID = nullVersion
		if old := s.version(b.Name, o.Key, nullVersion); old != nil {
			s.remove(old)
		}
	}
	s.objects.Put(o.storeKey(), o)
	return nil
}

// remove deletes one version and its bytes.
func (s *Service) remove(o *Object) {
	s.objects.Delete(o.storeKey())
	if o.Blob != "" {
		s.blobs.Delete(o.Blob)
	}
}

// shownVersion is the version ID as responses carry it: none in a bucket that
// never had versioning.
func (s *Service) shownVersion(o *Object) string {
	if b := s.buckets.Get(o.Bucket); b == nil || b.Versioning == "" {
		return ""
	}
	return o.VersionID
}

// checkVersionID refuses text that is no version ID of S3's.
func checkVersionID(id string) error {
	if id == "" || id == nullVersion || (len(id) == 32 && strings.Trim(id, idAlphabet) == "") {
		return nil
	}
	return &op.Error{Status: 400, Code: "InvalidArgument", Message: "Invalid version id specified",
		Fields: [][2]string{{"ArgumentName", "versionId"}, {"ArgumentValue", id}}}
}

// missingKeyReason is why reads of objects ask by themselves.
const missingKeyReason = "S3 API_GetObject: a missing key is 404 to those who may list the bucket and 403 to others"

// versionChecks declares one action on an object, or another one where a
// version is named, with the tags that the object has.
func (s *Service) versionChecks(c *op.Call, in *objectInput, action, versionAction string, keys ...op.Key) ([]op.Check, error) {
	b, err := s.bucket(c, in.Bucket)
	if err != nil {
		return nil, err
	}
	if err := checkVersionID(in.VersionID); err != nil {
		return nil, err
	}
	if in.VersionID != "" {
		action = versionAction
		keys = append(keys, op.Single("s3:VersionId", in.VersionID))
	}
	check, err := s.onVersion(c, b, action, in.Key, s.version(in.Bucket, in.Key, in.VersionID), keys...)
	return []op.Check{check}, err
}

// readable finds the version that a request names. What is not there is 404 to
// callers who may list the bucket and 403 to others. The question carries the
// key as s3:prefix, so that a permission to list under a prefix covers the keys
// that begin with it.
//
// Source: S3 API_GetObject and API_HeadObject, "Permissions";
// S3 User Guide DeleteMarker; s3:prefix: Ceph tracker 74398, which compared
// with AWS.
func (s *Service) readable(c *op.Call, in *objectInput) (*Object, error) {
	o := s.version(in.Bucket, in.Key, in.VersionID)
	if o != nil && !o.DeleteMarker {
		return o, nil
	}
	b := s.buckets.Get(in.Bucket)
	if err := c.Ask(s.onBucket(c, b, "s3:ListBucket", op.Single("s3:prefix", in.Key))); err != nil {
		return nil, err
	}
	var header map[string]string
	if o != nil {
		header = map[string]string{"X-Amz-Delete-Marker": "true", "X-Amz-Version-Id": o.VersionID}
	}
	switch {
	case o != nil && in.VersionID != "":
		return nil, markerRefused(c, o)
	case in.VersionID != "":
		return nil, &op.Error{Status: http.StatusNotFound, Code: "NoSuchVersion", Message: "The specified version does not exist.",
			Fields: [][2]string{{"Key", in.Key}, {"VersionId", in.VersionID}}}
	}
	return nil, &op.Error{Status: http.StatusNotFound, Code: "NoSuchKey", Message: "The specified key does not exist.",
		Fields: [][2]string{{"Key", in.Key}}, Header: header}
}

// markerRefused is the answer to a request for a delete marker itself.
//
// Source: S3 API_GetObject and API_HeadObject: 405 and the Last-Modified
// header; S3 User Guide DeleteMarker.
func markerRefused(c *op.Call, o *Object) error {
	return &op.Error{
		Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed",
		Message: "The specified method is not allowed against this resource.",
		Fields:  [][2]string{{"Method", c.HTTP.Method}, {"ResourceType", "DeleteMarker"}},
		Header: map[string]string{
			"X-Amz-Delete-Marker": "true", "X-Amz-Version-Id": o.VersionID, "Allow": "DELETE",
			"Last-Modified": o.Modified.UTC().Format(http.TimeFormat),
		},
	}
}

// changeable is readable for what changes or reads a version's own records,
// tags and access control lists: there a delete marker is refused as such, also
// where it is the current version.
//
// Source: observed on AWS: GetObjectTagging, PutObjectTagging,
// DeleteObjectTagging and PutObjectAcl answer 405, GetObjectAcl 404.
func (s *Service) changeable(c *op.Call, in *objectInput) (*Object, error) {
	if o := s.version(in.Bucket, in.Key, in.VersionID); o != nil && o.DeleteMarker {
		return nil, markerRefused(c, o)
	}
	return s.readable(c, in)
}

// Continuation tokens are opaque to callers: the last key in base64, behind a
// checksum that tells a token of ours from another text.
func sealToken(key string) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(key)))
	return base64.RawURLEncoding.EncodeToString(append(sum, key...))
}

// openToken refuses what sealToken did not make, as observed on AWS: a token
// that is taken for a key would skip a part of the list without a word.
func openToken(token string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < crc32.Size || binary.BigEndian.Uint32(b) != crc32.ChecksumIEEE(b[crc32.Size:]) {
		return "", &op.Error{Status: http.StatusBadRequest, Code: "InvalidArgument", Message: "The continuation token provided is incorrect",
			Fields: [][2]string{{"ArgumentName", "continuation-token"}}}
	}
	return string(b[crc32.Size:]), nil
}
