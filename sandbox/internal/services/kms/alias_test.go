package kms_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func TestAliases(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	one, two, sign := w.symmetric(home), w.symmetric(home), w.signing(types.KeySpecEccNistP256)
	create := func(name, id string) error {
		_, err := c.CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: &name, TargetKeyId: &id})
		return err
	}
	w.must(create("alias/a/b_c-1", one))
	for _, row := range []struct{ name, code, text string }{
		{"alias/a/b_c-1", "AlreadyExistsException", "An alias with the name arn:aws:kms:eu-west-2:111122223333:alias/a/b_c-1 already exists"},
		{"a", "ValidationException", "alias/"},
		{"alias/aws/mine", "NotAuthorizedException", ""},
		{"alias/a:b", "ValidationException", "regular expression"},
	} {
		wantMessage(t, create(row.name, one), row.code, row.text)
	}
	update := func(name, id string) error {
		_, err := c.UpdateAlias(ctx, &sdk.UpdateAliasInput{AliasName: &name, TargetKeyId: &id})
		return err
	}
	w.must(update("alias/a/b_c-1", two))
	d, err := c.DescribeKey(ctx, &sdk.DescribeKeyInput{KeyId: aws.String("alias/a/b_c-1")})
	w.must(err)
	if *d.KeyMetadata.Arn != two {
		t.Errorf("the alias means %s, want %s", *d.KeyMetadata.Arn, two)
	}
	wantCode(t, update("alias/a/b_c-1", sign), "ValidationException")
	wantCode(t, update("alias/none", one), "NotFoundException")
	for id, want := range map[string]int{one: 0, two: 1} {
		l, err := c.ListAliases(ctx, &sdk.ListAliasesInput{KeyId: &id})
		w.must(err)
		if len(l.Aliases) != want {
			t.Errorf("key %s: got %d aliases, want %d", id, len(l.Aliases), want)
		}
	}
	_, err = c.DeleteAlias(ctx, &sdk.DeleteAliasInput{AliasName: aws.String("alias/a/b_c-1")})
	w.must(err)
	_, err = c.DeleteAlias(ctx, &sdk.DeleteAliasInput{AliasName: aws.String("alias/a/b_c-1")})
	wantMessage(t, err, "NotFoundException", "Alias arn:aws:kms:eu-west-2:111122223333:alias/a/b_c-1 is not found.")
	for i := range 50 {
		w.must(create("alias/n"+string(rune('A'+i/26))+string(rune('A'+i%26)), one))
	}
	wantCode(t, create("alias/one-more", one), "LimitExceededException")
}

// TestAliasPermissions: the action must be allowed on the alias and on the key.
//
// Source: KMS Developer Guide, "Controlling access to aliases".
func TestAliasPermissions(t *testing.T) {
	w := newWorld(t)
	id := w.symmetric(home)
	for _, row := range []struct{ name, resource, code string }{
		{"both", `["arn:aws:kms:*:HOME:alias/*","arn:aws:kms:*:HOME:key/*"]`, ""},
		{"alias", `"arn:aws:kms:*:HOME:alias/*"`, "AccessDeniedException"},
		{"key", `"arn:aws:kms:*:HOME:key/*"`, "AccessDeniedException"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, _ := w.user(home, row.name, doc(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["kms:CreateAlias","kms:DeleteAlias"],"Resource":`+row.resource+`}}`))
			name := "alias/" + row.name
			_, err := c.CreateAlias(ctx, &sdk.CreateAliasInput{AliasName: &name, TargetKeyId: &id})
			wantCode(t, err, row.code)
		})
	}
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	c := w.root(home)
	id := w.symmetric(home)
	for _, v := range []string{"1", "2"} {
		_, err := c.TagResource(ctx, &sdk.TagResourceInput{KeyId: &id, Tags: []types.Tag{{TagKey: aws.String("k"), TagValue: &v}, {TagKey: aws.String("l"), TagValue: aws.String("")}}})
		w.must(err)
	}
	_, err := c.UntagResource(ctx, &sdk.UntagResourceInput{KeyId: &id, TagKeys: []string{"l", "never"}})
	w.must(err)
	l, err := c.ListResourceTags(ctx, &sdk.ListResourceTagsInput{KeyId: &id})
	w.must(err)
	if len(l.Tags) != 1 || *l.Tags[0].TagKey != "k" || *l.Tags[0].TagValue != "2" {
		t.Errorf("got tags %+v", l.Tags)
	}
	_, err = c.TagResource(ctx, &sdk.TagResourceInput{KeyId: &id, Tags: []types.Tag{{TagKey: aws.String("x"), TagValue: aws.String("1")}, {TagKey: aws.String("x"), TagValue: aws.String("2")}}})
	wantCode(t, err, "TagException")
}
