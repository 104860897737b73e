package explain

import (
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/policy"
)

// carry gives a key its values.
func (q *Question) carry(key string, values []string) {
	switch {
	case key == "" || len(values) == 0:
	case len(values) == 1 && !multivalued(key):
		q.Context.Set(key, values[0])
	default:
		q.Context.SetMulti(key, values...)
	}
}

// context fills in the condition keys that a record tells.
func (r *record) context(q *Question) {
	q.set("aws:RequestedRegion", r.AWSRegion)
	if at, err := time.Parse(time.RFC3339, r.EventTime); err == nil {
		q.set("aws:CurrentTime", at.UTC().Format("2006-01-02T15:04:05Z"))
		q.set("aws:EpochTime", strconv.FormatInt(at.Unix(), 10))
	}
	if strings.HasPrefix(q.Action, prefixOf(r.EventSource)+":") {
		r.transport(q)
	} else {
		q.note("the record is of %s %s; AWS asked for %s on the caller's behalf", r.EventSource, r.EventName, q.Action)
		for _, key := range []string{"aws:SourceIp", "aws:SecureTransport", "aws:UserAgent", "aws:ViaAWSService", "aws:CalledVia"} {
			q.gap(key, "the record is of the caller's request, not of the service's")
		}
	}
	r.session(q)
	r.parameters(q)
	q.gap("aws:PrincipalTag/*", "records do not hold the caller's tags")
	q.gap("aws:ResourceTag/*", "records do not hold the resource's tags")
	q.gap("aws:PrincipalOrgID", "records do not tell the organization")
}

func prefixOf(source string) string {
	prefix, _, _ := strings.Cut(strings.ToLower(source), ".")
	if p, ok := prefixes[prefix]; ok {
		return p
	}
	return prefix
}

// transport is how the request travelled.
func (r *record) transport(q *Question) {
	addr, err := netip.ParseAddr(r.SourceIPAddress)
	switch {
	case err != nil:
		q.gap("aws:SourceIp", "the record has "+strconv.Quote(clipBytes(r.SourceIPAddress))+" for an address")
		q.gap("aws:UserAgent", "the request came by way of a service")
	case r.VPCEndpointID != "":
		// Source: IAM User Guide, reference_policies_condition-keys: not available for
		// requests through a VPC endpoint, aws:VpcSourceIp is.
		q.absent("aws:SourceIp", "the request came through a VPC endpoint")
		q.set("aws:VpcSourceIp", addr.String())
	case addr.IsPrivate():
		q.gap("aws:SourceIp", "the address is a private one: the request came through a VPC endpoint, which the record does not name, or by way of AWS")
	default:
		q.set("aws:SourceIp", addr.String())
	}
	if r.VPCEndpointID != "" {
		q.set("aws:SourceVpce", r.VPCEndpointID)
	} else {
		q.gap("aws:SourceVpce", "not every record of a request through a VPC endpoint names it")
	}
	q.gap("aws:SourceVpc", "records do not hold it")
	if ua := strings.TrimSuffix(strings.TrimPrefix(r.UserAgent, "["), "]"); ua != "" && err == nil && !strings.HasSuffix(ua, "...") && !strings.HasSuffix(ua, ".amazonaws.com") {
		q.set("aws:UserAgent", ua)
	}
	q.gap("aws:Referer", "records do not hold it")
	if r.TLSDetails != nil && r.TLSDetails.TLSVersion != "" {
		q.set("aws:SecureTransport", "true")
		if v, ok := strings.CutPrefix(r.TLSDetails.TLSVersion, "TLSv"); ok && strings.HasPrefix(q.Action, "s3:") {
			q.set("s3:TlsVersion", v)
		}
	} else {
		q.gap("aws:SecureTransport", "the record has no tlsDetails, which some services leave out for https too")
	}
	if r.UserIdentity.InvokedBy == "" && err == nil {
		q.set("aws:ViaAWSService", "false")
		for _, key := range []string{"aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"} {
			q.absent(key, "the caller sent the request itself")
		}
	} else {
		q.gap("aws:ViaAWSService", "the record names "+strconv.Quote(clipBytes(r.UserIdentity.InvokedBy))+" as the service in between, and not whether it passed the caller's identity on")
		q.gap("aws:CalledVia", "the record names one service in between, of perhaps several")
	}
}

// session is what the record tells of the credentials.
func (r *record) session(q *Question) {
	u := &r.UserIdentity
	switch {
	case q.Principal.Type == policy.WebIdentity:
		r.webIdentity(q)
		return
	case strings.HasPrefix(u.AccessKeyID, "AKIA"):
		// Source: IAM User Guide, reference_policies_condition-keys: absent for
		// long-term credentials.
		for _, key := range []string{"aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"} {
			q.absent(key, "the access key is a long-term one")
		}
		return
	case u.SessionContext == nil:
		q.gap("aws:MultiFactorAuthPresent", "the record has no sessionContext")
		return
	}
	s := u.SessionContext
	q.set("aws:TokenIssueTime", s.Attributes.CreationDate)
	q.set("aws:SourceIdentity", s.SourceIdentity)
	switch {
	case s.Attributes.MFAAuthenticated == "true":
		q.set("aws:MultiFactorAuthPresent", "true")
		q.gap("aws:MultiFactorAuthAge", "the record does not tell when")
	case s.Attributes.MFAAuthenticated == "false":
		q.absent("aws:MultiFactorAuthAge", "the session was made without MFA")
		q.choose("aws:MultiFactorAuthPresent", "false", AbsentChoice)
		q.gap("aws:MultiFactorAuthPresent", `the record says "false" both for a key that is false and for one that is not there`)
	}
	if w := s.WebIDFederationData; w.FederatedProvider != "" {
		q.set("aws:FederatedProvider", w.FederatedProvider)
		for key, v := range w.Attributes {
			if text, ok := v.(string); ok && strings.Contains(key, ":") && !multivalued(key) {
				q.set(key, text)
			}
		}
	}
}

