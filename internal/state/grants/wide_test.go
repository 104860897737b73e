package grants_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/state/grants"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// user makes a user whose own policies allow everything.
func (w *world) user(account, name string) sandbox.Credentials {
	w.Helper()
	client := w.iam(account)
	must(client.CreateUser(w.Context(), &iam.CreateUserInput{UserName: &name}))
	must(client.AttachUserPolicy(w.Context(), &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	key := must(client.CreateAccessKey(w.Context(), &iam.CreateAccessKeyInput{UserName: &name})).AccessKey
	return sandbox.Credentials{AccessKeyID: *key.AccessKeyId, SecretAccessKey: *key.SecretAccessKey}
}

// powerless makes a user of the state account whose own policies allow nothing.
func (w *world) powerless(name string) sandbox.Credentials {
	w.Helper()
	client := w.iam(stateAccount)
	must(client.CreateUser(w.Context(), &iam.CreateUserInput{UserName: &name}))
	key := must(client.CreateAccessKey(w.Context(), &iam.CreateAccessKeyInput{UserName: &name})).AccessKey
	return sandbox.Credentials{AccessKeyID: *key.AccessKeyId, SecretAccessKey: *key.SecretAccessKey}
}

// open takes the bucket's public access block off, which a new bucket has.
func (w *world) open() {
	must(w.s3.DeletePublicAccessBlock(w.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(bucket)}))
}

const all = `{"Effect":"Allow","Action":["s3:*","kms:*"],"Resource":"*"}`

// What is too wide is named, with the policy and its statement; and it is too wide: who
// is named is let in by the sandbox.
func TestWhatIsTooWideIsNamed(t *testing.T) {
	t.Parallel()
	const (
		decrypt = `"Action":"kms:Decrypt","Resource":"*"`
		read    = `"Action":"s3:GetObject","Resource":"arn:aws:s3:::` + bucket + `/development*"`
	)
	allow := func(who, what string) string {
		if who != `"*"` {
			who = `{"AWS":"` + who + `"}`
		}
		return `{"Sid":"Wide","Effect":"Allow","Principal":` + who + `,` + what + `}`
	}
	w, p := granted(t)
	w.open()
	staging, somebody, far := w.creds["staging"], w.user(accounts["development"], "somebody"), w.user("999988887777", "far")
	w.ownPolicy("staging", all)
	must(w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("development"), Body: strings.NewReader("{}")}))
	for name, tt := range map[string]struct {
		key, bucket string
		rule        string
		principal   string
		actions     string
		who         sandbox.Credentials
	}{
		"another environment's principal in the key policy": {key: allow(w.users["staging"], decrypt), rule: "grants-other-environment", principal: w.users["staging"], actions: "kms:Decrypt", who: staging},
		"everyone in the key policy":                        {key: allow(`"*"`, decrypt), rule: "grants-stranger", principal: "arn:aws:iam::000000000000:user/somebody", actions: "kms:Decrypt", who: far},
		"everyone of an account in the key policy":          {key: allow("arn:aws:iam::"+accounts["development"]+":root", decrypt), rule: "grants-stranger", principal: "arn:aws:iam::" + accounts["development"] + ":user/somebody", actions: "kms:Decrypt", who: somebody},
		"kms:* in the key policy":                           {key: allow(w.users["development"], `"Action":"kms:*","Resource":"*"`), rule: "grants-wide", principal: w.users["development"], actions: "kms:PutKeyPolicy"},
		"another environment's principal at the bucket":     {bucket: allow(w.users["staging"], read), rule: "grants-other-environment", principal: w.users["staging"], actions: "s3:GetObject", who: staging},
		"everyone at the bucket":                            {bucket: allow(`"*"`, read), rule: "grants-stranger", principal: "arn:aws:iam::000000000000:user/somebody", actions: "s3:GetObject", who: far},
		"somebody else at the bucket":                       {bucket: allow("arn:aws:iam::999988887777:user/far", read), rule: "grants-stranger", principal: "arn:aws:iam::999988887777:user/far", actions: "s3:GetObject", who: far},
		"deleting states":                                   {bucket: allow(w.users["development"], `"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::`+bucket+`/development"`), rule: "grants-wide", principal: w.users["development"], actions: "s3:DeleteObject"},
		"another environment's states":                      {bucket: allow(w.users["development"], `"Action":"s3:GetObject","Resource":"arn:aws:s3:::`+bucket+`/staging"`), rule: "grants-wide", principal: w.users["development"], actions: "s3:GetObject"},
		"the bucket itself":                                 {bucket: allow(w.users["development"], `"Action":"s3:PutBucketPolicy","Resource":"arn:aws:s3:::`+bucket+`"`), rule: "grants-wide", principal: w.users["development"], actions: "s3:PutBucketPolicy"},
	} {
		w.paste(p, "development")
		w.ownPolicy("development", all)
		w.keyPolicy("development", strings.Trim(text(w, p["key"])+","+tt.key, ","))
		if tt.bucket != "" {
			w.bucketPolicy(text(w, p["bucket"]), tt.bucket)
		}
		e := w.check(w.room(true), "development")
		wide := told(e, grants.Wide)
		if len(wide) != 1 || e.Verdict() != 2 {
			t.Errorf("%s: found %s", name, show(told(e, grants.Missing, grants.Wide, grants.Unknown)))
			continue
		}
		f := wide[0]
		if f.Rule != tt.rule || f.Principal != tt.principal || !strings.Contains(strings.Join(f.Actions, " "), tt.actions) || f.Side != grants.StateSide || !strings.Contains(f.Fix, `statement "Wide" of the policy of`) {
			t.Errorf("%s: found %s", name, show(f))
		}
		// The same by real requests.
		if tt.who == (sandbox.Credentials{}) {
			continue
		}
		var err error
		if tt.key != "" {
			key := w.keys["development"]
			blob := must(w.kms.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("x")})).CiphertextBlob
			_, err = kms.NewFromConfig(w.sb.Config(tt.who)).Decrypt(t.Context(), &kms.DecryptInput{KeyId: &key, CiphertextBlob: blob})
		} else {
			_, err = s3.NewFromConfig(w.sb.Config(tt.who)).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("development")})
		}
		if err != nil {
			t.Errorf("%s is called too wide, and does not let in: %v", name, err)
		}
	}
}

