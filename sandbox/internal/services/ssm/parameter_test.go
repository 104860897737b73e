package ssm_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func TestNamesAndValuesThatAreNone(t *testing.T) {
	w := open(t)
	w.put("there", "v", types.ParameterTypeString, nil)
	w.put("advanced", "v", types.ParameterTypeString, func(in *ssm.PutParameterInput) { in.Tier = types.ParameterTierAdvanced })
	for name, tt := range map[string]struct {
		change      func(*ssm.PutParameterInput)
		code, words string
	}{
		"no name":          {func(in *ssm.PutParameterInput) { in.Name = aws.String("") }, "ValidationException", "'name'"},
		"reserved for AWS": {func(in *ssm.PutParameterInput) { in.Name = aws.String("/aws/x") }, "AccessDeniedException", "/aws/x"},
		"reserved for SSM": {func(in *ssm.PutParameterInput) { in.Name = aws.String("SSMx") }, "ValidationException", "ssm"},
		"a letter":         {func(in *ssm.PutParameterInput) { in.Name = aws.String("a b") }, "ValidationException", "sub-path"},
		"not qualified":    {func(in *ssm.PutParameterInput) { in.Name = aws.String("a/b") }, "ValidationException", "fully qualified"},
		"a slash too many": {func(in *ssm.PutParameterInput) { in.Name = aws.String("/a/") }, "ValidationException", "slash"},
		"too deep":         {func(in *ssm.PutParameterInput) { in.Name = aws.String(strings.Repeat("/a", 16)) }, "HierarchyLevelLimitExceededException", "fifteen"},
		"too long":         {func(in *ssm.PutParameterInput) { in.Name = aws.String(strings.Repeat("a", 1000)) }, "ValidationException", "1011"},
		"no type":          {func(in *ssm.PutParameterInput) { in.Type = "" }, "ValidationException", "type is required"},
		"an unknown type":  {func(in *ssm.PutParameterInput) { in.Type = "Number" }, "UnsupportedParameterType", "Number"},
		"an empty value":   {func(in *ssm.PutParameterInput) { in.Value = aws.String("") }, "ValidationException", "'value'"},
		"nested":           {func(in *ssm.PutParameterInput) { in.Value = aws.String("{{ssm:x}}") }, "ValidationException", "nest"},
		"4097 bytes":       {func(in *ssm.PutParameterInput) { in.Value = aws.String(strings.Repeat("v", 4097)) }, "ValidationException", "4096"},
		"8193 bytes": {func(in *ssm.PutParameterInput) {
			in.Value, in.Tier = aws.String(strings.Repeat("v", 8193)), types.ParameterTierAdvanced
		}, "ValidationException", "8192"},
		"a pattern":         {func(in *ssm.PutParameterInput) { in.AllowedPattern = aws.String("[0-9]+") }, "ParameterPatternMismatchException", "[0-9]+"},
		"part of a pattern": {func(in *ssm.PutParameterInput) { in.Value, in.AllowedPattern = aws.String("1v"), aws.String("[0-9]") }, "ParameterPatternMismatchException", ""},
		"no pattern":        {func(in *ssm.PutParameterInput) { in.AllowedPattern = aws.String("[") }, "InvalidAllowedPatternException", ""},
		"an empty item":     {func(in *ssm.PutParameterInput) { in.Type, in.Value = types.ParameterTypeStringList, aws.String("a,,b") }, "ValidationException", "list"},
		"policies":          {func(in *ssm.PutParameterInput) { in.Policies = aws.String(`[{"Type":"Expiration"}]`) }, "ValidationException", "the sandbox does not implement"},
		"an image":          {func(in *ssm.PutParameterInput) { in.DataType = aws.String("aws:ec2:image") }, "ValidationException", "the sandbox does not implement"},
		"it is there":       {func(in *ssm.PutParameterInput) { in.Name = aws.String("there") }, "ParameterAlreadyExists", "overwrite"},
		"tags on overwrite": {func(in *ssm.PutParameterInput) {
			in.Overwrite, in.Tags = aws.Bool(true), []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
		}, "ValidationException", "tags and overwrite"},
		"down a tier": {func(in *ssm.PutParameterInput) {
			in.Name, in.Overwrite, in.Tier = aws.String("advanced"), aws.Bool(true), types.ParameterTierStandard
		}, "ValidationException", "downgrade"},
	} {
		in := &ssm.PutParameterInput{Name: aws.String("p"), Value: aws.String("v"), Type: types.ParameterTypeString}
		tt.change(in)
		if _, err := w.ssm.PutParameter(ctx, in); err == nil {
			t.Errorf("%s is taken", name)
		} else {
			w.refused(err, tt.code, tt.words)
		}
	}
	out, err := w.ssm.DescribeParameters(ctx, &ssm.DescribeParametersInput{})
	w.must(err)
	if len(out.Parameters) != 2 {
		t.Errorf("what was refused left %d parameters", len(out.Parameters)-2)
	}
}

