package iam

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// AccessKey is a long-term access key. Its key is its ID.
type AccessKey struct {
	ID, Secret string
	Account    string
	// User is the unique ID of the key's user; empty: the root user.
	User     string `json:",omitempty"`
	Inactive bool   `json:",omitempty"`
	Created  time.Time
}

func (k *AccessKey) status() types.StatusType {
	if k.Inactive {
		return types.StatusTypeInactive
	}
	return types.StatusTypeActive
}

func (s *Service) accessKeyRows() []op.Row {
	create := write("CreateAccessKey", "UserName",
		onSelf(s, "CreateAccessKey", func(in *iam.CreateAccessKeyInput) *string { return in.UserName }), s.createAccessKey)
	create.Secret = []string{"SecretAccessKey"}
	return []op.Row{
		create,
		read("ListAccessKeys", "UserName Marker MaxItems",
			onSelf(s, "ListAccessKeys", func(in *iam.ListAccessKeysInput) *string { return in.UserName }), s.listAccessKeys),
		write("UpdateAccessKey", "UserName AccessKeyId! Status!",
			onSelf(s, "UpdateAccessKey", func(in *iam.UpdateAccessKeyInput) *string { return in.UserName }), s.updateAccessKey),
		write("DeleteAccessKey", "UserName AccessKeyId!",
			onSelf(s, "DeleteAccessKey", func(in *iam.DeleteAccessKeyInput) *string { return in.UserName }), s.deleteAccessKey),
		read("GetAccessKeyLastUsed", "AccessKeyId!", s.checkLastUsed, s.getAccessKeyLastUsed),
	}
}

// keyQuota is how many access keys a user, or the root user, may have.
// Source: IAM User Guide, reference_iam-quotas.
const keyQuota = 2

// onSelf is the check of operations that mean the caller's own user, or the
// root user, when they name none.
func onSelf[In any](s *Service, action string, name func(*In) *string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		if isRootSelf(c, name(in)) {
			return s.one(c, action, c.Caller.Principal.ARN, nil), nil
		}
		who, err := self(s, c, name(in))
		if err != nil {
			return nil, err
		}
		return s.on(c, action, userKind, *who), nil
	}
}

func isRootSelf(c *op.Call, name *string) bool {
	return name == nil && c.Caller.Principal.Type == policy.Root
}

// holder is whose keys a request is about; user is nil for the root user.
func (s *Service) holder(c *op.Call, name *string) (user *Entity, keys []string, err error) {
	if isRootSelf(c, name) {
		return nil, s.accounts.Get(c.Caller.Account).RootKeys, nil
	}
	who, err := self(s, c, name)
	if err != nil {
		return nil, nil, err
	}
	e, err := s.must(c, userKind, who)
	if err != nil {
		return nil, nil, err
	}
	return e, e.User.Keys, nil
}

func (s *Service) setKeys(c *op.Call, user *Entity, keys []string) {
	if user == nil {
		a := *s.accounts.Get(c.Caller.Account)
		a.RootKeys = keys
		s.accounts.Put(a.ID, &a)
		return
	}
	to := user.copy()
	to.User.Keys = keys
	s.put(to)
}

func (s *Service) createAccessKey(c *op.Call, in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	user, keys, err := s.holder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if len(keys) >= keyQuota {
		return nil, limit("Cannot exceed quota for AccessKeysPerUser: %d", keyQuota)
	}
	k := &AccessKey{ID: KeyID(c.Rand, "AKIA", c.Caller.Account), Secret: Secret(c.Rand), Account: c.Caller.Account, Created: c.Now}
	out := &types.AccessKey{AccessKeyId: &k.ID, SecretAccessKey: &k.Secret, Status: k.status(), CreateDate: &k.Created}
	if user != nil {
		k.User = user.ID
		out.UserName = &user.Name
	}
	s.keys.Put(k.ID, k)
	s.setKeys(c, user, append(slices.Clone(keys), k.ID))
	return &iam.CreateAccessKeyOutput{AccessKey: out}, nil
}

