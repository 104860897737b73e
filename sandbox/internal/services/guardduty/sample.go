package guardduty

import (
	"maps"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// createSamples makes a finding of each type asked for, or of all. Every request
// makes new ones; that AWS does not count up an older sample instead is not
// documented.
// Source: API_CreateSampleFindings; GuardDuty User Guide "Sample findings": their
// titles begin with [SAMPLE].
func (s *Service) createSamples(c *op.Call, in *sdk.CreateSampleFindingsInput) (*sdk.CreateSampleFindingsOutput, error) {
	d, err := s.detector(c, in.DetectorId)
	if err != nil {
		return nil, err
	}
	if !d.Enabled {
		return nil, bad("The request is rejected because the detector is not enabled.")
	}
	names := in.FindingTypes
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(severities))
	}
	if len(names) > 50 && len(in.FindingTypes) > 0 {
		return nil, bad("The request is rejected because it names more than 50 finding types.")
	}
	var list []*finding
	for _, name := range names {
		if _, ok := severities[name]; !ok {
			return nil, refuse("samples of the finding type \"" + name + "\", only those of instances, credentials and buckets")
		}
		f, err := sample(c, d, name)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	for _, f := range list {
		s.keep(c, d, f)
	}
	return &sdk.CreateSampleFindingsOutput{}, nil
}

// sample is a finding with invented details, in the documented shape.
// Source: GuardDuty User Guide "Finding details"; "Sample findings".
func sample(c *op.Call, d *detector, name string) (*finding, error) {
	id, err := newID(c)
	if err != nil {
		return nil, err
	}
	now := stamp(c.Now)
	what, resource := details(d, name)
	f := &finding{types.Finding{
		SchemaVersion: new("2.0"), AccountId: &d.Account, Region: &d.Region, Partition: new("aws"), Id: &id,
		Arn: new(d.arn() + "/finding/" + id), Type: &name, Severity: new(severities[name]), CreatedAt: &now, UpdatedAt: &now,
		Title: new("[SAMPLE] " + name + ": " + what + "."), Description: new("This is a sample of the finding " + name + " about " + what + "."),
		Resource: resource,
		Service: &types.Service{
			ServiceName: new("guardduty"), DetectorId: &d.ID, Action: action(name), ResourceRole: new("TARGET"), Archived: new(false), Count: new(int32(1)),
			EventFirstSeen: &now, EventLastSeen: &now, AdditionalInfo: &types.ServiceAdditionalInfo{Type: new("default"), Value: new(`{"sample":true}`)},
		},
	}}
	return f, nil
}

// subject is the resource type in a finding's name: "EC2", "IAMUser", "S3".
func subject(name string) string {
	_, rest, _ := strings.Cut(name, ":")
	kind, _, _ := strings.Cut(rest, "/")
	return kind
}

// details are a sample's resource, and how a person calls it.
func details(d *detector, name string) (string, *types.Resource) {
	key := &types.AccessKeyDetails{
		AccessKeyId: new("GeneratedFindingAccessKeyId"), PrincipalId: new("GeneratedFindingPrincipalId"),
		UserName: new("GeneratedFindingUserName"), UserType: new("IAMUser"),
	}
	switch subject(name) {
	case "EC2":
		return "EC2 instance i-99999999", &types.Resource{ResourceType: new("Instance"), InstanceDetails: &types.InstanceDetails{
			InstanceId: new("i-99999999"), InstanceType: new("m3.xlarge"), InstanceState: new("running"), AvailabilityZone: new(d.Region + "a"), ImageId: new("ami-99999999"),
		}}
	case "S3":
		return "bucket bucketName", &types.Resource{ResourceType: new("S3Bucket"), AccessKeyDetails: key, S3BucketDetails: []types.S3BucketDetail{{
			Name: new("bucketName"), Arn: new("arn:aws:s3:::bucketName"), Type: new("Destination"),
		}}}
	}
	if strings.HasSuffix(name, "RootCredentialUsage") {
		key.UserName, key.UserType = new("Root"), new("Root")
	}
	return "credentials of " + *key.UserName, &types.Resource{ResourceType: new("AccessKey"), AccessKeyDetails: key}
}

// action is what a sample saw.
func action(name string) *types.Action {
	remote := &types.RemoteIpDetails{
		IpAddressV4: new("198.51.100.0"), City: &types.City{CityName: new("GeneratedFindingCityName")},
		Country:      &types.Country{CountryName: new("GeneratedFindingCountryName")},
		Organization: &types.Organization{Asn: new("-1"), AsnOrg: new("GeneratedFindingASNOrg"), Isp: new("GeneratedFindingISP"), Org: new("GeneratedFindingORG")},
	}
	switch {
	case subject(name) != "EC2":
		service := "GeneratedFindingAPIServiceName"
		if subject(name) == "S3" {
			service = "s3.amazonaws.com"
		}
		return &types.Action{ActionType: new("AWS_API_CALL"), AwsApiCallAction: &types.AwsApiCallAction{
			Api: new("GeneratedFindingAPIName"), ServiceName: &service, CallerType: new("Remote IP"), RemoteIpDetails: remote,
		}}
	case strings.HasSuffix(name, "!DNS") || strings.Contains(name, "Domain"):
		return &types.Action{ActionType: new("DNS_REQUEST"), DnsRequestAction: &types.DnsRequestAction{
			Domain: new("GeneratedFindingDomainName"), Protocol: new("0"), Blocked: new(true),
		}}
	}
	return &types.Action{ActionType: new("NETWORK_CONNECTION"), NetworkConnectionAction: &types.NetworkConnectionAction{
		ConnectionDirection: new("INBOUND"), Protocol: new("TCP"), Blocked: new(false), RemoteIpDetails: remote,
		LocalPortDetails:  &types.LocalPortDetails{Port: new(int32(32794)), PortName: new("Unknown")},
		RemotePortDetails: &types.RemotePortDetails{Port: new(int32(22)), PortName: new("SSH")},
	}}
}
