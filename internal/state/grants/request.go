package grants

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/policy"
)

// request is one question that an engine asks AWS, with what is known of it.
type request struct {
	// why says what it is for.
	why      string
	action   string
	resource string
	// object is the ARN that the encryption context names; empty: none.
	object string
	// key is, for KMS, the key's ARN.
	key string
	// optional: nothing needs it where the key serves S3 alone.
	optional bool
	// runbook: it is no engine's, but what a principal is to have.
	runbook bool
	// free: it is whatever the caller likes to send, and not what an engine sends.
	free    bool
	context map[string]string
	multi   map[string][]string
}

// asks lists the requests of an engine on an environment's states, in its order:
// workspaces, the state, its lock, and what S3 asks of KMS for them.
//
// Source: "Backend Type: s3" (S3 Bucket Permissions), and the requests of OpenTofu
// 1.10 and Terraform 1.11, which a test compares with these.
func (w *reading) asks() []request {
	list := []request{}
	on := func(why, action, resource string, set ...string) {
		list = append(list, w.onS3(why, action, resource, set...))
	}
	upload := w.upload()
	on("list the workspaces", "s3:ListBucket", w.bucketARN(), "s3:prefix", statestore.WorkspacePrefix, "s3:max-keys", "1000")
	for _, key := range w.states {
		state, lock := w.bucketARN()+"/"+key, w.bucketARN()+"/"+key+statestore.LockSuffix
		if w.locking {
			on("take the lock of "+key, "s3:PutObject", lock, append(upload, "s3:if-none-match", "*")...)
			list = append(list, w.encrypts("take the lock of "+key, lock)...)
		}
		// S3 asks it of a missing object, with its key as the prefix: a 404 is for those who
		// may list, and without it the first init fails.
		// Source: S3 API_HeadObject, "Permissions"; s3:prefix: Ceph tracker 74398, which
		// compared with AWS.
		on("tell whether there is a "+key, "s3:ListBucket", w.bucketARN(), "s3:prefix", key)
		on("read "+key, "s3:GetObject", state)
		list = append(list, w.decrypts("read "+key, key, state)...)
		on("write "+key, "s3:PutObject", state, upload...)
		list = append(list, w.encrypts("write "+key, state)...)
		if w.locking {
			on("see who holds the lock of "+key, "s3:GetObject", lock)
			list = append(list, w.decrypts("see who holds the lock of "+key, key+statestore.LockSuffix, lock)...)
			on("release the lock of "+key, "s3:DeleteObject", lock)
		}
	}
	if w.client {
		list = append(list, w.direct("encrypt states before they are sent", "kms:GenerateDataKey", false), w.direct("decrypt states after they came", "kms:Decrypt", false))
	}
	describe, encrypt := w.direct("describe the key", "kms:DescribeKey", false), w.direct("encrypt under the key by hand", "kms:Encrypt", true)
	describe.runbook, encrypt.runbook = true, true
	return append(list, describe, encrypt)
}

// onS3 is a request of S3; set are further condition keys, each with its value.
func (w *reading) onS3(why, action, resource string, set ...string) request {
	r := request{why: why, action: action, resource: resource, context: map[string]string{
		"s3:ResourceAccount": w.account, "s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256",
	}}
	for i := 0; i < len(set); i += 2 {
		r.context[set[i]] = set[i+1]
	}
	return r
}

// upload are the condition keys of a PutObject as engines send it.
func (w *reading) upload() []string {
	return []string{"s3:x-amz-server-side-encryption", "aws:kms", "s3:x-amz-server-side-encryption-aws-kms-key-id", w.key, "s3:ObjectCreationOperation", "true"}
}

// encrypts are what writing an object takes.
func (w *reading) encrypts(why, arn string) (list []request) {
	for _, on := range w.bucketKeys {
		list = append(list, w.throughS3(why, "kms:GenerateDataKey", w.key, arn, on))
	}
	return list
}

