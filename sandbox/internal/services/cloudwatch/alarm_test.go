package cloudwatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// One value trips the alarm once; when it has left the evaluation range, the alarm is OK
// again, which nobody asked to be told.
func TestAnAlarmTellsItsTopicOnce(t *testing.T) {
	w := open(t)
	topic := w.topic("alerts")
	w.put(sign("root", topic))
	a := w.alarm("root")
	if a.StateValue != types.StateValueInsufficientData || *a.StateReason != "Unchecked: Initial alarm creation" {
		t.Errorf("%s, %q", a.StateValue, *a.StateReason)
	}
	w.pass(time.Minute)
	a = w.alarm("root")
	if a.StateValue != types.StateValueOk || *a.StateReason != "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]." {
		t.Errorf("%s, %q", a.StateValue, *a.StateReason)
	}
	if n := w.notices(); len(n) != 0 {
		t.Fatalf("%+v", n)
	}
	w.value("root", 1)
	w.value("root", 1)
	w.pass(time.Minute)
	a = w.alarm("root")
	if a.StateValue != types.StateValueAlarm || !strings.HasPrefix(*a.StateReason, "Threshold Crossed: 1 datapoint [2.0 (") {
		t.Errorf("%s, %q", a.StateValue, *a.StateReason)
	}
	w.pass(10 * time.Minute)
	if a = w.alarm("root"); a.StateValue != types.StateValueAlarm {
		t.Errorf("%s while the value is in the range", a.StateValue)
	}
	w.pass(time.Hour)
	if a = w.alarm("root"); a.StateValue != types.StateValueOk {
		t.Errorf("%s an hour later", a.StateValue)
	}
	n := w.notices()
	if len(n) != 1 || n[0].NewStateValue != "ALARM" || n[0].OldStateValue != "OK" || n[0].AlarmArn != *a.AlarmArn || n[0].Subject != `ALARM: "root" in EU (London)` {
		t.Fatalf("%+v", n)
	}
	if f := w.sb.Undelivered(); len(f) != 0 {
		t.Errorf("%+v", f)
	}
}
