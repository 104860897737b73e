package explain

import (
	"regexp"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

// ask is one action that an event asked for, and which resource it is about.
type ask struct {
	action string
	// source says that it is about the object that is copied from.
	source bool
	// bucket: about the bucket, whatever key the record holds.
	bucket bool
}

// prefixes are the service prefixes of event sources whose first label is another
// word. Source: Service Authorization Reference; CloudTrail User Guide,
// "CloudTrail supported services".
var prefixes = map[string]string{"monitoring": "cloudwatch", "email": "ses", "tagging": "tag"}

// s3Actions are the operations of S3 whose action has another name. Source:
// S3 User Guide, "Required permissions for Amazon S3 API operations".
var s3Actions = map[string][]ask{
	"HeadObject":          {{action: "GetObject"}},
	"SelectObjectContent": {{action: "GetObject"}},
	"HeadBucket":          {{action: "ListBucket", bucket: true}},
	"ListObjects":         {{action: "ListBucket", bucket: true}},
	"ListObjectsV2":       {{action: "ListBucket", bucket: true}},
	"GetBucket":           {{action: "ListBucket", bucket: true}},
	"ListObjectVersions":  {{action: "ListBucketVersions", bucket: true}},
	"GetBucketVersions":   {{action: "ListBucketVersions", bucket: true}},
	"ListBuckets":         {{action: "ListAllMyBuckets"}},
	"ListParts":           {{action: "ListMultipartUploadParts"}},
	"ListMultipartUploads": {{
		action: "ListBucketMultipartUploads", bucket: true,
	}},
	"UploadPart":                          {{action: "PutObject"}},
	"CreateMultipartUpload":               {{action: "PutObject"}},
	"CompleteMultipartUpload":             {{action: "PutObject"}},
	"PostObject":                          {{action: "PutObject"}},
	"CopyObject":                          {{action: "PutObject"}, {action: "GetObject", source: true}},
	"UploadPartCopy":                      {{action: "PutObject"}, {action: "GetObject", source: true}},
	"DeleteObjects":                       {{action: "DeleteObject"}},
	"DeleteMultipleObjects":               {{action: "DeleteObject"}},
	"GetBucketAccelerateConfiguration":    {{action: "GetAccelerateConfiguration"}},
	"PutBucketAccelerateConfiguration":    {{action: "PutAccelerateConfiguration"}},
	"GetBucketAnalyticsConfiguration":     {{action: "GetAnalyticsConfiguration"}},
	"ListBucketAnalyticsConfigurations":   {{action: "GetAnalyticsConfiguration"}},
	"PutBucketAnalyticsConfiguration":     {{action: "PutAnalyticsConfiguration"}},
	"DeleteBucketAnalyticsConfiguration":  {{action: "PutAnalyticsConfiguration"}},
	"GetBucketCors":                       {{action: "GetBucketCORS"}},
	"PutBucketCors":                       {{action: "PutBucketCORS"}},
	"DeleteBucketCors":                    {{action: "PutBucketCORS"}},
	"GetBucketEncryption":                 {{action: "GetEncryptionConfiguration"}},
	"PutBucketEncryption":                 {{action: "PutEncryptionConfiguration"}},
	"DeleteBucketEncryption":              {{action: "PutEncryptionConfiguration"}},
	"GetBucketLifecycle":                  {{action: "GetLifecycleConfiguration"}},
	"GetBucketLifecycleConfiguration":     {{action: "GetLifecycleConfiguration"}},
	"PutBucketLifecycle":                  {{action: "PutLifecycleConfiguration"}},
	"PutBucketLifecycleConfiguration":     {{action: "PutLifecycleConfiguration"}},
	"DeleteBucketLifecycle":               {{action: "PutLifecycleConfiguration"}},
	"GetBucketInventoryConfiguration":     {{action: "GetInventoryConfiguration"}},
	"ListBucketInventoryConfigurations":   {{action: "GetInventoryConfiguration"}},
	"PutBucketInventoryConfiguration":     {{action: "PutInventoryConfiguration"}},
	"DeleteBucketInventoryConfiguration":  {{action: "PutInventoryConfiguration"}},
	"GetBucketMetricsConfiguration":       {{action: "GetMetricsConfiguration"}},
	"ListBucketMetricsConfigurations":     {{action: "GetMetricsConfiguration"}},
	"PutBucketMetricsConfiguration":       {{action: "PutMetricsConfiguration"}},
	"DeleteBucketMetricsConfiguration":    {{action: "PutMetricsConfiguration"}},
	"GetBucketIntelligentTiering":         {{action: "GetIntelligentTieringConfiguration"}},
	"GetBucketNotificationConfiguration":  {{action: "GetBucketNotification"}},
	"PutBucketNotificationConfiguration":  {{action: "PutBucketNotification"}},
	"GetObjectLockConfiguration":          {{action: "GetBucketObjectLockConfiguration", bucket: true}},
	"PutObjectLockConfiguration":          {{action: "PutBucketObjectLockConfiguration", bucket: true}},
	"GetBucketReplication":                {{action: "GetReplicationConfiguration"}},
	"PutBucketReplication":                {{action: "PutReplicationConfiguration"}},
	"DeleteBucketReplication":             {{action: "PutReplicationConfiguration"}},
	"DeleteBucketTagging":                 {{action: "PutBucketTagging"}},
	"DeleteBucketOwnershipControls":       {{action: "PutBucketOwnershipControls"}},
	"GetPublicAccessBlock":                {{action: "GetBucketPublicAccessBlock"}},
	"PutPublicAccessBlock":                {{action: "PutBucketPublicAccessBlock"}},
	"DeletePublicAccessBlock":             {{action: "PutBucketPublicAccessBlock"}},
	"GetAccountPublicAccessBlock":         {{action: "GetAccountPublicAccessBlock"}},
	"PutAccountPublicAccessBlock":         {{action: "PutAccountPublicAccessBlock"}},
	"DeleteAccountPublicAccessBlock":      {{action: "PutAccountPublicAccessBlock"}},
	"GetBucketOwnershipControls":          {{action: "GetBucketOwnershipControls"}},
	"CreateSession":                       {{action: "CreateSession"}},
	"ListBucketIntelligentTieringConfigs": {{action: "GetIntelligentTieringConfiguration"}},
}

// versioned are the operations of S3 that need another action when the request
// names a version. Source: S3 User Guide, "Required permissions for Amazon S3 API
// operations".
var versioned = map[string]string{
	"GetObject": "GetObjectVersion", "HeadObject": "GetObjectVersion", "DeleteObject": "DeleteObjectVersion",
	"GetObjectAcl": "GetObjectVersionAcl", "PutObjectAcl": "PutObjectVersionAcl", "GetObjectTagging": "GetObjectVersionTagging",
	"PutObjectTagging": "PutObjectVersionTagging", "DeleteObjectTagging": "DeleteObjectVersionTagging", "GetObjectAttributes": "GetObjectVersionAttributes",
}

// otherActions are the same of other services. Source: Service Authorization
// Reference; KMS API_ReEncrypt; Lambda API_Invoke.
var otherActions = map[string][]ask{
	"kms:ReEncrypt":               {{action: "ReEncryptFrom", source: true}, {action: "ReEncryptTo"}},
	"lambda:Invoke":               {{action: "InvokeFunction"}},
	"lambda:InvokeExecution":      {{action: "InvokeFunction"}},
	"dynamodb:TransactGetItems":   {{action: "GetItem"}},
	"dynamodb:ExecuteTransaction": nil,
	"dynamodb:TransactWriteItems": nil,
	"ecr:BatchCheckLayer":         {{action: "BatchCheckLayerAvailability"}},
}

// dated is the API date that Lambda and CloudFront put behind an event's name.
var dated = regexp.MustCompile(`^(.+?)20[0-9]{2}_?[0-9]{2}_?[0-9]{2}(v[0-9]+)?$`)

// actionsOf are the actions that an operation asks for. service is an event
// source or a service prefix; params may be nil. Nil: none is known.
func actionsOf(service, name string, params map[string]any) []ask {
	prefix, _, _ := strings.Cut(strings.ToLower(service), ".")
	if p, ok := prefixes[prefix]; ok {
		prefix = p
	}
	if prefix == "s3" {
		return s3Asks(name, params)
	}
	if list, ok := otherActions[prefix+":"+name]; ok {
		return prefixed(prefix, list)
	}
	if m := dated.FindStringSubmatch(name); m != nil {
		name = m[1]
		if list, ok := otherActions[prefix+":"+name]; ok {
			return prefixed(prefix, list)
		}
	}
	s, ok := serviceref.Lookup(prefix)
	if !ok {
		return nil
	}
	a, ok := s.Action(name)
	if !ok {
		return nil
	}
	return []ask{{action: prefix + ":" + a.Name}}
}

func s3Asks(name string, params map[string]any) []ask {
	version, _ := params["versionId"].(string)
	if v, ok := versioned[name]; ok && version != "" {
		return []ask{{action: "s3:" + v}}
	}
	if list, ok := s3Actions[name]; ok {
		return prefixed("s3", list)
	}
	s, ok := serviceref.Lookup("s3")
	if !ok {
		return nil
	}
	if a, ok := s.Action(name); ok {
		return []ask{{action: "s3:" + a.Name}}
	}
	return nil
}

func prefixed(prefix string, list []ask) []ask {
	out := make([]ask, len(list))
	for i, a := range list {
		a.action = prefix + ":" + a.action
		out[i] = a
	}
	return out
}
