package lambda

import (
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
)

func (s *Service) versionRows() []op.Row {
	publish := op.New("PublishVersion", "Lambda API_PublishVersion", op.Write,
		checked(s, "PublishVersion", func(in *sdk.PublishVersionInput) (_, _ *string) { return in.FunctionName, nil }), s.publishVersion)
	publish.Event, publish.Asks, publish.Secret = "PublishVersion20150331", shows, []string{"Variables"}
	list := op.New("ListVersionsByFunction", "Lambda API_ListVersionsByFunction", op.Read,
		checked(s, "ListVersionsByFunction", func(in *sdk.ListVersionsByFunctionInput) (_, _ *string) { return in.FunctionName, nil }), s.listVersions)
	list.Event, list.Asks = "ListVersionsByFunction20150331", shows
	return []op.Row{publish, list}
}

// publish makes a version of the latest, or returns the last one if nothing has changed
// since. f is not put yet.
// Source: Lambda API_PublishVersion: "Lambda doesn't publish a version if the function's
// configuration and code haven't changed since the last version".
func (f *function) publish(c *op.Call, description string) *version {
	v := f.Latest
	v.Description = description
	if n := len(f.Published); n > 0 {
		last := f.Published[n-1]
		same := last
		same.Number, same.Modified, same.Revision, same.Description = v.Number, v.Modified, v.Revision, v.Description
		// The environment is sealed anew by every change of it, and shared otherwise.
		if same == v {
			return &f.Published[n-1]
		}
	}
	f.Last++
	v.Number = strconv.Itoa(f.Last)
	v.touch(c)
	f.Published = append(append([]version{}, f.Published...), v)
	return &f.Published[len(f.Published)-1]
}

func (s *Service) publishVersion(c *op.Call, in *sdk.PublishVersionInput) (*sdk.PublishVersionOutput, error) {
	r, err := locate(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	old, _, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	if err := stale(&old.Latest, in.RevisionId); err != nil {
		return nil, err
	}
	if in.CodeSha256 != nil && *in.CodeSha256 != old.Latest.Hash {
		return nil, invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", *in.CodeSha256, old.Latest.Hash)
	}
	if in.PublishTo != "" {
		return nil, refuse("PublishTo")
	}
	f := old.copy()
	description := f.Latest.Description
	if in.Description != nil {
		description = *in.Description
	}
	v := f.publish(c, description)
	s.functions.Put(f.key(), f)
	x, err := s.view(c, f, v)
	return as[sdk.PublishVersionOutput](x, err)
}

func (s *Service) listVersions(c *op.Call, in *sdk.ListVersionsByFunctionInput) (*sdk.ListVersionsByFunctionOutput, error) {
	r, err := locate(c, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	f, _, err := s.existing(r)
	if err != nil {
		return nil, err
	}
	n, err := limit(in.MaxItems)
	if err != nil {
		return nil, err
	}
	list := []types.FunctionConfiguration{}
	for _, v := range append([]version{f.Latest}, f.Published...) {
		x, err := s.view(c, f, &v)
		if err != nil {
			return nil, err
		}
		x.FunctionArn = new(f.arn() + ":" + v.Number)
		list = append(list, x)
	}
	// By number: as text, 10 would come before 9.
	order := func(x types.FunctionConfiguration) string {
		if *x.Version == latest {
			return latest
		}
		return "0000000000"[len(*x.Version):] + *x.Version
	}
	list, next := page.Cut(list, order, n, in.Marker)
	return &sdk.ListVersionsByFunctionOutput{Versions: list, NextMarker: next}, nil
}
