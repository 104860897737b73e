package ec2

import (
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// volume is an EBS volume, as far as its encryption goes: it holds no blocks and
// attaches to nothing.
type volume struct {
	ID, Account, Region, Zone, Type string
	Size                            int32
	Encrypted                       bool
	// Key is the ARN; empty if not encrypted.
	Key     string
	Created time.Time
	Tags    map[string]string
}

func (v *volume) arn() string {
	return "arn:aws:ec2:" + v.Region + ":" + v.Account + ":volume/" + v.ID
}

type tag struct{ Key, Value *string }

type tagSpecification struct {
	ResourceType *string
	Tag          []tag
}

type createVolumeInput struct {
	DryRun           *bool
	AvailabilityZone *string
	ClientToken      *string
	Encrypted        *bool
	KmsKeyId         *string
	Size             *int32
	VolumeType       *string
	TagSpecification []tagSpecification
}

type deleteVolumeInput struct {
	DryRun   *bool
	VolumeId *string
}

type describeVolumesInput struct {
	DryRun     *bool
	MaxResults *int32
	NextToken  *string
	VolumeId   []string
}

type volumeOutput struct {
	VolumeId, AvailabilityZone, VolumeType, KmsKeyId, Status *string
	Size                                                     *int32
	Encrypted                                                *bool
	CreateTime                                               *time.Time
	TagSet                                                   []tag
}

type describeVolumesOutput struct {
	VolumeSet []*volumeOutput
	NextToken *string
}

type returned struct{ Return *bool }

func (s *Service) volumeRows() []op.Row {
	return []op.Row{
		op.New("CreateVolume", "EC2 API_CreateVolume", op.Write, s.checkCreateVolume, s.createVolume),
		op.New("DeleteVolume", "EC2 API_DeleteVolume", op.Write, s.checkDeleteVolume, s.deleteVolume),
		op.New("DescribeVolumes", "EC2 API_DescribeVolumes", op.Read, asks[describeVolumesInput]("DescribeVolumes"), s.describeVolumes),
	}
}

// plan is the volume that the request asks for. It asks for encryption itself, or
// the region's default does.
// Source: EBS User Guide "How Amazon EBS encryption works": with encryption by
// default a volume cannot be unencrypted.
func (s *Service) plan(c *op.Call, in *createVolumeInput) (*volume, error) {
	v := &volume{Account: c.Caller.Account, Region: c.Region, Type: "gp2", Created: c.Now}
	if in.AvailabilityZone == nil || len(*in.AvailabilityZone) != len(c.Region)+1 || !strings.HasPrefix(*in.AvailabilityZone, c.Region) {
		return nil, op.Errorf(400, "InvalidZone.NotFound", "The zone that AvailabilityZone names does not exist in %s.", c.Region)
	}
	v.Zone = *in.AvailabilityZone
	if in.VolumeType != nil {
		v.Type = *in.VolumeType
	}
	if v.Type != "gp2" && v.Type != "gp3" {
		return nil, op.Errorf(400, "InvalidParameterValue", "The sandbox does not implement volumes of the type %q, only gp2 and gp3.", v.Type)
	}
	if in.Size == nil || *in.Size < 1 || *in.Size > 16384 {
		return nil, op.Errorf(400, "InvalidParameterValue", "Size must be between 1 and 16384 for a volume without a snapshot.")
	}
	v.Size = *in.Size
	d := s.defaultsOf(v.Account, v.Region)
	v.Encrypted = d.Encrypt || in.Encrypted != nil && *in.Encrypted
	if in.KmsKeyId != nil && !v.Encrypted {
		return nil, op.Errorf(400, "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	}
	for _, t := range in.TagSpecification {
		if t.ResourceType == nil || *t.ResourceType != "volume" {
			return nil, op.Errorf(400, "InvalidParameterValue", "The tags of CreateVolume are those of a volume.")
		}
		for _, t := range t.Tag {
			if t.Key == nil || t.Value == nil || *t.Key == "" || strings.HasPrefix(strings.ToLower(*t.Key), "aws:") {
				return nil, op.Errorf(400, "InvalidParameterValue", "A tag needs a key that does not begin with aws:, and a value.")
			}
			if v.Tags == nil {
				v.Tags = map[string]string{}
			}
			v.Tags[*t.Key] = *t.Value
		}
	}
	if !v.Encrypted {
		return v, nil
	}
	var err error
	switch name := s.defaultKey(v.Account, v.Region); {
	case in.KmsKeyId != nil:
		v.Key, err = s.keys.KeyARN(v.Account, v.Region, *in.KmsKeyId)
	case name == managedAlias:
		v.Key, err = s.keys.AWSManagedKey(v.Account, v.Region, "ebs")
	default:
		v.Key = name
	}
	if err != nil {
		return nil, op.Errorf(400, "InvalidParameterValue", "The key that KmsKeyId names does not exist")
	}
	return v, nil
}

// checkCreateVolume asks for the volume and, where it is encrypted, for a data key
// on the caller's behalf.
// Source: Service Authorization Reference, Amazon EC2, CreateVolume; EBS User Guide
// "Requirements for Amazon EBS encryption": kms:GenerateDataKeyWithoutPlaintext.
// The other permissions that page names are for attaching a volume.
func (s *Service) checkCreateVolume(c *op.Call, in *createVolumeInput) ([]op.Check, error) {
	v, err := s.plan(c, in)
	if err != nil {
		return nil, err
	}
	id := make([]byte, 9)
	if _, err := io.ReadFull(c.Rand, id); err != nil {
		return nil, err
	}
	v.ID = "vol-" + hex.EncodeToString(id)[:17]
	c.Prepared = v
	keys := []op.Key{
		op.Single("ec2:Region", v.Region), op.Single("ec2:AvailabilityZone", v.Zone), op.Single("ec2:VolumeType", v.Type),
		op.Single("ec2:VolumeSize", strconv.Itoa(int(v.Size))), op.Single("ec2:Encrypted", strconv.FormatBool(v.Encrypted)),
	}
	if v.Encrypted {
		keys = append(keys, op.Single("ec2:KmsKeyId", v.Key))
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(v.Tags)) {
		keys = append(keys, op.Single("aws:RequestTag/"+name, v.Tags[name]))
		names = append(names, name)
	}
	if names != nil {
		keys = append(keys, op.Multi("aws:TagKeys", names...))
	}
	// The ID is not known yet when a policy is asked.
	resource := op.Resource{ARN: "arn:aws:ec2:" + v.Region + ":" + v.Account + ":volume/*", Account: v.Account}
	checks := []op.Check{{Action: "ec2:CreateVolume", Resource: resource, Context: keys}}
	if names != nil {
		checks = append(checks, op.Check{Action: "ec2:CreateTags", Resource: resource, Context: append(keys[:len(keys):len(keys)], op.Single("ec2:CreateAction", "CreateVolume"))})
	}
	if v.Encrypted {
		check, err := s.keys.Check(c, "kms:GenerateDataKeyWithoutPlaintext", v.Key, map[string]string{"aws:ebs:id": v.ID}, "ec2."+v.Region+".amazonaws.com")
		if err != nil {
			return nil, err
		}
		checks = append(checks, check)
	}
	return checks, nil
}

func (s *Service) createVolume(c *op.Call, in *createVolumeInput) (*volumeOutput, error) {
	if err := dry(in.DryRun); err != nil {
		return nil, err
	}
	v := c.Prepared.(*volume)
	s.volumes.Put(place(v.Account, v.Region)+v.ID, v)
	return v.view(), nil
}

func (s *Service) volume(c *op.Call, id *string) (*volume, error) {
	if id == nil || !strings.HasPrefix(*id, "vol-") {
		return nil, op.Errorf(400, "InvalidParameterValue", "VolumeId is not the ID of a volume.")
	}
	v := s.volumes.Get(place(c.Caller.Account, c.Region) + *id)
	if v == nil {
		return nil, op.Errorf(400, "InvalidVolume.NotFound", "The volume '%s' does not exist.", *id)
	}
	return v, nil
}

func (s *Service) checkDeleteVolume(c *op.Call, in *deleteVolumeInput) ([]op.Check, error) {
	v, err := s.volume(c, in.VolumeId)
	if err != nil {
		return nil, err
	}
	keys := []op.Key{
		op.Single("ec2:Region", v.Region), op.Single("ec2:AvailabilityZone", v.Zone), op.Single("ec2:VolumeType", v.Type),
		op.Single("ec2:VolumeSize", strconv.Itoa(int(v.Size))), op.Single("ec2:Encrypted", strconv.FormatBool(v.Encrypted)), op.Single("ec2:VolumeID", v.ID),
	}
	for name, value := range v.Tags {
		keys = append(keys, op.Single("ec2:ResourceTag/"+name, value))
	}
	return []op.Check{{Action: "ec2:DeleteVolume", Context: keys,
		Resource: op.Resource{ARN: v.arn(), Account: v.Account, Tags: v.Tags}}}, nil
}

func (s *Service) deleteVolume(c *op.Call, in *deleteVolumeInput) (*returned, error) {
	if err := dry(in.DryRun); err != nil {
		return nil, err
	}
	s.volumes.Delete(place(c.Caller.Account, c.Region) + *in.VolumeId)
	return &returned{new(true)}, nil
}

func (s *Service) describeVolumes(c *op.Call, in *describeVolumesInput) (*describeVolumesOutput, error) {
	if err := dry(in.DryRun); err != nil {
		return nil, err
	}
	if in.MaxResults != nil && (len(in.VolumeId) > 0 || *in.MaxResults < 5 || *in.MaxResults > 1000) {
		return nil, op.Errorf(400, "InvalidParameterValue", "MaxResults must be between 5 and 1000, and goes without VolumeId.")
	}
	out := &describeVolumesOutput{VolumeSet: []*volumeOutput{}}
	if len(in.VolumeId) > 0 {
		for _, id := range in.VolumeId {
			v, err := s.volume(c, &id)
			if err != nil {
				return nil, err
			}
			out.VolumeSet = append(out.VolumeSet, v.view())
		}
		return out, nil
	}
	for _, v := range s.volumes.Prefix(place(c.Caller.Account, c.Region)) {
		if in.NextToken != nil && v.ID <= *in.NextToken {
			continue
		}
		if in.MaxResults != nil && len(out.VolumeSet) == int(*in.MaxResults) {
			out.NextToken = out.VolumeSet[len(out.VolumeSet)-1].VolumeId
			break
		}
		out.VolumeSet = append(out.VolumeSet, v.view())
	}
	return out, nil
}

func (v *volume) view() *volumeOutput {
	out := &volumeOutput{
		VolumeId: &v.ID, AvailabilityZone: &v.Zone, VolumeType: &v.Type, Size: &v.Size, Status: new("available"),
		Encrypted: &v.Encrypted, CreateTime: &v.Created, TagSet: []tag{},
	}
	if v.Encrypted {
		out.KmsKeyId = &v.Key
	}
	for _, name := range slices.Sorted(maps.Keys(v.Tags)) {
		out.TagSet = append(out.TagSet, tag{new(name), new(v.Tags[name])})
	}
	return out
}
