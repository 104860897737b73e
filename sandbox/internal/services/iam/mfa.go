package iam

import (
	"crypto/subtle"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// Device is a virtual MFA device. Its key is "ACCOUNT/serial number".
type Device struct {
	Account string
	Path    string
	Name    string
	// Seed is the shared secret, base32 without padding.
	Seed    string
	Created time.Time
	Tags    []Tag `json:",omitempty"`
	// Owner is the unique ID of the user it is enabled for, the account's ID
	// for the root user; empty: not assigned.
	Owner   string    `json:",omitempty"`
	Enabled time.Time `json:",omitzero"`
	// Step is the last time step whose code was accepted: neither it nor an
	// earlier one is accepted again.
	Step int64 `json:",omitempty"`
	// Drift is how many time steps the device's clock is ahead, as the last
	// resynchronisation found it.
	Drift int64 `json:",omitempty"`
}

// Serial is the device's serial number, its ARN.
func (d *Device) Serial() string { return "arn:aws:iam::" + d.Account + ":mfa" + d.Path + d.Name }

func (d *Device) key() string { return d.Account + "/" + d.Serial() }

// period is the length of a time step, in seconds.
const period = 30

// totpOptions are those of every authenticator app.
// Source: RFC 6238; IAM User Guide, id_credentials_mfa_enable_virtual.
var totpOptions = totp.ValidateOpts{Period: period, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// shows tells whether the device shows the code in a time step.
func (d *Device) shows(code string, step int64) bool {
	want, err := totp.GenerateCodeCustom(d.Seed, time.Unix(step*period, 0), totpOptions)
	return err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1
}

// match finds the time step near now whose code this is and that is not used
// up; 0: there is none. One step of drift either way is let pass.
func (d *Device) match(code string, now time.Time) int64 {
	step := now.Unix()/period + d.Drift
	for s := step - 1; s <= step+1; s++ {
		if s > d.Step && d.shows(code, s) {
			return s
		}
	}
	return 0
}

// MFA is a code that was found to be right and is not used up yet.
type MFA struct {
	device *Device
	step   int64
}

// CheckMFA verifies the code of the caller's own device. Both nil: the request
// carries no MFA, and so is the result. It changes nothing; call UseMFA once
// the request is allowed.
// Source: STS API_AssumeRole, "SerialNumber" and "TokenCode"; the messages are
// those AWS answers with.
func (s *Service) CheckMFA(c *op.Call, serial, code *string) (*MFA, error) {
	if serial == nil && code == nil {
		return nil, nil
	}
	if serial == nil || code == nil {
		return nil, op.Errorf(403, "AccessDenied", "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.")
	}
	d := s.devices.Get(c.Caller.Account + "/" + *serial)
	p := c.Caller.Principal
	if d == nil || d.Owner == "" || d.Owner != p.ID || p.Type != policy.User && p.Type != policy.Root {
		return nil, op.Errorf(403, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user.")
	}
	step := d.match(*code, c.Now)
	if step == 0 {
		return nil, op.Errorf(403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
	}
	return &MFA{d, step}, nil
}

// UseMFA marks the code as used. Call it within Update; nil does nothing.
func (s *Service) UseMFA(m *MFA) {
	if m == nil {
		return
	}
	to := *m.device
	to.Step = m.step
	s.devices.Put(to.key(), &to)
}