// A principal whose own policies allow everything, as a deploy user's do, is kept in by
// the other side: worth a note. In the state account nothing keeps it in.
func TestItsOwnPoliciesAreTooWideWhereNothingElseStopsThem(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	w.ownPolicy("development", all)
	e := w.check(w.room(true), "development")
	notes := show(told(e, grants.Note))
	if e.Verdict() != 0 || !strings.Contains(notes, "grants-idle") || !strings.Contains(notes, "kms:PutKeyPolicy") || !strings.Contains(notes, "only the policy of environment production's key keeps it out") {
		t.Errorf("found %s", show(e.Findings))
	}

	w = newWorld(t, "development")
	r := w.room(true)
	w.paste(printed(w.check(r, "development")), "development")
	w.ownPolicy("development", all)
	e = w.check(r, "development")
	wide := told(e, grants.Wide)
	for _, what := range []string{"kms:PutKeyPolicy", "s3:DeleteObject", "s3:PutBucketPolicy", "environment staging's states", "environment staging's key"} {
		if !strings.Contains(show(wide), what) {
			t.Errorf("%s is not among %s", what, show(wide))
		}
	}
	for _, f := range wide {
		if f.Side != grants.PrincipalSide || f.Where != "policies of "+w.users["development"] {
			t.Errorf("found %s", show(f))
		}
	}
	must(w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("staging"), Body: strings.NewReader("{}")}))
	if _, err := s3.NewFromConfig(w.sb.Config(w.creds["development"])).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("staging")}); err != nil {
		t.Errorf("it is called too wide, and is refused: %v", err)
	}

	// Of the other keys a right to look at them is none too many.
	key := w.keys["staging"]
	blob := must(w.kms.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("x")})).CiphertextBlob
	for own, keys := range map[string]int{`{"Effect":"Allow","Action":["kms:Decrypt","kms:List*"],"Resource":"` + key + `"}`: 1, `{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*"}`: 0} {
		w.ownPolicy("development", own)
		wide := told(w.check(r, "development"), grants.Wide)
		_, err := kms.NewFromConfig(w.sb.Config(w.creds["development"])).Decrypt(t.Context(), &kms.DecryptInput{KeyId: &key, CiphertextBlob: blob})
		if len(wide) != keys || keys == 1 && (strings.Join(wide[0].Actions, " ") != "kms:Decrypt" || strings.Join(wide[0].Resources, " ") != key) || (err == nil) != (keys == 1) {
			t.Errorf("with %s: %v, found %s", own, err, show(wide))
		}
	}
}

