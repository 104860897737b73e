package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/policy"
)

// policyTypes are the words of --none, and the flags that name files.
var policyTypes = []struct {
	word, flag, usage string
	typ               policy.Reason
}{
	{"identity", "identity", "file of an identity-based policy of the caller (repeatable)", policy.ReasonIdentity},
	{"resource", "resource-policy", "file of the resource's policy: bucket, key or trust policy", policy.ReasonResource},
	{"boundary", "boundary", "file of the caller's permissions boundary", policy.ReasonBoundary},
	{"session", "session", "file of a policy passed when the session was made (repeatable)", policy.ReasonSession},
	{"scp", "scp", "[LEVEL=]FILE of a service control policy, levels from 1, the root; several need their LEVEL (repeatable)", policy.ReasonSCP},
	{"rcp", "rcp", "[LEVEL=]FILE of a resource control policy (repeatable)", policy.ReasonRCP},
	{"endpoint", "endpoint-policy", "file of the VPC endpoint's policy (repeatable)", policy.ReasonEndpoint},
}

// explainFlags are the flags of "policy explain".
type explainFlags struct {
	cmd                                          *cobra.Command
	principal, action, resource, resourceAccount string
	context, absent, none                        []string
	complete, whatIf, fromAccount, fromSandbox   bool
	request, event, message                      string
	files                                        map[string]*[]string
}

func newPolicyExplain(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "explain why a request is allowed or denied, and what would change it",
		Long: `Explain answers whether a request is allowed, which statement decides, and, for a
denial, which statements come nearest and what they lack.

The request comes from one of: flags (--principal, --action, --resource), a JSON
file (--request), an event of an audit file or of CloudTrail (--event), or AWS's
own access denied message (--message). Flags fill in or replace what the others
tell. A request file is

  {"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject",
   "resource": "arn:aws:s3:::b/k", "resource_account": "111122223333",
   "context": {"aws:SourceIp": "192.0.2.1"}, "absent": ["aws:SourceVpce"],
   "context_is_complete": false}

or one case of strongroom policy test, policies included. An audit file holds JSON
lines (strongroom sandbox --audit) or is a CloudTrail log file, gzip or not; FILE
alone means its last refused event.

The policies come from files, from the account that the credentials belong to
(--from-account, read-only calls) or from the running sandbox (--from-sandbox).
What is not named by a file does not exist; what could not be read from an account
is not known, unless --none TYPE says that there is none.

A condition key that the request does not tell is not known either: where the
answer turns on it the answer is "cannot tell", with what each value would mean.
AWS's own answer, in an event or a message, settles such a question, unless
--what-if says that the policies are to be tried and not those that were in force.

Exit status: 0 allowed, 2 denied, 1 cannot tell (usage and I/O errors too).`,
		Example: `  strongroom policy explain --principal arn:aws:iam::111122223333:user/ann \
    --action s3:GetObject --resource arn:aws:s3:::b/k --identity ann.json
  strongroom policy explain --event events.jsonl --from-sandbox
  strongroom policy explain --message - --from-account < error.txt`,
		Args: noArgs,
	}
	x := &explainFlags{cmd: cmd, files: map[string]*[]string{}}
	f := cmd.Flags()
	f.StringVar(&x.principal, "principal", "", "who asks: an ARN, a service such as ec2.amazonaws.com, or anonymous")
	f.StringVar(&x.action, "action", "", "what for, such as s3:GetObject")
	f.StringVar(&x.resource, "resource", "", "on what: an ARN")
	f.StringVar(&x.resourceAccount, "resource-account", "", "account that owns the resource (default the one in its ARN, or the caller's)")
	f.StringArrayVar(&x.context, "context", nil, `condition key of the request: KEY=VALUE, KEY=a,b for several values, or KEY:=JSON (repeatable)`)
	f.StringArrayVar(&x.absent, "absent", nil, "condition key that the request does not carry (repeatable)")
	f.BoolVar(&x.complete, "context-complete", false, "the request carries no condition keys but those given")
	f.StringVar(&x.request, "request", "", "JSON file with the request, or one policy case")
	f.StringVar(&x.event, "event", "", "FILE[#EVENTID] of an audit file or of CloudTrail")
	f.StringVar(&x.message, "message", "", "AWS's access denied message, or the JSON of a decoded one; - reads standard input")
	for _, t := range policyTypes {
		x.files[t.flag] = f.StringArray(t.flag, nil, t.usage)
		_ = cmd.MarkFlagFilename(t.flag, "json")
	}
	f.StringSliceVar(&x.none, "none", nil, "types of policy of which there are none: "+policyWords())
	f.BoolVar(&x.fromAccount, "from-account", false, "read the policies from the account, with read-only calls")
	f.BoolVar(&x.fromSandbox, "from-sandbox", false, "read them from the running sandbox")
	f.BoolVar(&x.whatIf, "what-if", false, "try the policies, whatever AWS answered at the time")
	cmd.MarkFlagsMutuallyExclusive("request", "event", "message")
	cmd.MarkFlagsMutuallyExclusive("from-account", "from-sandbox")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		answer, err := x.answer(env)
		if err != nil {
			return err
		}
		if *format == "json" {
			err = writeJSON(env.Stdout, answer)
		} else {
			err = explain.Human(env.Stdout, answer)
		}
		if err != nil {
			return err
		}
		switch answer.Decision {
		case explain.Allowed:
			return nil
		case explain.Denied:
			return &diag.ExitError{Code: diag.No}
		}
		return &diag.ExitError{Code: diag.Undecided}
	}
	return cmd
}

