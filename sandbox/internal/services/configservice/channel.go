package configservice

import (
	"regexp"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/s3"
)

// channel is the delivery channel of an account's region.
type channel struct {
	Name, Bucket, Prefix, Key, Topic string
	Frequency                        types.MaximumExecutionFrequency
}

func onAll[In any](action string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, _ *In) ([]op.Check, error) {
		return []op.Check{{Action: "config:" + action, Resource: op.Resource{ARN: "*", Account: c.Caller.Account}}}, nil
	}
}

// channelRows: no action on channels has a resource type.
// Source: Service Authorization Reference, AWS Config.
func (s *Service) channelRows() []op.Row {
	put := op.New("PutDeliveryChannel", "AWS Config API_PutDeliveryChannel", op.Write, onAll[sdk.PutDeliveryChannelInput]("PutDeliveryChannel"), s.putChannel)
	put.Asks = "Config may write to the bucket either as the recorder's role or as itself: one that is allowed is enough"
	return []op.Row{
		put,
		op.New("DescribeDeliveryChannels", "AWS Config API_DescribeDeliveryChannels", op.Read, onAll[sdk.DescribeDeliveryChannelsInput]("DescribeDeliveryChannels"), s.describeChannels),
		op.New("DeleteDeliveryChannel", "AWS Config API_DeleteDeliveryChannel", op.Write, onAll[sdk.DeleteDeliveryChannelInput]("DeleteDeliveryChannel"), s.deleteChannel),
	}
}

var prefixForm = regexp.MustCompile(`^[A-Za-z0-9!_.*'()/-]*$`)

func (s *Service) putChannel(c *op.Call, in *sdk.PutDeliveryChannelInput) (*sdk.PutDeliveryChannelOutput, error) {
	if in.DeliveryChannel == nil {
		return nil, fault("ValidationException", "DeliveryChannel is required.")
	}
	x := in.DeliveryChannel
	d := &channel{Name: "default", Bucket: text(x.S3BucketName), Prefix: text(x.S3KeyPrefix), Key: text(x.S3KmsKeyArn), Topic: text(x.SnsTopicARN)}
	if x.Name != nil {
		d.Name = *x.Name
	}
	if x.ConfigSnapshotDeliveryProperties != nil {
		d.Frequency = x.ConfigSnapshotDeliveryProperties.DeliveryFrequency
	}
	switch d.Frequency {
	case "", types.MaximumExecutionFrequencyOneHour, types.MaximumExecutionFrequencyThreeHours, types.MaximumExecutionFrequencySixHours,
		types.MaximumExecutionFrequencyTwelveHours, types.MaximumExecutionFrequencyTwentyFourHours:
	default:
		return nil, fault("ValidationException", "The delivery frequency '%s' is not valid.", d.Frequency)
	}
	at := place(c.Caller.Account, c.Region)
	r, old := s.recorders.Get(at), s.channels.Get(at)
	switch {
	case len(d.Name) > 256 || !nameForm.MatchString(d.Name):
		return nil, fault("InvalidDeliveryChannelNameException", "The delivery channel name '%s' is not valid.", d.Name)
	case r == nil:
		return nil, fault("NoAvailableConfigurationRecorderException", "Configuration recorder is not available to put delivery channel.")
	case old != nil && old.Name != d.Name:
		return nil, fault("MaxNumberOfDeliveryChannelsExceededException", "Failed to put delivery channel '%s' because the maximum number of delivery channels: 1 is reached.", d.Name)
	case !prefixForm.MatchString(d.Prefix):
		return nil, fault("InvalidS3KeyPrefixException", "The S3 key prefix '%s' is not valid.", d.Prefix)
	case d.Topic != "" && !s.topics.TopicExists(d.Topic):
		return nil, fault("InvalidSNSTopicARNException", "The sns topic arn '%s' is not valid.", d.Topic)
	}
	if err := s.writable(c, r, d); err != nil {
		return nil, err
	}
	s.channels.Put(at, d)
	return &sdk.PutDeliveryChannelOutput{}, nil
}

