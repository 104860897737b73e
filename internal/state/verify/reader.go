package verify

import (
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/policy"
)

// readerRefused checks that s3:GetObject alone does not reveal the state.
func (k *check) readerRefused() {
	e := k.info.Encryption
	if !strings.HasPrefix(e.Algorithm, "aws:kms") {
		if k.want.Encryption.Algorithm == "AES256" {
			k.add(ReaderRefused, Skipped, "", "under SSE-S3 whoever may read the object reads the state")
			return
		}
		k.add(ReaderRefused, Failed, "run: strongroom state rekey --env "+k.e.Name, "it is %s: whoever may read the object reads the state", Words(e))
		return
	}
	if k.Reader != nil {
		k.tryReader()
		return
	}
	k.decideReader(e)
}

// tryReader reads as somebody who should not be able to. That HeadObject answers
// shows that it is not for want of s3:GetObject. Source: S3 API HeadObject: it needs
// s3:GetObject and no key.
func (k *check) tryReader() {
	reader := k.asReader()
	if err := reader.ask(k.ctx); err != nil {
		k.add(ReaderRefused, Unknown, "check --reader-profile PROFILE", "the reader's credentials do not work: %s", cause(err))
		return
	}
	for _, p := range k.e.Principals {
		if is(reader.arn, p) {
			k.add(ReaderRefused, Unknown, "give --reader-profile somebody who may read objects and is to decrypt nothing", "the reader is %s, the principal, who is to read it", p)
			return
		}
	}
	as := reader.bucket.Store(k.t, "")
	if info, err := as.HeadVersion(k.ctx, k.want.Version); err != nil || info == nil {
		why := "it does not see the object"
		if err != nil {
			why = cause(err)
		}
		k.add(ReaderRefused, Unknown, "give --reader-profile somebody with s3:GetObject on the state bucket", "the reader may not even read objects, so a refusal would show nothing: %s", why)
		return
	}
	_, err := as.Read(k.ctx, k.want.Version)
	switch {
	case err == nil:
		k.add(ReaderRefused, Failed, k.keyPolicyFix(), "it was read with the reader's credentials: they may decrypt under %s", k.info.Encryption.KeyARN)
	case statestore.Status(err) == http.StatusForbidden && statestore.Code(err) == "AccessDenied":
		k.add(ReaderRefused, OK, "", "HeadObject was answered, GetObject refused")
	default:
		k.add(ReaderRefused, Unknown, "", "the reader was not refused by a policy: %s", cause(err))
	}
}

func (k *check) keyPolicyFix() string {
	return "take out of the key policy, and of the reader's policies, what lets it kms:Decrypt: strongroom state grants --env " + k.e.Name
}

// decideReader asks the key policy about somebody of the state account who may read
// every object and nothing else. It is all that has a say, beside KMS grants, which name
// those whom they let in.
func (k *check) decideReader(e statestore.Encryption) {
	if e.KeyARN == "" {
		k.add(ReaderRefused, Unknown, "", "S3 does not say under which key it is")
		return
	}
	read := k.readKey(k.ctx, e.KeyARN)
	if len(read.policy.Documents) == 0 {
		why := "the key policy was not read"
		for _, g := range read.policy.Gaps {
			why = g.Why
		}
		k.add(ReaderRefused, Unknown, "name credentials that may kms:GetKeyPolicy, or try it: --reader-profile PROFILE", "%s", why)
		return
	}
	best, worst, keys, err := readerDecrypts(k.Room.Partition(), k.Room.Account, k.Room.State.Region, k.Room.State.Bucket, k.t.Key(), e, read.policy.Documents[0])
	switch {
	case err != nil:
		k.add(ReaderRefused, Unknown, "try it: --reader-profile PROFILE", "the key policy is not understood: %s", err)
	case !best && k.grantedToAll(read.policy.Grants):
		k.add(ReaderRefused, Unknown, "revoke the grant, or try it: --reader-profile PROFILE; see: aws kms list-grants --key-id "+e.KeyARN, "a KMS grant names account %s as a whole, and what that lets its users do is not documented", k.Room.Account)
	case !best:
		k.add(ReaderRefused, OK, "", "the key policy lets nobody decrypt who has s3:GetObject alone")
		k.decided()
	case worst:
		k.add(ReaderRefused, Failed, k.keyPolicyFix(), "the key policy lets users or roles of account %s decrypt who may read the object, and need nothing else", k.Room.Account)
		k.decided()
	default:
		k.add(ReaderRefused, Unknown, "try it: --reader-profile PROFILE", "whether the key policy lets somebody decrypt who may read the object turns on %s", strings.Join(keys, ", "))
	}
}