func policyWords() string {
	var words []string
	for _, t := range policyTypes {
		words = append(words, t.word)
	}
	return strings.Join(words, ", ")
}

// answer reads the question and the policies, and answers.
func (x *explainFlags) answer(env *Env) (*explain.Answer, error) {
	questions, policies, err := x.questions(env)
	if err != nil {
		return nil, err
	}
	for _, q := range questions {
		if err := x.override(q); err != nil {
			return nil, err
		}
	}
	if policies != nil && (x.fromAccount || x.fromSandbox || x.anyFile()) {
		return nil, usage(x.cmd, "the policy case brings its policies along; give no others")
	}
	return explain.All(questions, explain.Options{WhatIf: x.whatIf}, func(q *explain.Question) (*explain.Policies, error) {
		if policies != nil {
			return policies, nil
		}
		return x.policies(env, q)
	})
}

// questions reads what is asked. The policies are those of a policy case, or nil.
func (x *explainFlags) questions(env *Env) ([]*explain.Question, *explain.Policies, error) {
	switch {
	case x.request != "":
		data, err := readFile(env, x.request)
		if err != nil {
			return nil, nil, unreadable("explain-request", err)
		}
		q, p, err := explain.ReadRequest(x.request, data)
		return []*explain.Question{q}, p, err
	case x.event != "":
		name, id := splitEvent(x.event)
		in := env.Stdin
		if name != "-" {
			f, err := os.Open(name)
			if err != nil {
				return nil, nil, unreadable("explain-event", err)
			}
			defer f.Close()
			in = f
		}
		list, err := explain.ReadEvent(name, in, id)
		return list, nil, err
	case x.message != "":
		text := x.message
		if text == "-" {
			data, err := readFile(env, "-")
			if err != nil {
				return nil, nil, unreadable("explain-message", err)
			}
			text = string(data)
		}
		q, err := explain.ReadMessage(text)
		return []*explain.Question{q}, nil, err
	}
	if x.principal == "" || x.action == "" {
		return nil, nil, usage(x.cmd, "a request needs --principal and --action, or --request, --event or --message")
	}
	return []*explain.Question{{From: "the flags"}}, nil, nil
}

// splitEvent splits FILE#EVENTID; a file whose name holds a # is taken whole.
func splitEvent(arg string) (name, id string) {
	i := strings.LastIndexByte(arg, '#')
	if i < 0 {
		return arg, ""
	}
	if _, err := os.Stat(arg); err == nil {
		return arg, ""
	}
	return arg[:i], arg[i+1:]
}

// override lets the flags fill in or replace parts of a question.
func (x *explainFlags) override(q *explain.Question) error {
	o := explain.Override{Action: x.action, Principal: x.principal, Resource: x.resource, Owner: x.resourceAccount, Context: x.context, Absent: x.absent, Complete: x.complete}
	if err := o.Apply(q); err != nil {
		return usage(x.cmd, "%v", err)
	}
	return nil
}

func (x *explainFlags) anyFile() bool {
	for _, names := range x.files {
		if len(*names) > 0 {
			return true
		}
	}
	return false
}

// policies reads what applies to a question: an account first, then files, then
// what --none settles.
func (x *explainFlags) policies(env *Env, q *explain.Question) (*explain.Policies, error) {
	p := &explain.Policies{}
	if x.fromAccount || x.fromSandbox {
		account, err := x.account(env)
		if err != nil {
			return nil, err
		}
		if p, err = account.Read(x.cmd.Context(), q); err != nil {
			return nil, err
		}
	}
	loader := &explain.Loader{Resource: q.Resource, Read: func(name string) ([]byte, error) { return readFile(env, name) }}
	for _, t := range policyTypes {
		for _, name := range *x.files[t.flag] {
			if err := loader.Add(p, t.typ, name); err != nil {
				return nil, err
			}
			p.Settle(t.typ)
		}
	}
	if err := loader.Done(p); err != nil {
		return nil, err
	}
	for _, word := range x.none {
		typ := policy.ReasonNone
		for _, t := range policyTypes {
			if t.word == word {
				typ = t.typ
			}
		}
		if typ == policy.ReasonNone {
			return nil, usage(x.cmd, "--none %q is not one of %s", word, policyWords())
		}
		p.Settle(typ)
		p.Stated = true
	}
	return p, p.CheckLevels()
}

func unreadable(rule string, err error) error {
	return &diag.Diagnostic{Rule: rule, Summary: err.Error(), Fix: "name a readable file, or - for standard input", Err: err}
}
