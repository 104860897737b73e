package backend

import (
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Block is a backend block, and OpenTofu's encryption block beside it. Exactly one
// of S3, HTTP and Local is set.
type Block struct {
	S3    *S3
	HTTP  *HTTP
	Local *Local
	// Encryption is OpenTofu's encryption block; nil: none.
	Encryption *Encryption
}

// S3 is where a state is in a bucket.
type S3 struct {
	Bucket, Key, Region string
	// KMSKeyARN is the key to encrypt under; "" leaves encrypt, kms_key_id and
	// use_lockfile out: the block that S3's own encryption was used with before.
	KMSKeyARN string
	// LockFile is use_lockfile. Without a key it is left out as well.
	LockFile bool
}

// HTTP is where a state is in GitLab. User and password are no part of it: engines
// read them from TF_HTTP_USERNAME and TF_HTTP_PASSWORD.
type HTTP struct {
	// Address is the state's, without a slash at its end.
	Address string
}

// Local is a file.
type Local struct {
	// Path is the file's, relative to the stack; "" is terraform.tfstate.
	Path string
}

// Encryption is what OpenTofu encrypts states and plans with before they leave the
// machine.
type Encryption struct {
	KMSKeyARN, Region string
	// Fallback lets it read what is not encrypted yet, for the first run.
	Fallback bool
}

// Type is the backend's: "s3", "http", "local".
func (b Block) Type() string {
	switch {
	case b.S3 != nil:
		return "s3"
	case b.HTTP != nil:
		return "http"
	}
	return "local"
}

// Text is a file with this block and nothing else, as "fmt" of both engines would
// leave it.
func (b Block) Text() []byte {
	file := hclwrite.NewEmptyFile()
	b.add(file.Body().AppendNewBlock("terraform", nil).Body())
	return hclwrite.Format(file.Bytes())
}

// add adds the blocks to a terraform block.
func (b Block) add(outer *hclwrite.Body) {
	b.fill(outer.AppendNewBlock("backend", []string{b.Type()}).Body())
	if b.Encryption != nil {
		b.Encryption.add(outer)
	}
}

func (e *Encryption) add(outer *hclwrite.Body) {
	outer.AppendNewline()
	e.fill(outer.AppendNewBlock("encryption", nil).Body())
}

// fill sets the attributes of the backend block.
func (b Block) fill(body *hclwrite.Body) {
	set := func(name, value string) { body.SetAttributeValue(name, cty.StringVal(value)) }
	switch {
	case b.S3 != nil:
		set("bucket", b.S3.Bucket)
		set("key", b.S3.Key)
		set("region", b.S3.Region)
		if b.S3.KMSKeyARN == "" {
			return
		}
		body.SetAttributeValue("encrypt", cty.True)
		set("kms_key_id", b.S3.KMSKeyARN)
		if b.S3.LockFile {
			body.SetAttributeValue("use_lockfile", cty.True)
		}
	case b.HTTP != nil:
		set("address", b.HTTP.Address)
		set("lock_address", b.HTTP.Address+"/lock")
		set("lock_method", "POST")
		set("unlock_address", b.HTTP.Address+"/lock")
		set("unlock_method", "DELETE")
		body.SetAttributeValue("retry_wait_min", cty.NumberIntVal(5))
	case b.Local != nil && b.Local.Path != "":
		set("path", b.Local.Path)
	}
}

// fill writes the encryption block. Source: OpenTofu "State and Plan Encryption":
// key provider aws_kms, method aes_gcm, method unencrypted for the migration.
func (e *Encryption) fill(body *hclwrite.Body) {
	provider := body.AppendNewBlock("key_provider", []string{"aws_kms", "state"}).Body()
	provider.SetAttributeValue("kms_key_id", cty.StringVal(e.KMSKeyARN))
	provider.SetAttributeValue("region", cty.StringVal(e.Region))
	provider.SetAttributeValue("key_spec", cty.StringVal("AES_256"))
	body.AppendNewline()
	reference(body.AppendNewBlock("method", []string{"aes_gcm", "state"}).Body(), "keys", "key_provider", "aws_kms", "state")
	if e.Fallback {
		body.AppendNewline()
		body.AppendNewBlock("method", []string{"unencrypted", "before"})
	}
	for _, what := range []string{"state", "plan"} {
		body.AppendNewline()
		b := body.AppendNewBlock(what, nil).Body()
		reference(b, "method", "method", "aes_gcm", "state")
		switch {
		case !e.Fallback:
			b.SetAttributeValue("enforced", cty.True)
		case what == "state":
			b.AppendNewline()
			reference(b.AppendNewBlock("fallback", nil).Body(), "method", "method", "unencrypted", "before")
		}
	}
}