// decrypts are what reading an object takes: one that is written from now on, and
// the one that is there, if it is encrypted in another way.
func (w *reading) decrypts(why, key, arn string) (list []request) {
	for _, on := range w.bucketKeys {
		list = append(list, w.throughS3(why, "kms:Decrypt", w.key, arn, on))
	}
	for _, o := range w.objects {
		if o.Key == key && strings.HasPrefix(o.Algorithm, "aws:kms") && (o.KeyARN != w.key || !slices.Contains(w.bucketKeys, o.BucketKey)) {
			list = append(list, w.throughS3(why+", as it is encrypted now", "kms:Decrypt", o.KeyARN, arn, o.BucketKey))
		}
	}
	return list
}

// throughS3 is a request that S3 makes of KMS for its caller.
//
// Source: S3 User Guide UsingKMSEncryption ("Encryption context") and bucket-key; IAM
// User Guide access_forward_access_sessions.
func (w *reading) throughS3(why, action, key, object string, bucketKey bool) request {
	r := w.ofKey(why, action, key)
	r.object = object
	if bucketKey {
		r.object = w.bucketARN()
	}
	r.context["kms:ViaService"] = "s3." + w.region + ".amazonaws.com"
	r.context["kms:EncryptionAlgorithm"] = "SYMMETRIC_DEFAULT"
	r.context["aws:CalledViaFirst"], r.context["aws:CalledViaLast"] = "s3.amazonaws.com", "s3.amazonaws.com"
	r.multi["aws:CalledVia"] = []string{"s3.amazonaws.com"}
	r.context["aws:ViaAWSService"] = "true"
	return r.about(r.object)
}

// about is the request with another object in its encryption context.
func (r request) about(object string) request {
	context := map[string]string{}
	for k, v := range r.context {
		context[k] = v
	}
	r.object, r.context = object, context
	r.context["kms:EncryptionContext:aws:s3:arn"] = object
	r.multi = map[string][]string{"aws:CalledVia": r.multi["aws:CalledVia"], "kms:EncryptionContextKeys": {"aws:s3:arn"}}
	return r
}

// direct is a request that the principal makes of KMS itself.
func (w *reading) direct(why, action string, optional bool) request {
	r := w.ofKey(why, action, w.key)
	r.optional = optional
	if action != "kms:DescribeKey" {
		r.context["kms:EncryptionAlgorithm"] = "SYMMETRIC_DEFAULT"
	}
	return r
}

func (w *reading) ofKey(why, action, key string) request {
	r := request{why: why, action: action, resource: key, key: key, context: map[string]string{}, multi: map[string][]string{}}
	if k := w.keys[key]; k != nil && k.meta != nil {
		r.context["kms:KeySpec"], r.context["kms:CustomerMasterKeySpec"] = string(k.meta.KeySpec), string(k.meta.KeySpec)
		r.context["kms:KeyUsage"], r.context["kms:CustomerMasterKeyUsage"] = string(k.meta.KeyUsage), string(k.meta.KeyUsage)
		r.context["kms:KeyOrigin"] = string(k.meta.Origin)
		if k.meta.MultiRegion != nil {
			r.context["kms:MultiRegion"] = map[bool]string{true: "true", false: "false"}[*k.meta.MultiRegion]
		}
	}
	return r
}

// ask is the request as a principal makes it, who is face.
func (w *reading) ask(r *request, who *caller, face *policy.Principal) *policy.Request {
	ctx := &policy.Context{}
	set := func(k, v string) {
		if v != "" {
			ctx.Set(k, v)
		}
	}
	p := face
	set("aws:SecureTransport", "true")
	set("aws:RequestedRegion", w.region)
	set("aws:ResourceAccount", w.account)
	set("aws:PrincipalAccount", p.Account)
	set("aws:PrincipalIsAWSService", "false")
	set("aws:ViaAWSService", "false")
	switch p.Type {
	case policy.User:
		set("aws:PrincipalType", "User")
		set("aws:PrincipalArn", p.ARN)
		set("aws:username", p.ARN[strings.LastIndexByte(p.ARN, '/')+1:])
		set("aws:userid", p.ID)
	case policy.AssumedRole:
		set("aws:PrincipalType", "AssumedRole")
		set("aws:PrincipalArn", p.RoleARN)
	}
	for k, v := range who.tags {
		set("aws:PrincipalTag/"+k, v)
	}
	if r.key != "" {
		set("kms:CallerAccount", p.Account)
	}
	for k, v := range r.context {
		set(k, v)
	}
	for k, v := range r.multi {
		if len(v) > 0 {
			ctx.SetMulti(k, v...)
		}
	}
	return &policy.Request{Principal: p, Action: r.action, Resource: r.resource, ResourceAccount: w.account, Context: ctx}
}

