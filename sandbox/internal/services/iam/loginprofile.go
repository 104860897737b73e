package iam

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// LoginPart is a user's console password, kept as a salted hash.
type LoginPart struct {
	Salt, Hash []byte
	Created    time.Time
	Changed    time.Time
	Reset      bool `json:",omitempty"`
}

func (s *Service) loginRows() []op.Row {
	rows := []op.Row{
		write("CreateLoginProfile", "UserName Password PasswordResetRequired",
			onSelf(s, "CreateLoginProfile", func(in *iam.CreateLoginProfileInput) *string { return in.UserName }), s.createLogin),
		write("UpdateLoginProfile", "UserName! Password PasswordResetRequired",
			onRow(s, "UpdateLoginProfile", userKind, func(in *iam.UpdateLoginProfileInput) *string { return in.UserName }), s.updateLogin),
		read("GetLoginProfile", "UserName",
			onSelf(s, "GetLoginProfile", func(in *iam.GetLoginProfileInput) *string { return in.UserName }), s.getLogin),
		write("DeleteLoginProfile", "UserName",
			onSelf(s, "DeleteLoginProfile", func(in *iam.DeleteLoginProfileInput) *string { return in.UserName }), s.deleteLogin),
		write("ChangePassword", "OldPassword! NewPassword!", s.checkChangePassword, s.changePassword),
	}
	for i := range rows {
		rows[i].Secret = []string{"Password", "OldPassword", "NewPassword"}
	}
	return rows
}

// newLogin hashes a password that the account's policy accepts.
func (s *Service) newLogin(c *op.Call, password string) (*LoginPart, error) {
	if err := s.accounts.Get(c.Caller.Account).checkPassword(password); err != nil {
		return nil, err
	}
	l := &LoginPart{Salt: randomBytes(c.Rand, 16), Created: c.Now, Changed: c.Now}
	var err error
	l.Hash, err = hashPassword(password, l.Salt)
	return l, err
}

func hashPassword(password string, salt []byte) ([]byte, error) {
	h, err := pbkdf2.Key(sha256.New, password, salt, 10_000, 32)
	if err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	return h, nil
}

// loginUser is the user of a login request; noLogin tells that it has none.
func (s *Service) loginUser(c *op.Call, name *string) (*Entity, error) {
	who, err := self(s, c, name)
	if err != nil {
		return nil, err
	}
	return s.must(c, userKind, who)
}

func noLogin(e *Entity) error { return noSuch("Login Profile for User %s cannot be found.", e.Name) }

func loginView(e *Entity) *types.LoginProfile {
	return &types.LoginProfile{UserName: aws.String(e.Name), CreateDate: aws.Time(e.User.Login.Created), PasswordResetRequired: e.User.Login.Reset}
}

func (s *Service) createLogin(c *op.Call, in *iam.CreateLoginProfileInput) (*iam.CreateLoginProfileOutput, error) {
	e, err := s.loginUser(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if e.User.Login != nil {
		return nil, exists("Login Profile for user %s already exists.", e.Name)
	}
	if in.Password == nil {
		return nil, invalid("Value null at 'password' failed to satisfy constraint: Member must not be null")
	}
	to := e.copy()
	if to.User.Login, err = s.newLogin(c, *in.Password); err != nil {
		return nil, err
	}
	to.User.Login.Reset = in.PasswordResetRequired
	s.put(to)
	return &iam.CreateLoginProfileOutput{LoginProfile: loginView(to)}, nil
}

func (s *Service) updateLogin(c *op.Call, in *iam.UpdateLoginProfileInput) (*none, error) {
	e, err := s.must(c, userKind, in.UserName)
	if err != nil {
		return nil, err
	}
	if e.User.Login == nil {
		return nil, noLogin(e)
	}
	to := e.copy()
	l := *e.User.Login
	if in.Password != nil {
		fresh, err := s.newLogin(c, *in.Password)
		if err != nil {
			return nil, err
		}
		fresh.Created, fresh.Reset = l.Created, l.Reset
		l = *fresh
	}
	if in.PasswordResetRequired != nil {
		l.Reset = *in.PasswordResetRequired
	}
	to.User.Login = &l
	s.put(to)
	return &none{}, nil
}

func (s *Service) getLogin(c *op.Call, in *iam.GetLoginProfileInput) (*iam.GetLoginProfileOutput, error) {
	e, err := s.loginUser(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if e.User.Login == nil {
		return nil, noLogin(e)
	}
	return &iam.GetLoginProfileOutput{LoginProfile: loginView(e)}, nil
}

func (s *Service) deleteLogin(c *op.Call, in *iam.DeleteLoginProfileInput) (*none, error) {
	e, err := s.loginUser(c, in.UserName)
	if err != nil {
		return nil, err
	}
	if e.User.Login == nil {
		return nil, noLogin(e)
	}
	to := e.copy()
	to.User.Login = nil
	s.put(to)
	return &none{}, nil
}

func (s *Service) checkChangePassword(c *op.Call, _ *iam.ChangePasswordInput) ([]op.Check, error) {
	// Source: IAM API_ChangePassword: not for the root user.
	if c.Caller.Principal.Type != policy.User {
		return nil, op.Errorf(400, "InvalidUserType", "Only IAM Users can change their own password")
	}
	name, err := self(s, c, nil)
	if err != nil {
		return nil, err
	}
	return s.on(c, "ChangePassword", userKind, *name), nil
}

func (s *Service) changePassword(c *op.Call, in *iam.ChangePasswordInput) (*none, error) {
	e, err := s.loginUser(c, nil)
	if err != nil {
		return nil, err
	}
	if e.User.Login == nil {
		return nil, noLogin(e)
	}
	old, err := hashPassword(*in.OldPassword, e.User.Login.Salt)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(old, e.User.Login.Hash) != 1 {
		return nil, op.Errorf(403, "AccessDenied", "The old password was incorrect.")
	}
	to := e.copy()
	if to.User.Login, err = s.newLogin(c, *in.NewPassword); err != nil {
		return nil, err
	}
	to.User.Login.Created = e.User.Login.Created
	s.put(to)
	return &none{}, nil
}
