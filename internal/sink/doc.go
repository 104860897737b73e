// Package sink takes alerts from where they are raised and tells people: once
// for each finding, as loudly as it deserves, with the page to read.
//
// FromEnvironment reads the configuration, ReadSecrets the secrets, New makes
// the Sink. The Sink is an http.Handler and, by Invoke, a Lambda handler;
// cmd/alert-sink chooses: with AWS_LAMBDA_RUNTIME_API set it is the function.
//
// # What it takes
//
// Over HTTP, by POST /; GET /healthz answers that it runs.
//
//   - SNS deliveries (with the header x-amz-sns-message-type): the signature
//     must verify and the topic be one of SINK_TOPICS. Subscriptions are
//     confirmed, the end of one is told as a critical alert.
//   - anything else below, with the shared secret in X-Alert-Secret or as
//     "Authorization: Bearer SECRET".
//
// As a Lambda function: batches of SNS messages, EventBridge events, alarms that
// call the function directly, and anything below. Who may call is decided by the
// function's policy; if SINK_TOPICS is set, it also holds for SNS batches.
//
// Inside these: EventBridge events (GuardDuty findings, Security Hub batches,
// CloudTrail's calls and sign-ins, alarm state changes), alarm messages of
// CloudWatch, Alertmanager's webhook version 4, and this object, whose first
// three members are required:
//
//	{"title": "...", "message": "...", "severity": "critical|warning|info",
//	 "type": "backup/failed", "key": "what makes two alerts the same", "url": "https://..."}
//
// Anything else is refused by name: 400, or an error of the function, which ends
// in its dead-letter queue or failure destination.
//
// # Environment
//
// Names that end in _PARAMETER hold the name (or ARN) of an SSM parameter of type
// SecureString, never a secret; all are read in one GetParameters call when the
// program starts, and not again. It needs ssm:GetParameters on them and
// kms:Decrypt on their key.
//
//	SINK_NTFY_TOPIC             ntfy topic: 1 to 64 of A-Z a-z 0-9 _ -. This or the next is required
//	SINK_NTFY_TOPIC_PARAMETER   the same as a secret: on a public server who knows a topic reads it
//	SINK_NTFY_URL               the ntfy server, default https://ntfy.sh
//	SINK_NTFY_TOKEN_PARAMETER   ntfy access token; unset: publish without one
//	SINK_PUSHOVER_TOKEN_PARAMETER  Pushover application token; set both of these or neither
//	SINK_PUSHOVER_USER_PARAMETER   Pushover user or group key
//	SINK_PUSHOVER_URL           default https://api.pushover.net/1/messages.json
//	SINK_SECRET_PARAMETER       shared secret of HTTP callers, 16 characters or more; unset: over HTTP only SNS is taken
//	SINK_TOPICS                 ARNs of SNS topics, separated by commas; unset: over HTTP no SNS message is taken
//	SINK_RUNBOOKS               https://... (the type is added to it as a path), or a JSON object of type to URL; unset: no link
//	SINK_SEVERITIES             JSON object of type to critical, warning or info, in place of the payload's own; what is
//	                            info stays info; default {}
//	SINK_DEDUPE_WINDOW          how long a finding stays told, 1m to 168h, default 24h
//	SINK_DEDUPE_ENTRIES         how many findings are remembered, 16 to 1000000, default 10000; the oldest is forgotten first
//	SINK_ATTEMPTS               how often a target is tried for one delivery, 1 to 10, default 3
//	SINK_TIMEOUT                how long one request may take, 1s to 10m, default 12s: SNS waits 15 s for an HTTP
//	                            endpoint. In Lambda, set it below the function's timeout, which bounds it too
//	SINK_ADDRESS                HTTP only: where to listen, default 127.0.0.1:8080
//
// Another name that begins with SINK_ is refused, so that a misspelt one is not
// silently without effect. Region, credentials and proxies are the AWS SDK's and
// Go's own variables (AWS_REGION, AWS_PROFILE, HTTPS_PROXY, ...).
//
// # Types
//
// The type of an alert selects its runbook and severity. It is a path, and the
// longest configured prefix that ends at a "/" counts: guardduty/TYPE,
// securityhub/PRODUCT/GENERATOR, root-sign-in, root-api-call, cloudtrail/EVENT,
// alarm/NAME, alertmanager/ALERTNAME, webhook or what the caller said,
// sns-unsubscribed. In a map, "*" stands for all others.
//
// # Severity, and who is told
//
//	critical  Pushover with priority 1, ntfy with priority 5
//	warning   ntfy with priority 3
//	info      nobody
//
// GuardDuty: 7 and above is critical, 4 and above warning. Security Hub: CRITICAL
// and HIGH are critical, MEDIUM warning; what is archived there, passed, resolved,
// suppressed or notified is info. An alarm that goes off, and what the root user does, is
// critical; other CloudTrail events are warnings. Alertmanager: the label severity;
// critical and page are critical, info and none info, anything else, and none at
// all, a warning.
//
// # One finding, one alert
//
// An alert is told once to each target within the window, unless its severity
// rises. Two are the same if they have the same key: a GuardDuty finding and its
// copy in Security Hub that finding's ARN; other Security Hub findings product
// and id; an alarm its ARN and the time of the change, so that SNS, EventBridge and
// a direct call are one; CloudTrail the event's id; Alertmanager fingerprint and
// start; the plain object its key, without one all its texts. What failed is not
// remembered as told, so a repeated event reaches the targets that missed it, and
// only those. The memory is the process's own: it does not outlive it, and two
// processes do not share it (run one; for Lambda, reserve a concurrency of one).
//
// # Answers
//
// 200: every alert reached all its targets, now or before, or was dropped as info.
// 207: every alert reached someone, but a target failed; the body names it.
// 502: an alert reached nobody; the body says what failed. Send it again: a target
// that has it will not get it twice. 400, 401, 403, 404, 405, 413 as usual. The
// function answers with an error where HTTP answers 502, so that Lambda retries.
// Each target is tried SINK_ATTEMPTS times, with growing random pauses, after 429,
// 5xx and broken connections; Retry-After is heeded; other 4xx are final. A
// connection that breaks after the target took the message makes a second copy.
//
// # What it does not do
//
// No TLS of its own: it listens on loopback by default, behind a proxy that ends
// TLS. No queue, no disk. It logs types, keys' hashes and outcomes as JSON lines on
// stderr, never a payload, a header or a secret. Texts are sent to Pushover and
// ntfy as they were received, without control characters and cut to their limits.
package sink
