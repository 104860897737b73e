package s3

import "strings"

func setOf(names string) map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(names) {
		m[n] = true
	}
	return m
}

// objectActions are the actions whose resource is an object.
//
// Source: Service Authorization Reference, list_amazons3.
var objectActions = setOf(`
	AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectTagging DeleteObjectVersion
	DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention
	GetObjectTagging GetObjectTorrent GetObjectVersion GetObjectVersionAcl GetObjectVersionAttributes
	GetObjectVersionForReplication GetObjectVersionTagging GetObjectVersionTorrent InitiateReplication
	ListMultipartUploadParts ObjectOwnerOverrideToBucketOwner PutObject PutObjectAcl PutObjectLegalHold
	PutObjectRetention PutObjectTagging PutObjectVersionAcl PutObjectVersionTagging ReplicateDelete
	ReplicateObject ReplicateTags RestoreObject UpdateObjectEncryption`)

// bucketActions are the actions whose resource is a bucket and that a bucket
// policy may name.
//
// Source: Service Authorization Reference, list_amazons3.
var bucketActions = setOf(`
	CreateBucket DeleteBucket DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration
	GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging
	GetBucketMetadataTableConfiguration GetBucketNotification GetBucketObjectLockConfiguration
	GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketPublicAccessBlock
	GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration
	GetIntelligentTieringConfiguration GetInventoryConfiguration GetLifecycleConfiguration
	GetMetricsConfiguration GetReplicationConfiguration ListBucket ListBucketMultipartUploads
	ListBucketVersions ListTagsForResource PutAccelerateConfiguration PutAnalyticsConfiguration PutBucketAbac
	PutBucketAcl PutBucketCORS PutBucketLogging PutBucketNotification PutBucketObjectLockConfiguration
	PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock PutBucketRequestPayment
	PutBucketTagging PutBucketVersioning PutBucketWebsite PutEncryptionConfiguration
	PutIntelligentTieringConfiguration PutInventoryConfiguration PutLifecycleConfiguration
	PutMetricsConfiguration PutReplicationConfiguration TagResource UntagResource
	CreateBucketMetadataTableConfiguration DeleteBucketMetadataTableConfiguration`)

var (
	writesObject = []string{"PutObject", "ReplicateObject", "InitiateReplication", "UpdateObjectEncryption"}
	listsBucket  = []string{"ListBucket", "ListBucketVersions"}
	setsACL      = []string{"CreateBucket", "PutBucketAcl", "PutObject", "PutObjectAcl", "PutObjectVersionAcl"}
	versioned    = []string{"DeleteObjectVersion", "DeleteObjectVersionTagging", "GetObjectVersion", "GetObjectVersionAcl",
		"GetObjectVersionAttributes", "GetObjectVersionTagging", "GetObjectVersionTorrent", "PutObjectVersionAcl",
		"PutObjectVersionTagging", "RestoreObject", "ReplicateDelete", "PutObjectLegalHold", "PutObjectRetention"}
	setsTags = []string{"PutObject", "PutObjectTagging", "PutObjectVersionTagging", "ReplicateTags", "ReplicateObject"}
)

// conditionKeys are S3's condition keys in lower case, each with the actions
// that carry it; nil: every action does, or it is not checked.
//
// Source: Service Authorization Reference, list_amazons3.
var conditionKeys = map[string][]string{
	"s3:authtype": nil, "s3:signatureversion": nil, "s3:signatureage": nil, "s3:tlsversion": nil,
	"s3:resourceaccount": nil, "s3:x-amz-content-sha256": nil, "s3:accesspointnetworkorigin": nil,
	"s3:dataaccesspointaccount": nil, "s3:dataaccesspointarn": nil, "s3:accessgrantsinstancearn": nil,
	"s3:existingobjecttag": nil, "s3:jobsuspendedcause": nil, "s3:buckettag": nil, "s3:isreplicationpauserequest": nil,
	"s3:inventoryaccessibleoptionalfields":               {"PutInventoryConfiguration"},
	"s3:locationconstraint":                              {"CreateBucket"},
	"s3:prefix":                                          listsBucket,
	"s3:delimiter":                                       listsBucket,
	"s3:max-keys":                                        listsBucket,
	"s3:versionid":                                       versioned,
	"s3:if-match":                                        {"PutObject", "DeleteObject", "DeleteObjectVersion"},
	"s3:if-none-match":                                   {"PutObject"},
	"s3:objectcreationoperation":                         {"PutObject"},
	"s3:requestobjecttag":                                setsTags,
	"s3:requestobjecttagkeys":                            setsTags,
	"s3:x-amz-acl":                                       setsACL,
	"s3:x-amz-grant-full-control":                        setsACL,
	"s3:x-amz-grant-read":                                setsACL,
	"s3:x-amz-grant-read-acp":                            setsACL,
	"s3:x-amz-grant-write":                               setsACL,
	"s3:x-amz-grant-write-acp":                           setsACL,
	"s3:x-amz-copy-source":                               {"PutObject"},
	"s3:x-amz-metadata-directive":                        {"PutObject"},
	"s3:x-amz-object-ownership":                          {"CreateBucket", "PutBucketOwnershipControls"},
	"s3:x-amz-server-side-encryption":                    writesObject,
	"s3:x-amz-server-side-encryption-aws-kms-key-id":     writesObject,
	"s3:x-amz-server-side-encryption-customer-algorithm": nil,
	"s3:x-amz-storage-class":                             {"PutObject", "PutObjectAcl", "PutObjectVersionAcl", "ReplicateObject"},
	"s3:x-amz-website-redirect-location":                 {"PutObject"},
	"s3:object-lock-legal-hold":                          {"PutObject", "PutObjectLegalHold", "ReplicateObject"},
	"s3:object-lock-mode":                                {"PutObject", "PutObjectRetention", "ReplicateObject"},
	"s3:object-lock-remaining-retention-days":            {"PutObject", "PutObjectRetention", "ReplicateObject", "PutBucketObjectLockConfiguration"},
	"s3:object-lock-retain-until-date":                   {"PutObject", "PutObjectRetention", "ReplicateObject"},
}