// writable refuses a bucket that Config could not write to. It tries the recorder's
// role first, and then itself.
// Source: AWS Config Developer Guide "Permissions for the Amazon S3 Bucket for the AWS
// Config Delivery Channel".
func (s *Service) writable(c *op.Call, r *recorder, d *channel) error {
	if _, ok := s.buckets.BucketRegion(d.Bucket); !ok {
		return fault("NoSuchBucketException", "Cannot find a S3 bucket with an empty bucket name or with the name '%s'.", d.Bucket)
	}
	key := "AWSLogs/" + r.Account + "/Config/ConfigWritabilityCheckFile"
	if d.Prefix != "" {
		key = d.Prefix + "/" + key
	}
	for _, who := range []*op.Caller{s.roleCaller(c, r), op.ServiceCaller("config.amazonaws.com", "", r.Account)} {
		bucket, keys, err := s.buckets.DeliveryChecks(c, s3.Delivery{Service: who, Bucket: d.Bucket, Key: key, KMSKey: d.Key})
		if err != nil {
			return fault("InvalidS3KmsKeyArnException", "The arn '%s' of the KMS key is not valid.", d.Key)
		}
		allowed := true
		for _, check := range append(bucket, keys...) {
			if allowed = c.Ask(check) == nil; !allowed {
				break
			}
		}
		if allowed {
			return nil
		}
	}
	return fault("InsufficientDeliveryPolicyException", "Insufficient delivery policy to s3 bucket: %s, unable to write to bucket, provided s3 key prefix is '%s', provided kms key is '%s'.", d.Bucket, d.Prefix, d.Key)
}

// roleCaller is Config with the recorder's role; one that is not there may do nothing.
func (s *Service) roleCaller(c *op.Call, r *recorder) *op.Caller {
	name := r.Role[strings.LastIndexByte(r.Role, '/')+1:]
	out := &op.Caller{
		Principal: policy.Principal{Type: policy.AssumedRole, ARN: "arn:aws:sts::" + r.Account + ":assumed-role/" + name + "/AWSConfig-BucketConfigCheck", Account: r.Account, RoleARN: r.Role},
		Account:   r.Account,
		Session:   &op.Session{Issued: c.Now, Expires: c.Now, Name: "AWSConfig-BucketConfigCheck", Source: "AssumeRole", Issuer: r.Role},
	}
	if role := s.roles.RoleByARN(r.Role); role != nil {
		out.Principal.ID, out.Session.IssuerID = role.ID, role.ID
	}
	return out
}

func (s *Service) describeChannels(c *op.Call, in *sdk.DescribeDeliveryChannelsInput) (*sdk.DescribeDeliveryChannelsOutput, error) {
	d := s.channels.Get(place(c.Caller.Account, c.Region))
	for _, name := range in.DeliveryChannelNames {
		if d == nil || d.Name != name {
			return nil, fault("NoSuchDeliveryChannelException", "Cannot find delivery channel with specified name '%s'.", name)
		}
	}
	out := &sdk.DescribeDeliveryChannelsOutput{DeliveryChannels: []types.DeliveryChannel{}}
	if d != nil {
		x := types.DeliveryChannel{Name: &d.Name, S3BucketName: &d.Bucket, S3KeyPrefix: optional(d.Prefix), S3KmsKeyArn: optional(d.Key), SnsTopicARN: optional(d.Topic)}
		if d.Frequency != "" {
			x.ConfigSnapshotDeliveryProperties = &types.ConfigSnapshotDeliveryProperties{DeliveryFrequency: d.Frequency}
		}
		out.DeliveryChannels = append(out.DeliveryChannels, x)
	}
	return out, nil
}

func (s *Service) deleteChannel(c *op.Call, in *sdk.DeleteDeliveryChannelInput) (*sdk.DeleteDeliveryChannelOutput, error) {
	at := place(c.Caller.Account, c.Region)
	d := s.channels.Get(at)
	if d == nil || d.Name != text(in.DeliveryChannelName) {
		return nil, fault("NoSuchDeliveryChannelException", "Cannot find delivery channel with specified name '%s'.", text(in.DeliveryChannelName))
	}
	if r := s.recorders.Get(at); r != nil && r.Recording {
		return nil, fault("LastDeliveryChannelDeleteFailedException", "Failed to delete last specified delivery channel with name '%s', because there is a running configuration recorder.", d.Name)
	}
	s.channels.Delete(at)
	return &sdk.DeleteDeliveryChannelOutput{}, nil
}