// A version is reached by number and by label, and by ARN; what an overwrite leaves out
// stays.
func TestVersionsAndLabels(t *testing.T) {
	w := open(t)
	w.put("/a/b", "one", types.ParameterTypeString, func(in *ssm.PutParameterInput) {
		in.Description, in.AllowedPattern = aws.String("words"), aws.String("[a-z]+")
	})
	out := w.put("/a/b", "two", "", over)
	if out.Version != 2 || out.Tier != types.ParameterTierStandard {
		t.Errorf("%+v", out)
	}
	d, err := w.ssm.DescribeParameters(ctx, &ssm.DescribeParametersInput{})
	w.must(err)
	if p := d.Parameters[0]; *p.Description != "words" || *p.AllowedPattern != "[a-z]+" || p.Type != types.ParameterTypeString || p.Version != 2 || *p.DataType != "text" ||
		*p.LastModifiedUser != "arn:aws:iam::"+account+":root" || *p.ARN != prefix+"/a/b" {
		t.Errorf("%+v", p)
	}
	label := func(n *int64, labels ...string) []string {
		t.Helper()
		out, err := w.ssm.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: aws.String("/a/b"), ParameterVersion: n, Labels: labels})
		w.must(err)
		return out.InvalidLabels
	}
	if bad := label(aws.Int64(1), "live", "1st", "aws-x", "ssm_y"); !slices.Equal(bad, []string{"1st", "aws-x", "ssm_y"}) {
		t.Errorf("invalid %q", bad)
	}
	for name, want := range map[string]string{"/a/b": "two", "/a/b:1": "one", "/a/b:2": "two", "/a/b:live": "one", prefix + "/a/b": "two", prefix + "/a/b:live": "one"} {
		if v := w.value(name); v != want {
			t.Errorf("%s is %q, want %q", name, v, want)
		}
	}
	label(nil, "live")
	if v := w.value("/a/b:live"); v != "two" {
		t.Errorf("the label stayed at %q", v)
	}
	for _, name := range []string{"/a/b:3", "/a/b:dead"} {
		_, err := get(w.ssm, name, true)
		w.refused(err, "ParameterVersionNotFound", "")
	}
	for i := 3; i <= 101; i++ {
		w.put("/a/b", "v"+strings.Repeat("i", i), "", over)
	}
	_, err = get(w.ssm, "/a/b:1", true) // the 101st version took the oldest away
	w.refused(err, "ParameterVersionNotFound", "")
	_, err = w.ssm.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/a/b"), Value: aws.String("more"), Overwrite: aws.Bool(true)})
	w.refused(err, "ParameterMaxVersionLimitExceeded", "live")
	un, err := w.ssm.UnlabelParameterVersion(ctx, &ssm.UnlabelParameterVersionInput{Name: aws.String("/a/b"), ParameterVersion: aws.Int64(2), Labels: []string{"live", "dead"}})
	w.must(err)
	if !slices.Equal(un.RemovedLabels, []string{"live"}) || !slices.Equal(un.InvalidLabels, []string{"dead"}) {
		t.Errorf("%+v", un)
	}
	w.put("/a/b", "more", "", over)
	n := 0
	for p := ssm.NewGetParameterHistoryPaginator(w.ssm, &ssm.GetParameterHistoryInput{Name: aws.String("/a/b"), MaxResults: aws.Int32(30)}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		w.must(err)
		for _, v := range page.Parameters {
			if n++; v.Version != int64(n+2) {
				t.Fatalf("version %d as number %d", v.Version, n)
			}
		}
	}
	if n != 100 {
		t.Errorf("%d versions", n)
	}
}

