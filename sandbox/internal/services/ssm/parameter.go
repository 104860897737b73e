package ssm

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// parameter is what all versions share.
type parameter struct {
	Account, Region, Name string
	// Current is the newest version, Oldest the oldest that is kept.
	Current, Oldest int64
	// Labels are the versions that labels stand for.
	Labels map[string]int64
	Tags   map[string]string
}

// version is one version of a parameter.
type version struct {
	Number                      int64
	Type                        types.ParameterType
	Tier                        types.ParameterTier
	DataType                    string
	Description, AllowedPattern *string
	Modified                    time.Time
	User                        string // ARN
	// Value of a String or StringList.
	Value string
	// KeyID of a SecureString as it was named, and the key that it meant.
	KeyID, KeyARN string
	// Sealed is a SecureString's value: KMS's ciphertext, or what DataKey encrypted.
	Sealed []byte
	// DataKey is KMS's blob; nil: KMS encrypted the value itself.
	DataKey []byte
}

func (p *parameter) arn() string { return parameterARN(p.Account, p.Region, p.Name) }
func (p *parameter) key() string { return place(p.Account, p.Region) + p.Name }

func (p *parameter) version(n int64) string { return fmt.Sprintf("%s:%020d", p.key(), n) }

// Limits of a parameter.
// Source: Systems Manager User Guide "Managing parameter tiers"; "Working with parameter
// versions": 100 versions.
const (
	standardSize = 4096
	advancedSize = 8192
	maxVersions  = 100
)

func (s *Service) putRows() []op.Row {
	put := op.New("PutParameter", "Systems Manager API_PutParameter", op.Write, s.checkPut, s.put)
	put.Secret = []string{"Value"}
	return []op.Row{put}
}

// checkPut asks for the parameter, for its tags, and for its key.
// Source: Service Authorization Reference, PutParameter; Systems Manager User Guide
// "Tagging Parameter Store parameters": ssm:AddTagsToResource; KMS Developer Guide "How AWS
// Systems Manager Parameter Store uses AWS KMS": kms:Encrypt for standard and
// kms:GenerateDataKey for advanced SecureStrings.
func (s *Service) checkPut(c *op.Call, in *sdk.PutParameterInput) ([]op.Check, error) {
	name := strings.TrimSpace(text(in.Name))
	in.Name = &name
	if err := checkName(c, name); err != nil {
		return nil, err
	}
	own, err := readTags(in.Tags)
	if err != nil {
		return nil, err
	}
	r := reference{account: c.Caller.Account, name: name}
	keys := []op.Key{op.Single("ssm:Overwrite", strconv.FormatBool(in.Overwrite != nil && *in.Overwrite))}
	if in.Policies != nil {
		keys = append(keys, op.Single("ssm:Policies", *in.Policies))
	}
	checks := []op.Check{s.check(c, "PutParameter", r, append(keys, tags.RequestKeys(own)...)...)}
	if len(own) > 0 {
		checks = append(checks, s.check(c, "AddTagsToResource", r, tags.RequestKeys(own)...))
	}
	_, v, err := s.next(c, in)
	if err != nil {
		return checks, nil // the handler says it, to those who may put the parameter
	}
	if v.Type == types.ParameterTypeSecureString {
		action := "kms:Encrypt"
		if v.Tier == types.ParameterTierAdvanced {
			action = "kms:GenerateDataKey"
		}
		check, err := s.keyCheck(c, action, r.account, name, v.KeyARN)
		if err != nil {
			return nil, err
		}
		checks = append(checks, check)
	}
	return checks, nil
}

