package s3

import (
	"errors"
	"net/http"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// maxDeletes is the most keys that one DeleteObjects takes.
const maxDeletes = 1000

type deleteObjectInput struct {
	objectInput
	IfMatch string `rest:"header:If-Match"`
	bypass
}

// bypass is accepted, for the provider sends it with every forced delete. It
// changes nothing where no bucket has Object Lock: only for an object under
// governance does S3 want s3:BypassGovernanceRetention.
//
// Source: S3 User Guide object-lock-managing (the console always sends it).
type bypass struct {
	Governance bool `rest:"header:x-amz-bypass-governance-retention"`
}

type deleteObjectOutput struct {
	Status       int    `rest:"status"`
	DeleteMarker bool   `rest:"header:x-amz-delete-marker"`
	VersionID    string `rest:"header:x-amz-version-id"`
}

type deleteObjectsInput struct {
	Bucket string        `rest:"label:bucket"`
	Batch  deleteRequest `rest:"xml:Delete"`
	bypass
}

type deleteRequest struct {
	Quiet   bool          `xml:"Quiet"`
	Objects []deleteEntry `xml:"Object"`
}

type deleteEntry struct {
	Key       string `xml:"Key"`
	VersionID string `xml:"VersionId"`
	ETag      string `xml:"ETag"`
}

type deletedObject struct {
	Key             string `xml:"Key"`
	VersionID       string `xml:"VersionId,omitempty"`
	DeleteMarker    bool   `xml:"DeleteMarker,omitempty"`
	MarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
}

type deleteFailure struct {
	Key       string `xml:"Key"`
	VersionID string `xml:"VersionId,omitempty"`
	Code      string `xml:"Code"`
	Message   string `xml:"Message"`
}

type deleteObjectsOutput struct {
	Body struct {
		Deleted []deletedObject `xml:"Deleted"`
		Errors  []deleteFailure `xml:"Error"`
	} `rest:"xml:DeleteResult"`
}

func (s *Service) deleteRows() []op.Row {
	one := op.New("DeleteObject", "S3 API_DeleteObject", op.Write, s.deleteChecks, s.deleteObject)
	one.Data = true
	batch := op.New("DeleteObjects", "S3 API_DeleteObjects", op.Write, s.deleteObjectsChecks, s.deleteObjects)
	batch.Data = true
	batch.Asks = "S3 API_DeleteObjects: each key of the batch is allowed or refused by itself"
	return []op.Row{one, batch}
}

func (s *Service) deleteChecks(c *op.Call, in *deleteObjectInput) ([]op.Check, error) {
	checks, err := s.versionChecks(c, &in.objectInput, "s3:DeleteObject", "s3:DeleteObjectVersion", present(nil, "s3:if-match", in.IfMatch)...)
	if err != nil || in.IfMatch == "" {
		return checks, err
	}
	// Source: S3 User Guide conditional-deletes: an ETag needs s3:GetObject.
	more, err := s.versionChecks(c, &in.objectInput, "s3:GetObject", "s3:GetObjectVersion")
	return append(checks, more...), err
}

func (s *Service) deleteObject(c *op.Call, in *deleteObjectInput) (*deleteObjectOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if err := s.deleteCondition(&in.objectInput, in.IfMatch); err != nil {
		return nil, err
	}
	d, err := s.deleteOne(c, b, in.Key, in.VersionID)
	if err != nil {
		return nil, err
	}
	out := &deleteObjectOutput{Status: http.StatusNoContent, DeleteMarker: d.DeleteMarker, VersionID: d.VersionID}
	if d.MarkerVersionID != "" {
		out.VersionID = d.MarkerVersionID
	}
	return out, nil
}

// deleteCondition applies If-Match to a delete.
//
// Source: S3 User Guide conditional-deletes.
func (s *Service) deleteCondition(in *objectInput, ifMatch string) error {
	if ifMatch == "" {
		return nil
	}
	o := s.version(in.Bucket, in.Key, in.VersionID)
	if o == nil || o.DeleteMarker {
		return &op.Error{Status: http.StatusNotFound, Code: "NoSuchKey", Message: "The specified key does not exist.", Fields: [][2]string{{"Key", in.Key}}}
	}
	if ifMatch != "*" && unquote(ifMatch) != o.ETag {
		return preconditionFailed("If-Match")
	}
	return nil
}

// deleteOne deletes one version for good, or, without a version ID, puts a
// delete marker where versioning is or was enabled.
//
// Source: S3 User Guide DeletingObjectVersions and
// DeletingObjectsfromVersioningSuspendedBuckets.
func (s *Service) deleteOne(c *op.Call, b *Bucket, key, versionID string) (deletedObject, error) {
	d := deletedObject{Key: key}
	if versionID != "" {
		d.VersionID = versionID
		if o := s.version(b.Name, key, versionID); o != nil {
			if o.DeleteMarker {
				d.DeleteMarker, d.MarkerVersionID = true, versionID
			}
			s.remove(o)
		}
		return d, nil
	}
	if b.Versioning == "" {
		if o := s.latest(b.Name, key); o != nil {
			s.remove(o)
		}
		return d, nil
	}
	marker := &Object{Bucket: b.Name, Key: key, DeleteMarker: true, Owner: b.Account, Modified: c.Now.Truncate(1e9)}
	if err := s.place(c, b, marker); err != nil {
		return d, err
	}
	d.DeleteMarker, d.MarkerVersionID = true, marker.VersionID
	return d, nil
}

// deleteObjectsChecks asks for nothing on the batch as a whole: the handler asks
// for each key, and one that is refused is an entry of the answer.
func (s *Service) deleteObjectsChecks(c *op.Call, in *deleteObjectsInput) ([]op.Check, error) {
	_, err := s.bucket(c, in.Bucket)
	return nil, err
}

func (s *Service) deleteObjects(c *op.Call, in *deleteObjectsInput) (*deleteObjectsOutput, error) {
	b := s.buckets.Get(in.Bucket)
	if n := len(in.Batch.Objects); n == 0 || n > maxDeletes {
		return nil, malformedXML("Delete must have 1 to 1000 Objects")
	}
	if algorithm, _, err := requestChecksum(c.HTTP.Header); err == nil && algorithm == "" && c.HTTP.Header.Get("Content-Md5") == "" {
		return nil, op.Errorf(400, "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	out := &deleteObjectsOutput{}
	for _, r := range in.Batch.Objects {
		d, err := s.deleteAsked(c, b, r)
		if err != nil {
			f, ok := failure(r, err)
			if !ok {
				return nil, err
			}
			out.Body.Errors = append(out.Body.Errors, f)
			continue
		}
		if !in.Batch.Quiet {
			out.Body.Deleted = append(out.Body.Deleted, d)
		}
	}
	return out, nil
}

func (s *Service) deleteAsked(c *op.Call, b *Bucket, r deleteEntry) (deletedObject, error) {
	if r.Key == "" {
		return deletedObject{}, op.Errorf(400, "UserKeyMustBeSpecified", "The specified key must not be empty.")
	}
	if len(r.Key) > maxKeyBytes {
		return deletedObject{}, op.Errorf(400, "KeyTooLongError", "Your key is too long")
	}
	if checkVersionID(r.VersionID) != nil {
		// As observed on AWS; DeleteObject says InvalidArgument.
		return deletedObject{}, op.Errorf(http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.")
	}
	in := &deleteObjectInput{objectInput: objectInput{b.Name, r.Key, r.VersionID}, IfMatch: r.ETag}
	checks, err := s.deleteChecks(c, in)
	if err != nil {
		return deletedObject{}, err
	}
	for _, check := range checks {
		if err := c.Ask(check); err != nil {
			return deletedObject{}, err
		}
	}
	if err := s.deleteCondition(&in.objectInput, r.ETag); err != nil {
		return deletedObject{}, err
	}
	return s.deleteOne(c, b, r.Key, r.VersionID)
}

// failure is an error as an entry of the answer; ok is false for one that is
// not the caller's.
func failure(r deleteEntry, err error) (f deleteFailure, ok bool) {
	var e *op.Error
	if !errors.As(err, &e) {
		return f, false
	}
	return deleteFailure{Key: r.Key, VersionID: r.VersionID, Code: e.Code, Message: e.Message}, true
}