func TestPathsAndFilters(t *testing.T) {
	w := open(t)
	for _, name := range []string{"top", "/room/a", "/room/b", "/room/deep/c", "/roomy/d"} {
		kind := types.ParameterTypeString
		if name == "/room/b" {
			kind = types.ParameterTypeSecureString
		}
		w.put(name, "v", kind, func(in *ssm.PutParameterInput) { in.Tags = []types.Tag{{Key: aws.String("Name"), Value: &name}} })
	}
	path := func(path string, recursive bool, filters ...types.ParameterStringFilter) string {
		t.Helper()
		var names []string
		for p := ssm.NewGetParametersByPathPaginator(w.ssm, &ssm.GetParametersByPathInput{Path: &path, Recursive: &recursive, ParameterFilters: filters, MaxResults: aws.Int32(1)}); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			w.must(err)
			for _, x := range page.Parameters {
				names = append(names, *x.Name)
			}
		}
		return strings.Join(names, " ")
	}
	secure := types.ParameterStringFilter{Key: aws.String("Type"), Values: []string{"SecureString"}}
	for _, tt := range []struct{ got, want string }{
		{path("/room", false), "/room/a /room/b"}, {path("/room/", true), "/room/a /room/b /room/deep/c"}, {path("/", true), "/room/a /room/b /room/deep/c /roomy/d top"},
		{path("/", false), "top"}, {path("/none", true), ""}, {path("/room", true, secure), "/room/b"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	filter := func(key, option string, values ...string) types.ParameterStringFilter {
		f := types.ParameterStringFilter{Key: &key, Values: values}
		if option != "" {
			f.Option = &option
		}
		return f
	}
	for _, tt := range []struct {
		filters []types.ParameterStringFilter
		want    string
	}{
		{nil, "/room/a /room/b /room/deep/c /roomy/d top"},
		{[]types.ParameterStringFilter{filter("Name", "Equals", "/room/a", "top")}, "/room/a top"},
		{[]types.ParameterStringFilter{filter("Name", "BeginsWith", "/room")}, "/room/a /room/b /room/deep/c /roomy/d"},
		{[]types.ParameterStringFilter{filter("Name", "Contains", "deep")}, "/room/deep/c"},
		{[]types.ParameterStringFilter{filter("Path", "Recursive", "/room")}, "/room/a /room/b /room/deep/c"},
		{[]types.ParameterStringFilter{filter("Path", "OneLevel", "/room"), filter("KeyId", "", "alias/aws/ssm")}, "/room/b"},
		{[]types.ParameterStringFilter{filter("tag:Name", "", "top", "/roomy/d")}, "/roomy/d top"},
		{[]types.ParameterStringFilter{filter("Tier", "", "Advanced")}, ""},
	} {
		out, err := w.ssm.DescribeParameters(ctx, &ssm.DescribeParametersInput{ParameterFilters: tt.filters})
		w.must(err)
		var names []string
		for _, x := range out.Parameters {
			names = append(names, *x.Name)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.filters, got, tt.want)
		}
	}
	for _, f := range []types.ParameterStringFilter{filter("Colour", "", "red"), filter("Name", "Like", "x"), filter("Type", "")} {
		if _, err := w.ssm.DescribeParameters(ctx, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{f}}); err == nil {
			t.Errorf("%v is taken", f)
		}
	}
	all, err := w.ssm.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"top", "none", "/room/a"}})
	w.must(err)
	if len(all.Parameters) != 2 || !slices.Equal(all.InvalidParameters, []string{"none"}) {
		t.Errorf("%+v", all)
	}
	gone, err := w.ssm.DeleteParameters(ctx, &ssm.DeleteParametersInput{Names: []string{"top", "none"}})
	w.must(err)
	if !slices.Equal(gone.DeletedParameters, []string{"top"}) || !slices.Equal(gone.InvalidParameters, []string{"none"}) {
		t.Errorf("%+v", gone)
	}
	_, err = w.ssm.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String("top")})
	w.refused(err, "ParameterNotFound", "top")
}