// next is the parameter with the version that the input makes, its value not sealed yet.
// What the input leaves out of an existing parameter stays: its type, description, data
// type, pattern and key. The provider relies on that for the description and the data type
// and, in its updates, for the key; the pages say it of the type alone.
func (s *Service) next(c *op.Call, in *sdk.PutParameterInput) (*parameter, *version, error) {
	own, err := readTags(in.Tags)
	if err != nil {
		return nil, nil, err
	}
	overwrite := in.Overwrite != nil && *in.Overwrite
	p := &parameter{Account: c.Caller.Account, Region: c.Region, Name: *in.Name, Oldest: 1, Tags: own}
	v := &version{Type: in.Type, Description: in.Description, AllowedPattern: in.AllowedPattern, DataType: text(in.DataType), Modified: c.Now, User: c.Caller.Principal.ARN}
	old := (*version)(nil)
	if have := s.parameters.Get(p.key()); have != nil {
		if !overwrite {
			return nil, nil, fail("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
		}
		copied := *have
		p, old = &copied, s.versions.Get(have.version(have.Current))
		if v.Type == "" {
			v.Type = old.Type
		}
		if v.Description == nil {
			v.Description = old.Description
		}
		if v.AllowedPattern == nil {
			v.AllowedPattern = old.AllowedPattern
		}
		if v.DataType == "" {
			v.DataType = old.DataType
		}
	}
	if v.DataType == "" {
		v.DataType = "text"
	}
	p.Current++
	v.Number = p.Current
	switch {
	case overwrite && len(in.Tags) > 0:
		return nil, nil, invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	case v.Type == "":
		return nil, nil, invalid("A parameter type is required when you create a parameter.")
	case v.DataType == "aws:ec2:image" || v.DataType == "aws:ssm:integration":
		return nil, nil, refuse("parameters of the data type " + v.DataType)
	case v.DataType != "text":
		return nil, nil, invalid("The following data type is not supported: %s (Data type names are all lowercase.)", v.DataType)
	case utf8.RuneCountInString(text(in.Description)) > 1024:
		return nil, nil, invalid("1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1024.")
	}
	if policies := strings.Join(strings.Fields(text(in.Policies)), ""); policies != "" && policies != "[]" {
		return nil, nil, refuse("parameter policies (Policies)")
	}
	if v.Value, err = checkValue(v, text(in.Value)); err != nil {
		return nil, nil, err
	}
	if v.Tier, err = tier(in.Tier, old, len(v.Value)); err != nil {
		return nil, nil, err
	}
	return p, v, s.chooseKey(c, v, old, in.KeyId)
}

// checkValue holds the value against its type and pattern. No error holds it.
func checkValue(v *version, value string) (string, error) {
	switch v.Type {
	case types.ParameterTypeString, types.ParameterTypeSecureString:
	case types.ParameterTypeStringList:
		for item := range strings.SplitSeq(value, ",") {
			if item == "" {
				return "", invalid("Invalid parameter value: a list has no empty item.")
			}
		}
	default:
		return "", fail("UnsupportedParameterType", "The parameter type %s is not supported.", v.Type)
	}
	switch {
	case value == "":
		return "", invalid("1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.")
	case !utf8.ValidString(value):
		return "", invalid("The parameter value is not UTF-8.")
	case strings.Contains(value, "{{") && strings.Contains(value, "}}"):
		return "", invalid("Parameter value: can't nest another parameter. Do not use \"{{}}\" in the value.")
	}
	if pattern := text(v.AllowedPattern); pattern != "" {
		if len(pattern) > 1024 {
			return "", invalid("1 validation error detected: Value at 'allowedPattern' failed to satisfy constraint: Member must have length less than or equal to 1024.")
		}
		// AWS's patterns are Java's, and hold for the whole value.
		form, err := regexp.Compile(`^(?:` + pattern + `)$`)
		if err != nil {
			return "", fail("InvalidAllowedPatternException", "The request does not meet the regular expression requirement: %s is none that the sandbox can read.", pattern)
		}
		if !form.MatchString(value) {
			return "", fail("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", pattern)
		}
	}
	return value, nil
}

// tier of the new version. Without one in the request, an advanced parameter stays one.
// Source: Systems Manager User Guide "Managing parameter tiers"; API Reference PutParameter,
// Tier: the default tier is Standard, and the sandbox has no other default.
func tier(asked types.ParameterTier, old *version, size int) (types.ParameterTier, error) {
	was := old != nil && old.Tier == types.ParameterTierAdvanced
	switch asked {
	case types.ParameterTierStandard:
		if was {
			return "", invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.")
		}
	case "":
		if asked = types.ParameterTierStandard; was {
			asked = types.ParameterTierAdvanced
		}
	case types.ParameterTierAdvanced:
	case types.ParameterTierIntelligentTiering:
		if asked = types.ParameterTierStandard; was || size > standardSize {
			asked = types.ParameterTierAdvanced
		}
	default:
		return "", invalid("1 validation error detected: Value '%s' at 'tier' failed to satisfy constraint: Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]", asked)
	}
	const more = "For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
	if asked == types.ParameterTierStandard && size > standardSize {
		return "", invalid("Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. %s", standardSize, more)
	}
	if size > advancedSize {
		return "", invalid("Advanced tier parameters support a maximum parameter value of %d characters. %s", advancedSize, more)
	}
	return asked, nil
}

func (s *Service) put(c *op.Call, in *sdk.PutParameterInput) (*sdk.PutParameterOutput, error) {
	p, v, err := s.next(c, in)
	if err != nil {
		return nil, err
	}
	drop := int64(0)
	if p.Current-p.Oldest >= maxVersions {
		// Source: API Reference PutParameter, ParameterMaxVersionLimitExceeded.
		for label, n := range p.Labels {
			if n == p.Oldest {
				return nil, fail("ParameterMaxVersionLimitExceeded", "You attempted to create a new version of %s by calling the PutParameter API with the overwrite flag. Version %d, the oldest version, can't be deleted because it has a label associated with it (%s). Move the label to another version of the parameter, and try again.", p.Name, p.Oldest, label)
			}
		}
		drop = p.Oldest
		p.Oldest++
	}
	if err := s.seal(c, p, v); err != nil {
		return nil, err
	}
	if drop > 0 {
		s.versions.Delete(p.version(drop))
	}
	p.Labels = maps.Clone(p.Labels)
	s.versions.Put(p.version(v.Number), v)
	s.parameters.Put(p.key(), p)
	c.Signal(p.changed(c, v, map[bool]string{true: "Create", false: "Update"}[v.Number == 1]))
	return &sdk.PutParameterOutput{Version: v.Number, Tier: v.Tier}, nil
}

// changed is the event of a change.
// Source: Systems Manager User Guide "Setting up notifications or trigger actions based on
// Parameter Store events"; EventBridge reference "Parameter Store Change".
func (p *parameter) changed(c *op.Call, v *version, operation string) op.Signal {
	detail := map[string]string{"operation": operation, "name": p.Name, "type": string(v.Type)}
	if d := text(v.Description); d != "" {
		detail["description"] = d
	}
	return op.Signal{Source: "aws.ssm", DetailType: "Parameter Store Change", Account: p.Account, Region: p.Region, Time: c.Now,
		Resources: []string{p.arn()}, Detail: detail}
}