// webIdentity reads the token's claims from the caller of
// AssumeRoleWithWebIdentity: principalId is PROVIDER:AUD:SUB.
// Source: CloudTrail User Guide, userIdentity element, "Values for AWS STS APIs
// with SAML and web identity federation".
func (r *record) webIdentity(q *Question) {
	u := &r.UserIdentity
	_, issuer, ok := strings.Cut(u.IdentityProvider, ":oidc-provider/")
	if !ok {
		issuer = u.IdentityProvider
	}
	q.gap("the other claims of the token", "records hold its audience and subject at most")
	q.set("aws:FederatedProvider", u.IdentityProvider)
	if u.UserName == "" {
		q.gap(issuer+":sub", "the record does not hold it")
		return
	}
	q.set(issuer+":sub", u.UserName)
	rest, ok := strings.CutPrefix(u.PrincipalID, u.IdentityProvider+":")
	if aud, found := strings.CutSuffix(rest, ":"+u.UserName); ok && found {
		q.set(issuer+":aud", aud)
	} else {
		q.gap(issuer+":aud", "the record does not hold it")
	}
}

// headers are request parameters that are condition keys as they are, by service
// and by the names that CloudTrail and the SDKs give them.
var headers = map[string][][2]string{
	"s3": {
		{"prefix", "s3:prefix"}, {"delimiter", "s3:delimiter"}, {"max-keys", "s3:max-keys"}, {"maxKeys", "s3:max-keys"}, {"versionId", "s3:VersionId"},
		{"x-amz-server-side-encryption", "s3:x-amz-server-side-encryption"}, {"serverSideEncryption", "s3:x-amz-server-side-encryption"},
		{"x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-aws-kms-key-id"},
		{"x-amz-acl", "s3:x-amz-acl"}, {"aCL", "s3:x-amz-acl"}, {"x-amz-storage-class", "s3:x-amz-storage-class"}, {"storageClass", "s3:x-amz-storage-class"},
		{"x-amz-copy-source", "s3:x-amz-copy-source"},
	},
	"sts": {
		{"roleSessionName", "sts:RoleSessionName"}, {"externalId", "sts:ExternalId"}, {"sourceIdentity", "sts:SourceIdentity"}, {"durationSeconds", "sts:DurationSeconds"},
	},
	"iam": {{"permissionsBoundary", "iam:PermissionsBoundary"}, {"policyArn", "iam:PolicyARN"}},
	"kms": {{"encryptionAlgorithm", "kms:EncryptionAlgorithm"}, {"signingAlgorithm", "kms:SigningAlgorithm"}, {"granteePrincipal", "kms:GranteePrincipal"}},
}

// parameters reads condition keys from the request itself. A key that a request
// may have carried and the record does not show is not known.
func (r *record) parameters(q *Question) {
	service, _, _ := strings.Cut(q.Action, ":")
	if service != prefixOf(r.EventSource) {
		return
	}
	for _, h := range headers[service] {
		switch v := r.RequestParameters[h[0]].(type) {
		case string:
			q.set(h[1], v)
		case float64:
			q.set(h[1], strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	switch service {
	case "s3":
		switch r.AdditionalEventData["AuthenticationMethod"] {
		case "AuthHeader":
			q.set("s3:authType", "REST-HEADER")
		case "QueryString":
			q.set("s3:authType", "REST-QUERY-STRING")
		}
		if r.AdditionalEventData["SignatureVersion"] == "SigV4" {
			q.set("s3:signatureversion", "AWS4-HMAC-SHA256")
		}
	case "kms":
		r.encryptionContext(q)
	}
}

func (r *record) encryptionContext(q *Question) {
	pairs, ok := r.RequestParameters["encryptionContext"].(map[string]any)
	if !ok {
		return
	}
	var names []string
	for name, v := range pairs {
		if text, ok := v.(string); ok {
			q.Context.Set("kms:EncryptionContext:"+name, text)
			names = append(names, name)
		}
	}
	if len(names) == len(pairs) && len(names) > 0 {
		sort.Strings(names)
		q.Context.SetMulti("kms:EncryptionContextKeys", names...)
	}
	if alias := r.param("keyId"); strings.HasPrefix(alias, "alias/") {
		q.set("kms:RequestAlias", alias)
	}
}

// outcome is what AWS answered.
func (r *record) outcome(q, said *Question, spoken bool) {
	switch {
	case r.ErrorCode == "":
		q.Outcome = &Outcome{Allowed: true, Text: "(no error)"}
	case spoken:
		o := *said.Outcome
		q.Outcome, q.Encoded = &o, said.Encoded
		q.Notes = append(q.Notes, said.noteworthy()...)
	case r.refused():
		q.Outcome = &Outcome{Text: clip(r.ErrorCode)}
	default:
		q.note("the request failed with %s, which does not tell whether it was authorised", clipBytes(r.ErrorCode))
	}
	if text, ok := r.AdditionalEventData["encodedAuthorizationMessage"].(string); ok && q.Outcome != nil && !q.Outcome.Allowed {
		q.Encoded = text
	}
}

// noteworthy are the notes of a message that hold inside an event too.
func (q *Question) noteworthy() (list []string) {
	for _, n := range q.Notes {
		if strings.Contains(n, "encoded authorization message") {
			list = append(list, n)
		}
	}
	return list
}
