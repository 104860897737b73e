package iam

import (
	"bytes"
	"encoding/base32"
	"image/png"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/pquerna/otp"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

func (s *Service) mfaRows() []op.Row {
	create := write("CreateVirtualMFADevice", "VirtualMFADeviceName! Path Tags",
		func(c *op.Call, in *iam.CreateVirtualMFADeviceInput) ([]op.Check, error) {
			d := Device{Account: c.Caller.Account, Path: pathOr(in.Path), Name: str(in.VirtualMFADeviceName)}
			return s.creating(c, "CreateVirtualMFADevice", "TagMFADevice", d.Serial(), in.Tags, nil), nil
		}, s.createDevice)
	create.Secret = []string{"Base32StringSeed", "QRCodePNG"}
	enable := write("EnableMFADevice", "UserName! SerialNumber! AuthenticationCode1! AuthenticationCode2!",
		onRow(s, "EnableMFADevice", userKind, func(in *iam.EnableMFADeviceInput) *string { return in.UserName }), s.enableDevice)
	resync := write("ResyncMFADevice", "UserName! SerialNumber! AuthenticationCode1! AuthenticationCode2!",
		onRow(s, "ResyncMFADevice", userKind, func(in *iam.ResyncMFADeviceInput) *string { return in.UserName }), s.resyncDevice)
	enable.Secret = []string{"AuthenticationCode1", "AuthenticationCode2"}
	resync.Secret = enable.Secret
	return []op.Row{
		create, enable, resync,
		write("DeactivateMFADevice", "UserName SerialNumber!",
			onSelf(s, "DeactivateMFADevice", func(in *iam.DeactivateMFADeviceInput) *string { return in.UserName }), s.deactivateDevice),
		write("DeleteVirtualMFADevice", "SerialNumber!",
			func(c *op.Call, in *iam.DeleteVirtualMFADeviceInput) ([]op.Check, error) {
				return s.one(c, "DeleteVirtualMFADevice", str(in.SerialNumber), nil), nil
			}, s.deleteDevice),
		read("ListMFADevices", "UserName Marker MaxItems",
			onSelf(s, "ListMFADevices", func(in *iam.ListMFADevicesInput) *string { return in.UserName }), s.listMFADevices),
		read("ListVirtualMFADevices", "AssignmentStatus Marker MaxItems", anyRow[iam.ListVirtualMFADevicesInput](s, "ListVirtualMFADevices"), s.listVirtualDevices),
		read("GetMFADevice", "UserName SerialNumber!",
			onSelf(s, "GetMFADevice", func(in *iam.GetMFADeviceInput) *string { return in.UserName }), s.getDevice),
	}
}

func (s *Service) mustDevice(c *op.Call, serial *string) (*Device, error) {
	if d := s.devices.Get(c.Caller.Account + "/" + str(serial)); d != nil {
		return d, nil
	}
	return nil, noSuch("VirtualMFADevice with serial number %s doesn't exist.", str(serial))
}

func (s *Service) createDevice(c *op.Call, in *iam.CreateVirtualMFADeviceInput) (*iam.CreateVirtualMFADeviceOutput, error) {
	d := &Device{Account: c.Caller.Account, Path: pathOr(in.Path), Name: *in.VirtualMFADeviceName, Created: c.Now}
	if slices.ContainsFunc(s.listDevices(d.Account), func(o *Device) bool { return strings.EqualFold(o.Name, d.Name) }) {
		return nil, exists("MFADevice entity at the same path and name already exists.")
	}
	var err error
	if d.Tags, err = newTags(nil, in.Tags); err != nil {
		return nil, err
	}
	// Source: RFC 4226 recommends 160 bits; AWS's seeds have 64 base32 digits.
	d.Seed = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(randomBytes(c.Rand, 40))
	picture, err := qrCode(d)
	if err != nil {
		return nil, err
	}
	s.devices.Put(d.key(), d)
	return &iam.CreateVirtualMFADeviceOutput{VirtualMFADevice: &types.VirtualMFADevice{
		SerialNumber: aws.String(d.Serial()), Base32StringSeed: []byte(d.Seed), QRCodePNG: picture, Tags: sdkTags(d.Tags),
	}}, nil
}

// qrCode draws what an authenticator app scans.
// Source: IAM API_VirtualMFADevice, "QRCodePNG".
func qrCode(d *Device) ([]byte, error) {
	key, err := otp.NewKeyFromURL("otpauth://totp/" + url.PathEscape("Amazon Web Services:"+d.Name+"@"+d.Account) + "?secret=" + d.Seed + "&issuer=Amazon%20Web%20Services")
	if err != nil {
		return nil, err
	}
	picture, err := key.Image(200, 200)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// badCode is the answer to codes that the device would not show.
// Source: IAM API_EnableMFADevice, InvalidAuthenticationCode (403).
func badCode(serial string) error {
	return op.Errorf(403, "InvalidAuthenticationCode", "Authentication code for device %s is not valid.", serial)
}

// deviceUser is whose device a request is about: a user's unique ID, or the
// account's ID for the root user.
// Source: IAM API_EnableMFADevice: for the root user, UserName is left to the
// console; the sandbox takes "root" too.
func (s *Service) deviceUser(c *op.Call, name *string) (string, error) {
	if c.Caller.Principal.Type == policy.Root && (name == nil || strings.EqualFold(*name, "root")) && s.entity(c.Caller.Account, userKind, "root") == nil {
		return c.Caller.Account, nil
	}
	who, err := self(s, c, name)
	if err != nil {
		return "", err
	}
	e, err := s.must(c, userKind, who)
	if err != nil {
		return "", err
	}
	return e.ID, nil
}

// mfaQuota is how many MFA devices a user may have.
// Source: IAM User Guide, reference_iam-quotas.
const mfaQuota = 8

// consecutive finds the time step of the second of two codes that follow each
// other; 0: they do not, or are too far from now. reach is how many steps the
// device's clock may be off.
func (d *Device) consecutive(c *op.Call, one, two string, reach int64) int64 {
	now := c.Now.Unix() / period
	for step := now - reach; step <= now+reach; step++ {
		if step > d.Step && d.shows(one, step) && d.shows(two, step+1) {
			return step + 1
		}
	}
	return 0
}

func (s *Service) enableDevice(c *op.Call, in *iam.EnableMFADeviceInput) (*none, error) {
	owner, err := s.deviceUser(c, in.UserName)
	if err != nil {
		return nil, err
	}
	d, err := s.mustDevice(c, in.SerialNumber)
	if err != nil {
		return nil, err
	}
	if d.Owner != "" {
		return nil, exists("MFA Device is already in use.")
	}
	n := 0
	for _, o := range s.listDevices(c.Caller.Account) {
		if o.Owner == owner {
			n++
		}
	}
	if n >= mfaQuota {
		return nil, limit("Cannot exceed quota for MFADevicesPerUser: %d", mfaQuota)
	}
	step := d.consecutive(c, *in.AuthenticationCode1, *in.AuthenticationCode2, 2)
	if step == 0 {
		return nil, badCode(d.Serial())
	}
	to := *d
	to.Owner, to.Enabled, to.Step = owner, c.Now, step
	s.devices.Put(to.key(), &to)
	return &none{}, nil
}

// assigned finds the device if it is the user's.
func (s *Service) assigned(c *op.Call, name, serial *string) (*Device, error) {
	owner, err := s.deviceUser(c, name)
	if err != nil {
		return nil, err
	}
	d := s.devices.Get(c.Caller.Account + "/" + str(serial))
	if d == nil || d.Owner != owner {
		return nil, noSuch("MFA Device invalid for user.")
	}
	return d, nil
}

// resyncDevice takes codes of up to twenty minutes off and remembers how far
// the device's clock is from the sandbox's.
func (s *Service) resyncDevice(c *op.Call, in *iam.ResyncMFADeviceInput) (*none, error) {
	d, err := s.assigned(c, in.UserName, in.SerialNumber)
	if err != nil {
		return nil, err
	}
	step := d.consecutive(c, *in.AuthenticationCode1, *in.AuthenticationCode2, 40)
	if step == 0 {
		return nil, badCode(d.Serial())
	}
	to := *d
	to.Drift = step - 1 - c.Now.Unix()/period
	to.Step = step
	s.devices.Put(to.key(), &to)
	return &none{}, nil
}

func (s *Service) deactivateDevice(c *op.Call, in *iam.DeactivateMFADeviceInput) (*none, error) {
	d, err := s.assigned(c, in.UserName, in.SerialNumber)
	if err != nil {
		return nil, err
	}
	to := *d
	to.Owner, to.Enabled = "", time.Time{}
	s.devices.Put(to.key(), &to)
	return &none{}, nil
}

func (s *Service) deleteDevice(c *op.Call, in *iam.DeleteVirtualMFADeviceInput) (*none, error) {
	d, err := s.mustDevice(c, in.SerialNumber)
	if err != nil {
		return nil, err
	}
	if d.Owner != "" {
		return nil, conflict("MFA VirtualDevice in use. Must deactivate first.")
	}
	s.devices.Delete(d.key())
	return &none{}, nil
}

// ownerName is the user's name; nil for the root user.
func (s *Service) ownerName(d *Device) *string {
	if u := s.byID(d.Owner); u != nil {
		return &u.Name
	}
	return nil
}

func (s *Service) listMFADevices(c *op.Call, in *iam.ListMFADevicesInput) (*iam.ListMFADevicesOutput, error) {
	owner, err := s.deviceUser(c, in.UserName)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(s.listDevices(c.Caller.Account), func(d *Device) bool { return d.Owner != owner })
	items, more, next, err := page(all, in.Marker, in.MaxItems, (*Device).key)
	if err != nil {
		return nil, err
	}
	out := &iam.ListMFADevicesOutput{MFADevices: []types.MFADevice{}, IsTruncated: more, Marker: next}
	for _, d := range items {
		name := s.ownerName(d)
		if name == nil {
			name = &c.Caller.Account
		}
		out.MFADevices = append(out.MFADevices, types.MFADevice{SerialNumber: aws.String(d.Serial()), EnableDate: aws.Time(d.Enabled), UserName: name})
	}
	return out, nil
}

func (s *Service) listVirtualDevices(c *op.Call, in *iam.ListVirtualMFADevicesInput) (*iam.ListVirtualMFADevicesOutput, error) {
	all := slices.DeleteFunc(s.listDevices(c.Caller.Account), func(d *Device) bool {
		return in.AssignmentStatus == types.AssignmentStatusTypeAssigned && d.Owner == "" ||
			in.AssignmentStatus == types.AssignmentStatusTypeUnassigned && d.Owner != ""
	})
	items, more, next, err := page(all, in.Marker, in.MaxItems, (*Device).key)
	if err != nil {
		return nil, err
	}
	out := &iam.ListVirtualMFADevicesOutput{VirtualMFADevices: []types.VirtualMFADevice{}, IsTruncated: more, Marker: next}
	for _, d := range items {
		v := types.VirtualMFADevice{SerialNumber: aws.String(d.Serial())}
		if d.Owner != "" {
			v.EnableDate = aws.Time(d.Enabled)
		}
		if u := s.byID(d.Owner); u != nil {
			v.User = s.user(u)
			v.User.PermissionsBoundary, v.User.Tags = nil, nil
		} else if d.Owner == c.Caller.Account {
			v.User = &types.User{Arn: aws.String("arn:aws:iam::" + d.Owner + ":root"), UserId: &c.Caller.Account, CreateDate: aws.Time(s.accounts.Get(d.Owner).Created)}
		}
		out.VirtualMFADevices = append(out.VirtualMFADevices, v)
	}
	return out, nil
}

func (s *Service) getDevice(c *op.Call, in *iam.GetMFADeviceInput) (*iam.GetMFADeviceOutput, error) {
	d, err := s.assigned(c, in.UserName, in.SerialNumber)
	if err != nil {
		return nil, err
	}
	return &iam.GetMFADeviceOutput{SerialNumber: in.SerialNumber, UserName: s.ownerName(d), EnableDate: aws.Time(d.Enabled)}, nil
}
