package cloudtrail_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// Rates of calls need a trail of writes; rates of errors one of reads or writes; and
// who may not ask is refused.
func TestInsightsNeedManagementEvents(t *testing.T) {
	w := open(t)
	w.bucket(logs)
	w.create()
	put := func(c *cloudtrail.Client, kind types.InsightType) error {
		_, err := c.PutInsightSelectors(ctx, &cloudtrail.PutInsightSelectorsInput{TrailName: aws.String("main"), InsightSelectors: []types.InsightSelector{{InsightType: kind}}})
		return err
	}
	selectors := func(in cloudtrail.PutEventSelectorsInput) {
		in.TrailName = aws.String("main")
		_, err := w.trail.PutEventSelectors(ctx, &in)
		w.must(err)
	}
	field := func(name, value string) types.AdvancedFieldSelector {
		return types.AdvancedFieldSelector{Field: &name, Equals: []string{value}}
	}
	advanced := func(fields ...types.AdvancedFieldSelector) cloudtrail.PutEventSelectorsInput {
		return cloudtrail.PutEventSelectorsInput{AdvancedEventSelectors: []types.AdvancedEventSelector{{FieldSelectors: fields}}}
	}
	const rate, errors = types.InsightTypeApiCallRateInsight, types.InsightTypeApiErrorRateInsight
	for _, c := range []struct {
		name         string
		in           cloudtrail.PutEventSelectorsInput
		rate, errors bool
	}{
		{"reads", cloudtrail.PutEventSelectorsInput{EventSelectors: []types.EventSelector{{ReadWriteType: types.ReadWriteTypeReadOnly}}}, false, true},
		{"writes", advanced(field("eventCategory", "Management"), field("readOnly", "false")), true, true},
		{"data", advanced(field("eventCategory", "Data"), field("resources.type", "AWS::S3::Object")), false, false},
	} {
		selectors(c.in)
		for kind, want := range map[types.InsightType]bool{rate: c.rate, errors: c.errors} {
			if err := put(w.trail, kind); want {
				w.must(err)
			} else {
				w.refused(err, "InvalidInsightSelectorsException", string(kind))
			}
		}
	}
	selectors(advanced(field("eventCategory", "Management")))
	w.refused(put(w.user("reader", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cloudtrail:Get*","Resource":"*"}}`), rate), "AccessDeniedException", "cloudtrail:PutInsightSelectors")
	w.must(put(w.user("writer", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cloudtrail:PutInsightSelectors","Resource":"`+mainARN+`"}}`), rate))
}