// grantedToAll reports a KMS grant to the account itself.
//
// Source: KMS API CreateGrant, GranteePrincipal: accounts are valid, and what one means
// for the account's users is not said.
func (k *check) grantedToAll(grants []kmstypes.GrantListEntry) bool {
	for _, g := range grants {
		to := aws.ToString(g.GranteePrincipal)
		if (to == k.Room.Account || account(to) == k.Room.Account && strings.HasSuffix(to, ":root")) && slices.Contains(g.Operations, kmstypes.GrantOperationDecrypt) {
			return true
		}
	}
	return false
}

// readerDecrypts decides whether somebody of the state account who has s3:GetObject on
// everything, and nothing else, could decrypt an object through S3: a user, or the
// session of a role. Best is the answer with what is not known of the request as it
// would suit them, worst as it would not. keys are what it turns on when the two differ.
//
// Somebody of another account needs no asking: across accounts their own policies have
// to allow kms:Decrypt as well, and those allow s3:GetObject alone.
func readerDecrypts(partition, account, region, bucket, object string, e statestore.Encryption, keyPolicy policyread.Document) (best, worst bool, keys []string, err error) {
	doc, err := policy.Parse(keyPolicy.Name, keyPolicy.Text, policy.Key)
	if err != nil {
		return false, false, nil, err
	}
	own, err := policy.Parse("somebody who reads objects", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`), policy.Identity)
	if err != nil {
		return false, false, nil, err
	}
	about := "arn:" + partition + ":s3:::" + bucket
	if !e.BucketKey {
		about += "/" + object
	}
	const name = "strongroom-made-up-reader"
	role := "arn:" + partition + ":iam::" + account + ":role/" + name
	for _, who := range []struct {
		*policy.Principal
		keys map[string]string
	}{
		{&policy.Principal{Type: policy.User, ARN: "arn:" + partition + ":iam::" + account + ":user/" + name, Account: account, ID: "AIDASTRONGROOMMADEUPX"},
			map[string]string{"aws:PrincipalArn": "arn:" + partition + ":iam::" + account + ":user/" + name, "aws:PrincipalType": "User", "aws:userid": "AIDASTRONGROOMMADEUPX", "aws:username": name}},
		{&policy.Principal{Type: policy.AssumedRole, ARN: "arn:" + partition + ":sts::" + account + ":assumed-role/" + name + "/session", RoleARN: role, Account: account, ID: "AROASTRONGROOMMADEUPX"},
			map[string]string{"aws:PrincipalArn": role, "aws:PrincipalType": "AssumedRole", "aws:userid": "AROASTRONGROOMMADEUPX:session"}},
	} {
		ctx := &policy.Context{}
		for name, value := range map[string]string{
			"aws:PrincipalAccount": account, "aws:PrincipalIsAWSService": "false", "aws:SecureTransport": "true", "aws:ResourceAccount": account, "aws:RequestedRegion": region, "aws:ViaAWSService": "true",
			"kms:CallerAccount": account, "kms:ViaService": "s3." + region + ".amazonaws.com", "kms:EncryptionContext:aws:s3:arn": about, "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
		} {
			ctx.Set(name, value)
		}
		for name, value := range who.keys {
			ctx.Set(name, value)
		}
		ctx.SetMulti("kms:EncryptionContextKeys", "aws:s3:arn")
		ask := &policy.Request{Principal: who.Principal, Action: "kms:Decrypt", Resource: e.KeyARN, ResourceAccount: account, Context: ctx}
		// A role's session has no user name, and a user no role: these are absent, not unknown.
		unknown := func(name string) bool { return !ctx.Has(name) && !strings.EqualFold(name, "aws:username") }
		set := policy.Set{Identity: []*policy.Policy{own}, Resource: doc}
		could, would := set.Assume(unknown, true).Decide(ask).Verdict == policy.Allow, set.Assume(unknown, false).Decide(ask).Verdict == policy.Allow
		best, worst = best || could, worst || would
		if could && !would {
			for _, name := range doc.Keys() {
				if unknown(name) && !slices.Contains(keys, name) {
					keys = append(keys, name)
				}
			}
		}
	}
	return best, worst, keys, nil
}
