package verify

import (
	"net/http"
	"slices"
	"strings"

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
	as := k.asReader().Store(k.t, "")
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
// every object and nothing else.
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
		k.decided()
		return
	}
	best, worst, keys, err := ReaderDecrypts(k.Room.Partition(), k.Room.Account, k.Room.State.Region, k.Room.State.Bucket, k.t.Key(), e, read.policy.Documents[0])
	switch {
	case err != nil:
		k.add(ReaderRefused, Unknown, "try it: --reader-profile PROFILE", "the key policy is not understood: %s", err)
	case !best:
		k.add(ReaderRefused, OK, "", "the key policy lets nobody decrypt who has s3:GetObject alone")
	case worst:
		k.add(ReaderRefused, Failed, k.keyPolicyFix(), "the key policy lets everybody of account %s decrypt who may read the object", k.Room.Account)
	default:
		k.add(ReaderRefused, Unknown, "try it: --reader-profile PROFILE", "it turns on %s", strings.Join(keys, ", "))
	}
	k.decided()
}

// ReaderDecrypts decides whether a user of the state account who has s3:GetObject on
// everything, and nothing else, could decrypt an object through S3: at best, with what
// is not known of the request as it would suit them, and at worst. keys are what it
// turns on when the two differ.
func ReaderDecrypts(partition, account, region, bucket, object string, e statestore.Encryption, keyPolicy policyread.Document) (best, worst bool, keys []string, err error) {
	doc, err := policy.Parse(keyPolicy.Name, keyPolicy.Text, policy.Key)
	if err != nil {
		return false, false, nil, err
	}
	own, err := policy.Parse("somebody who reads objects", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`), policy.Identity)
	if err != nil {
		return false, false, nil, err
	}
	who := &policy.Principal{Type: policy.User, ARN: "arn:" + partition + ":iam::" + account + ":user/strongroom-made-up-reader", Account: account, ID: "AIDASTRONGROOMMADEUPX"}
	about := "arn:" + partition + ":s3:::" + bucket
	if !e.BucketKey {
		about += "/" + object
	}
	ctx := &policy.Context{}
	for name, value := range map[string]string{
		"aws:PrincipalArn": who.ARN, "aws:PrincipalAccount": account, "aws:PrincipalType": "User", "aws:userid": who.ID, "aws:username": "strongroom-made-up-reader",
		"aws:PrincipalIsAWSService": "false", "aws:SecureTransport": "true", "aws:ResourceAccount": account, "aws:RequestedRegion": region, "aws:ViaAWSService": "true",
		"kms:CallerAccount": account, "kms:ViaService": "s3." + region + ".amazonaws.com", "kms:EncryptionContext:aws:s3:arn": about, "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
	} {
		ctx.Set(name, value)
	}
	ctx.SetMulti("kms:EncryptionContextKeys", "aws:s3:arn")
	ask := &policy.Request{Principal: who, Action: "kms:Decrypt", Resource: e.KeyARN, ResourceAccount: account, Context: ctx}
	unknown := func(name string) bool { return !ctx.Has(name) }
	set := policy.Set{Identity: []*policy.Policy{own}, Resource: doc}
	best = set.Assume(unknown, true).Decide(ask).Verdict == policy.Allow
	worst = set.Assume(unknown, false).Decide(ask).Verdict == policy.Allow
	if best != worst {
		for _, name := range doc.Keys() {
			if unknown(name) && !slices.Contains(keys, name) {
				keys = append(keys, name)
			}
		}
	}
	return best, worst, keys, nil
}