func (s *Service) listAccessKeys(c *op.Call, in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	user, keys, err := s.holder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	keys = slices.Sorted(slices.Values(keys))
	ids, more, next, err := page(keys, in.Marker, in.MaxItems, func(id string) string { return id })
	if err != nil {
		return nil, err
	}
	out := &iam.ListAccessKeysOutput{AccessKeyMetadata: []types.AccessKeyMetadata{}, IsTruncated: more, Marker: next}
	for _, id := range ids {
		k := s.keys.Get(id)
		m := types.AccessKeyMetadata{AccessKeyId: &k.ID, Status: k.status(), CreateDate: &k.Created}
		if user != nil {
			m.UserName = &user.Name
		}
		out.AccessKeyMetadata = append(out.AccessKeyMetadata, m)
	}
	return out, nil
}

func (s *Service) updateAccessKey(c *op.Call, in *iam.UpdateAccessKeyInput) (*none, error) {
	_, keys, err := s.holder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(keys, *in.AccessKeyId) {
		return nil, noKey(*in.AccessKeyId)
	}
	k := *s.keys.Get(*in.AccessKeyId)
	k.Inactive = in.Status == types.StatusTypeInactive
	s.keys.Put(k.ID, &k)
	return &none{}, nil
}

func noKey(id string) error { return noSuch("The Access Key with id %s cannot be found.", id) }

func (s *Service) deleteAccessKey(c *op.Call, in *iam.DeleteAccessKeyInput) (*none, error) {
	user, keys, err := s.holder(c, in.UserName)
	if err != nil {
		return nil, err
	}
	i := slices.Index(keys, *in.AccessKeyId)
	if i < 0 {
		return nil, noKey(*in.AccessKeyId)
	}
	s.keys.Delete(*in.AccessKeyId)
	s.setKeys(c, user, slices.Delete(slices.Clone(keys), i, i+1))
	return &none{}, nil
}

// checkLastUsed asks for the user whose key it is.
// Source: Service Authorization Reference, IAM: the resource of
// GetAccessKeyLastUsed is the user.
func (s *Service) checkLastUsed(c *op.Call, in *iam.GetAccessKeyLastUsedInput) ([]op.Check, error) {
	if k := s.keys.Get(*in.AccessKeyId); k != nil && k.Account == c.Caller.Account && k.User != "" {
		if u := s.byID(k.User); u != nil {
			return s.one(c, "GetAccessKeyLastUsed", u.ARN(), u.Tags), nil
		}
	}
	return s.any(c, "GetAccessKeyLastUsed"), nil
}

func (s *Service) getAccessKeyLastUsed(c *op.Call, in *iam.GetAccessKeyLastUsedInput) (*iam.GetAccessKeyLastUsedOutput, error) {
	k := s.keys.Get(*in.AccessKeyId)
	if k == nil || k.Account != c.Caller.Account {
		// Source: IAM API_GetAccessKeyLastUsed lists no NoSuchEntity; AWS
		// refuses the key of another account as access denied.
		return nil, op.Errorf(403, "AccessDenied", "User: %s is not authorized to perform: iam:GetAccessKeyLastUsed on resource: %s", c.Caller.Principal.ARN, *in.AccessKeyId)
	}
	out := &iam.GetAccessKeyLastUsedOutput{AccessKeyLastUsed: &types.AccessKeyLastUsed{Region: aws.String("N/A"), ServiceName: aws.String("N/A")}}
	if k.User != "" {
		if u := s.byID(k.User); u != nil {
			out.UserName = &u.Name
		}
	}
	if v, ok := s.used.Load(k.ID); ok {
		u := v.(*lastUse)
		out.AccessKeyLastUsed = &types.AccessKeyLastUsed{LastUsedDate: &u.at, Region: &u.region, ServiceName: &u.service}
	}
	return out, nil
}