// Everyone on a condition may be somebody, or nobody: whom the condition lets in is named,
// or what it depends on; and what is said is what becomes of their requests. A condition
// that names the environment's principal lets in no other.
func TestEveryoneOnACondition(t *testing.T) {
	t.Parallel()
	w, p := granted(t)
	key := w.keys["development"]
	blob := must(w.kms.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &key, Plaintext: []byte("x")})).CiphertextBlob
	far, near := w.user("999988887777", "far"), w.powerless("near")
	for _, tt := range []struct {
		condition string
		says      string
		// who is let in; zero: nobody is that there is.
		who sandbox.Credentials
	}{
		{`{"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}}`, "depending on aws:PrincipalOrgID", sandbox.Credentials{}},
		{`{"ArnEquals":{"aws:PrincipalArn":"` + w.users["development"] + `"}}`, "", sandbox.Credentials{}},
		{`{"StringEquals":{"kms:CallerAccount":"` + stateAccount + `"}}`, "everyone in account " + stateAccount, near},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::` + stateAccount + `:user/n*"}}`, "whoever is called like arn:aws:iam::" + stateAccount + ":user/n*", near},
		{`{"StringEquals":{"aws:PrincipalAccount":"999988887777"}}`, "everyone in account 999988887777", far},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/f*"}}`, "whoever is called like arn:aws:iam::*:user/f*", far},
		{`{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::999988887777:*"}}`, "whoever is called like arn:aws:iam::999988887777:*", far},
		{`{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::999988887777:user/far"}}`, "arn:aws:iam::999988887777:user/far may", far},
		{`{"StringNotEquals":{"aws:PrincipalAccount":"999988887777"}}`, "everyone", near},
	} {
		w.keyPolicy("development", text(w, p["key"])+`,{"Sid":"Wide","Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":`+tt.condition+`}`)
		wide := told(w.check(w.room(true), "development"), grants.Wide)
		if (len(wide) > 0) != (tt.says != "") || len(wide) > 0 && !strings.Contains(show(wide), tt.says) {
			t.Errorf("%s: found %s", tt.condition, show(wide))
		}
		for _, who := range []sandbox.Credentials{far, near} {
			_, err := kms.NewFromConfig(w.sb.Config(who)).Decrypt(t.Context(), &kms.DecryptInput{KeyId: &key, CiphertextBlob: blob})
			if in := who == tt.who; (err == nil) != in {
				t.Errorf("%s: %v, and let in should be %t", tt.condition, err, in)
			}
		}
	}
}