// granted tells whether a KMS grant allows the request; perhaps: one may, or there may
// be one that was not read.
//
// Source: KMS API CreateGrant, GrantConstraints; KMS Developer Guide "Grants in AWS KMS".
// What a grant to an account lets its users do is not said there.
func (w *reading) granted(r *request, who *caller, face *policy.Principal) (yes, perhaps bool) {
	k := w.keys[r.key]
	if r.key == "" || k == nil || who.ungranted {
		return false, false
	}
	for _, g := range k.grants {
		to := aws.ToString(g.GranteePrincipal)
		itself := to == face.ARN || to == face.RoleARN && to != ""
		if !itself && to != face.Account && (accountOf(to) != face.Account || !strings.HasSuffix(to, ":root")) {
			continue
		}
		for _, o := range g.Operations {
			if "kms:"+string(o) != r.action || !constraint(g.Constraints, r) {
				continue
			}
			if itself && (g.Constraints == nil || g.Constraints.SourceArn == nil) {
				return true, true
			}
			perhaps = true
		}
	}
	return false, perhaps || !k.grantsKnown
}

// constraint holds a grant's constraints against the encryption context, which is
// S3's one pair, or none. Operations that have no encryption context ignore them.
func constraint(c *kmstypes.GrantConstraints, r *request) bool {
	if c == nil || r.action == "kms:DescribeKey" {
		return true
	}
	context := map[string]string{}
	if r.object != "" {
		context["aws:s3:arn"] = r.object
	}
	if c.EncryptionContextEquals != nil && len(c.EncryptionContextEquals) != len(context) {
		return false
	}
	for _, want := range []map[string]string{c.EncryptionContextEquals, c.EncryptionContextSubset} {
		for k, v := range want {
			if context[k] != v {
				return false
			}
		}
	}
	return true
}

// unknown tells of a condition key whether a request's value, or its absence, is not
// known: it depends on the network, the time, the organization or the session; and, of
// a request that is free, on what the caller likes to send.
func (w *reading) unknown(who *caller, r *policy.Request, free bool) func(string) bool {
	return func(key string) bool {
		if r.Context.Has(key) {
			return false
		}
		low := strings.ToLower(key)
		prefix, rest, _ := strings.Cut(low, ":")
		switch prefix {
		case "s3":
			// Only what the engine sends is in its requests; these it chooses by itself, or
			// they are the object's.
			return free || rest == "tlsversion" || rest == "x-amz-content-sha256" || strings.HasPrefix(rest, "existingobjecttag/")
		case "kms":
			// Another encryption context is no state's, and neither another service nor AWS
			// asks.
			choice := rest != "viaservice" && rest != "grantisforawsresource" && !strings.HasPrefix(rest, "encryptioncontext")
			k := w.keys[r.Resource]
			return rest == "resourcealiases" || k != nil && k.meta == nil || free && choice
		case "aws":
			switch rest {
			case "username", "calledvia", "calledviafirst", "calledvialast", "principalservicename", "principalservicenameslist", "sourcearn", "sourceaccount", "tagkeys":
				return false
			}
			if strings.HasPrefix(rest, "principaltag/") {
				return !(who.Type == policy.User && who.tags != nil)
			}
			return !strings.HasPrefix(rest, "requesttag/")
		}
		return false // another service's, or an identity provider's: S3 and KMS carry none
	}
}