// What policies say of a parameter is about its ARN, its tags and the request.
func TestVerdicts(t *testing.T) {
	w := open(t)
	w.put("/room/a", "v", types.ParameterTypeString, func(in *ssm.PutParameterInput) {
		in.Tags = []types.Tag{{Key: aws.String("Team"), Value: aws.String("red")}}
	})
	w.put("/room/b", "v", types.ParameterTypeString, nil)
	allow := func(action, resource, condition string) string {
		if condition != "" {
			condition = `,"Condition":` + condition
		}
		return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"` + condition + `}`
	}
	read := func(c *ssm.Client) error { _, err := get(c, "/room/a", false); return err }
	readB := func(c *ssm.Client) error { _, err := get(c, "/room/b", false); return err }
	walk := func(recursive bool) func(*ssm.Client) error {
		return func(c *ssm.Client) error {
			_, err := c.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/room"), Recursive: &recursive})
			return err
		}
	}
	put := func(overwrite bool, tags ...types.Tag) func(*ssm.Client) error {
		return func(c *ssm.Client) error {
			name := "/room/new" + fmt.Sprint(len(w.sb.Events()))
			if overwrite {
				name = "/room/b"
			}
			_, err := c.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: aws.String("v"), Type: types.ParameterTypeString, Overwrite: &overwrite, Tags: tags})
			return err
		}
	}
	tag := types.Tag{Key: aws.String("Team"), Value: aws.String("red")}
	for i, tt := range []struct {
		statements string
		do         func(*ssm.Client) error
		refused    string // "": allowed
	}{
		{allow("ssm:GetParameter", prefix+"/room/a", ""), read, ""},
		{allow("ssm:GetParameter", prefix+"/room/a", ""), readB, "ssm:GetParameter on resource: " + prefix + "/room/b"},
		{allow("ssm:GetParameter", "*", `{"StringEquals":{"aws:ResourceTag/Team":"red"}}`), read, ""},
		{allow("ssm:GetParameter", "*", `{"StringEquals":{"aws:ResourceTag/Team":"red"}}`), readB, "ssm:GetParameter"},
		{allow("ssm:GetParameter", "*", `{"StringEquals":{"ssm:resourceTag/Team":"red"}}`), read, "ssm:GetParameter"},
		{allow("ssm:PutParameter", "*", `{"StringEquals":{"aws:ResourceTag/Team":"red"}}`), put(true), "ssm:PutParameter"},
		{allow("ssm:GetParametersByPath", prefix+"/room", ""), walk(true), ""},
		{allow("ssm:GetParametersByPath", prefix+"/room/*", ""), walk(true), "ssm:GetParametersByPath on resource: " + prefix + "/room"},
		{allow("ssm:GetParametersByPath", prefix+"/room", `{"StringEquals":{"ssm:Recursive":"false"}}`), walk(false), ""},
		{allow("ssm:GetParametersByPath", prefix+"/room", `{"StringEquals":{"ssm:Recursive":"false"}}`), walk(true), "ssm:GetParametersByPath"},
		{allow("ssm:PutParameter", "*", `{"StringEquals":{"ssm:Overwrite":"false"}}`), put(false), ""},
		{allow("ssm:PutParameter", "*", `{"StringEquals":{"ssm:Overwrite":"false"}}`), put(true), "ssm:PutParameter"},
		{allow("ssm:PutParameter", "*", ""), put(false, tag), "ssm:AddTagsToResource"},
		{allow("ssm:PutParameter", "*", "") + "," + allow("ssm:AddTagsToResource", "*", `{"ForAllValues:StringEquals":{"aws:TagKeys":["Team"]}}`), put(false, tag), ""},
	} {
		err := tt.do(w.user(fmt.Sprintf("user-%d", i), tt.statements))
		if tt.refused == "" {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
			continue
		}
		w.refused(err, "AccessDeniedException", tt.refused)
	}
}

func TestTags(t *testing.T) {
	w := open(t)
	w.put("p", "v", types.ParameterTypeString, nil)
	add := func(id string, key, value string) error {
		_, err := w.ssm.AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &id, Tags: []types.Tag{{Key: &key, Value: &value}}})
		return err
	}
	w.must(add("p", "a", "1"))
	w.must(add("p", "b", "2"))
	w.must(add("p", "a", "3"))
	_, err := w.ssm.RemoveTagsFromResource(ctx, &ssm.RemoveTagsFromResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String("p"), TagKeys: []string{"b", "none"}})
	w.must(err)
	w.put("p", "w", "", over) // which leaves the tags alone
	out, err := w.ssm.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String("p")})
	w.must(err)
	if len(out.TagList) != 1 || *out.TagList[0].Key != "a" || *out.TagList[0].Value != "3" {
		t.Errorf("%+v", out.TagList)
	}
	w.refused(add("none", "a", "1"), "InvalidResourceId", "") // the shape has no message
	w.refused(add("p", "aws:x", "1"), "ValidationException", "")
	_, err = w.ssm.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingDocument, ResourceId: aws.String("p")})
	w.refused(err, "ValidationException", "the sandbox does not implement")
}

func TestTheCommandLine(t *testing.T) {
	w := open(t)
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "aws", append([]string{"--region", region, "--output", "text", "ssm"}, args...)...)
		unset := w.sb.EnvUnset()
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
			name, _, _ := strings.Cut(v, "=")
			return slices.Contains(unset, name)
		})
		cmd.Env = append(cmd.Env, w.sb.Env()...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", args, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("put-parameter", "--name", "/room/token", "--type", "SecureString", "--value", "hush")
	if got := run("get-parameter", "--name", "/room/token", "--with-decryption", "--query", "Parameter.Value"); got != "hush" {
		t.Errorf("%q", got)
	}
	if got := run("get-parameters-by-path", "--path", "/room", "--query", "Parameters[].[Name,Type,Version]"); got != "/room/token\tSecureString\t1" {
		t.Errorf("%q", got)
	}
}