// Whoever is not an engine sends what they like: a right that depends on that is one.
func TestACallerChoosesWhatItSends(t *testing.T) {
	t.Parallel()
	w, p := granted(t)
	far := s3.NewFromConfig(w.sb.Config(w.user("999988887777", "far")))
	state := `"arn:aws:s3:::` + bucket + `/development"`
	w.bucketPolicy(text(w, p["bucket"]), `{"Sid":"Wide","Effect":"Allow","Principal":{"AWS":"999988887777"},"Action":"s3:PutObject","Resource":`+state+`,"Condition":{"StringEquals":{"s3:x-amz-storage-class":"STANDARD_IA"}}}`)
	f := w.one(w.check(w.room(true), "development"))
	if f.Level != grants.Wide || !strings.Contains(f.Summary, "s3:x-amz-storage-class") || strings.Join(f.Actions, " ") != "s3:PutObject" {
		t.Errorf("found %s", show(f))
	}
	if _, err := far.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("development"), Body: strings.NewReader("{}"), StorageClass: "STANDARD_IA"}); err != nil {
		t.Errorf("it is called too wide, and is refused: %v", err)
	}
	w.clear()

	// An access point's policy says who: it is not read.
	w.bucketPolicy(text(w, p["bucket"]), `{"Sid":"Wide","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":`+state+`,"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"`+stateAccount+`"}}}`)
	if wide := show(told(w.check(w.room(true), "development"), grants.Wide)); !strings.Contains(wide, "depending on s3:DataAccessPointAccount") {
		t.Errorf("found %s", wide)
	}

	w.bucketPolicy(text(w, p["bucket"]))
	w.ownPolicy("development", all)
	w.keyPolicy("development", text(w, p["key"])+`,{"Sid":"Wide","Effect":"Allow","Principal":{"AWS":"`+w.users["development"]+`"},"Action":"kms:ScheduleKeyDeletion","Resource":"*","Condition":{"NumericEquals":{"kms:ScheduleKeyDeletionPendingWindowInDays":"7"}}}`)
	f = w.one(w.check(w.room(true), "development"))
	if f.Level != grants.Wide || !strings.Contains(f.Summary, "kms:ScheduleKeyDeletionPendingWindowInDays") {
		t.Errorf("found %s", show(f))
	}
}

// A public bucket policy does not count for other accounts where Block Public Access
// says so, of the bucket or of the account.
func TestAPublicPolicyThatIsBlocked(t *testing.T) {
	t.Parallel()
	w, p := granted(t)
	w.open()
	list := []string{}
	for _, s := range p["bucket"] {
		s.Principal = map[string][]string{"AWS": {"*"}}
		list = append(list, s.Text())
	}
	w.bucketPolicy(list...)
	if e := w.check(w.room(true), "development"); len(told(e, grants.Missing)) != 0 || len(told(e, grants.Wide)) == 0 {
		t.Errorf("not blocked: %s", show(e.Findings))
	}
	must(w.s3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{Bucket: aws.String(bucket), PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)}}))
	if err := w.act("development", true); err == nil {
		t.Error("blocked, and yet it works")
	}
	e := w.check(w.room(true), "development")
	missing := told(e, grants.Missing)
	if len(missing) == 0 {
		t.Fatalf("blocked: %s", show(e.Findings))
	}
	for _, f := range missing {
		if f.Rule != "grants-public" || f.Side != grants.StateSide || !strings.Contains(f.Why, "RestrictPublicBuckets") {
			t.Errorf("blocked: %s", show(f))
		}
	}
	// For the state account itself it counts.
	if wide := told(e, grants.Wide); len(wide) != 1 || !strings.Contains(wide[0].Summary, "everyone in account "+stateAccount) {
		t.Errorf("blocked: %s", show(wide))
	}
	must(w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("development"), Body: strings.NewReader("{}")}))
	if _, err := s3.NewFromConfig(w.sb.Config(w.powerless("near"))).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("development")}); err != nil {
		t.Errorf("it is called too wide, and is refused: %v", err)
	}

	// Whether the account stops it may not be known: then neither is the answer.
	must(w.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(bucket)}))
	e = w.by(w.weak("s3:GetAccountPublicAccessBlock"), "development")
	for _, c := range e.Principals[0].Checks {
		if strings.HasPrefix(c.Action, "s3:") && c.State != "unknown" {
			t.Errorf("judged %+v", c)
		}
	}
	if e.Verdict() != 2 || !strings.Contains(show(told(e, grants.Unknown)), "the account's public access block") {
		t.Errorf("found %s", show(told(e, grants.Missing, grants.Unknown)))
	}
}
