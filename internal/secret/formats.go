package secret

// class is a set of bytes.
type class [256]bool

func newClass(ranges string) *class {
	var c class
	for i := 0; i+1 < len(ranges); i += 2 {
		for b := int(ranges[i]); b <= int(ranges[i+1]); b++ {
			c[b] = true
		}
	}
	return &c
}

var (
	word      = newClass("azAZ09__")   // a secret that begins in the middle of a word is none
	letters   = newClass("azAZ09")     // base 62
	base64URL = newClass("azAZ09__--") // and with a dot what several tokens are made of
	dotted    = newClass("azAZ09__--..==")
	base64Std = newClass("azAZ09++//==")
	upper     = newClass("AZ09")
	lower     = newClass("az09")
	hexLower  = newClass("af09")
	cryptText = newClass("azAZ09..//$$")
	argonText = newClass("azAZ09//$$,,==++--")
	slashed   = newClass("azAZ09__--//")
)

// format is a secret that begins with a literal.
type format struct {
	id, what string
	prefix   string
	body     *class
	min, max int // of the body; max 0: any
}

// formats are the kinds whose secrets begin alike.
// Source: GitLab "Token overview"; GitHub "GitHub's token formats"; Slack "Tokens";
// Stripe "API keys"; AWS IAM "Unique identifiers"; HashiCorp Vault "Tokens"; Google
// Cloud "API keys"; npm, PyPI, Docker, DigitalOcean, Grafana, Sentry, Shopify,
// SendGrid, Tailscale, Hugging Face, New Relic, Databricks, Doppler, Pulumi,
// RubyGems, ntfy, Atlassian, Supabase, Netlify, Notion, PlanetScale, Dynatrace, NuGet,
// Groq, Perplexity, xAI: their pages on access tokens. Lengths are lower bounds where a
// page gives none.
var formats = []format{
	{"aws-access-key-id", "an AWS access key ID", "AKIA", upper, 16, 16},
	{"aws-access-key-id", "an AWS access key ID, a temporary one", "ASIA", upper, 16, 16},
	{"aws-session-token", "an AWS session token", "IQoJb3JpZ2lu", base64Std, 80, 0},
	{"aws-session-token", "an AWS session token", "FwoGZXIvYXdz", base64Std, 80, 0},
	{"aws-presigned-url", "an address that AWS signed", "X-Amz-Signature=", hexLower, 64, 64},
	{"eks-token", "an EKS token", "k8s-aws-v1.", base64URL, 40, 0},
	{"gitlab-token", "a GitLab access token", "glpat-", dotted, 16, 0},
	{"gitlab-token", "a GitLab OAuth application's secret", "gloas-", dotted, 16, 0},
	{"gitlab-token", "a GitLab deploy token", "gldt-", dotted, 16, 0},
	{"gitlab-token", "a GitLab runner's token", "glrt-", dotted, 16, 0},
	{"gitlab-token", "a GitLab runner's registration token", "glrtr-", dotted, 16, 0},
	{"gitlab-token", "a GitLab runner's registration token", "GR1348941", dotted, 16, 0},
	{"gitlab-token", "a GitLab job token", "glcbt-", dotted, 16, 0},
	{"gitlab-token", "a GitLab pipeline trigger token", "glptt-", dotted, 16, 0},
	{"gitlab-token", "a GitLab feed token", "glft-", dotted, 16, 0},
	{"gitlab-token", "a GitLab incoming mail token", "glimt-", dotted, 16, 0},
	{"gitlab-token", "a GitLab agent's token", "glagent-", dotted, 16, 0},
	{"gitlab-token", "a GitLab workspace token", "glwt-", dotted, 16, 0},
	{"gitlab-token", "a GitLab SCIM token", "glsoat-", dotted, 16, 0},
	{"gitlab-token", "a GitLab feature flags token", "glffct-", dotted, 16, 0},
	{"github-token", "a GitHub personal access token", "ghp_", letters, 36, 0},
	{"github-token", "a GitHub OAuth token", "gho_", letters, 36, 0},
	{"github-token", "a GitHub App's user token", "ghu_", letters, 36, 0},
	{"github-token", "a GitHub App's token", "ghs_", letters, 36, 0},
	{"github-token", "a GitHub refresh token", "ghr_", letters, 36, 0},
	{"github-token", "a GitHub fine-grained token", "github_pat_", word, 22, 0},
	{"slack-token", "a Slack token", "xoxb-", base64URL, 10, 0},
	{"slack-token", "a Slack token", "xoxp-", base64URL, 10, 0},
	{"slack-token", "a Slack token", "xoxa-", base64URL, 10, 0},
	{"slack-token", "a Slack token", "xoxr-", base64URL, 10, 0},
	{"slack-token", "a Slack token", "xoxs-", base64URL, 10, 0},
	{"slack-token", "a Slack session's token", "xoxc-", base64URL, 10, 0},
	{"slack-token", "a Slack session's token", "xoxd-", base64URL, 10, 0},
	{"slack-token", "a Slack token", "xoxe", dotted, 20, 0},
	{"slack-token", "a Slack app's token", "xapp-", base64URL, 10, 0},
	{"slack-webhook", "a Slack webhook's address", "https://hooks.slack.com/services/", slashed, 20, 0},
	{"slack-webhook", "a Slack workflow's address", "https://hooks.slack.com/triggers/", slashed, 20, 0},
	{"discord-webhook", "a Discord webhook's address", "https://discord.com/api/webhooks/", slashed, 40, 0},
	{"discord-webhook", "a Discord webhook's address", "https://discordapp.com/api/webhooks/", slashed, 40, 0},
	{"stripe-key", "a Stripe secret key", "sk_live_", letters, 16, 0},
	{"stripe-key", "a Stripe secret key", "sk_test_", letters, 16, 0},
	{"stripe-key", "a Stripe restricted key", "rk_live_", letters, 16, 0},
	{"stripe-key", "a Stripe restricted key", "rk_test_", letters, 16, 0},
	{"stripe-key", "a Stripe webhook's secret", "whsec_", base64Std, 24, 0},
	{"google-key", "a Google API key", "AIza", base64URL, 35, 35},
	{"google-token", "a Google access token", "ya29.", dotted, 20, 0},
	{"google-secret", "a Google OAuth client's secret", "GOCSPX-", base64URL, 24, 0},
	{"vault-token", "a Vault token", "hvs.", base64URL, 24, 0},
	{"vault-token", "a Vault batch token", "hvb.", base64URL, 24, 0},
	{"vault-token", "a Vault recovery token", "hvr.", base64URL, 24, 0},
	{"sendgrid-key", "a SendGrid API key", "SG.", dotted, 60, 0},
	{"npm-token", "an npm token", "npm_", letters, 36, 36},
	{"pypi-token", "a PyPI token", "pypi-AgE", base64URL, 50, 0},
	{"docker-token", "a Docker access token", "dckr_pat_", base64URL, 20, 0},
	{"docker-token", "a Docker organization's token", "dckr_oat_", base64URL, 20, 0},
	{"digitalocean-token", "a DigitalOcean token", "dop_v1_", hexLower, 64, 64},
	{"digitalocean-token", "a DigitalOcean OAuth token", "doo_v1_", hexLower, 64, 64},
	{"grafana-token", "a Grafana service account's token", "glsa_", word, 32, 0},
	{"grafana-token", "a Grafana Cloud token", "glc_", base64Std, 32, 0},
	{"sentry-token", "a Sentry token", "sntrys_", base64Std, 40, 0},
	{"newrelic-key", "a New Relic key", "NRAK-", upper, 27, 27},
	{"shopify-token", "a Shopify token", "shpat_", letters, 32, 32},
	{"shopify-token", "a Shopify app's secret", "shpss_", letters, 32, 32},
	{"openai-key", "an OpenAI key", "sk-proj-", base64URL, 20, 0},
	{"openai-key", "an OpenAI key", "sk-svcacct-", base64URL, 20, 0},
	{"openai-key", "an OpenAI key", "sk-", letters, 48, 48},
	{"anthropic-key", "an Anthropic key", "sk-ant-", base64URL, 20, 0},
	{"huggingface-token", "a Hugging Face token", "hf_", letters, 34, 0},
	{"tailscale-key", "a Tailscale key", "tskey-", base64URL, 20, 0},
	{"databricks-token", "a Databricks token", "dapi", hexLower, 32, 32},
	{"doppler-token", "a Doppler token", "dp.pt.", letters, 40, 0},
	{"doppler-token", "a Doppler service token", "dp.st.", dotted, 40, 0},
	{"pulumi-token", "a Pulumi token", "pul-", hexLower, 40, 40},
	{"rubygems-key", "a RubyGems key", "rubygems_", hexLower, 48, 48},
	{"postman-key", "a Postman key", "PMAK-", base64URL, 50, 0},
	{"linear-key", "a Linear key", "lin_api_", letters, 40, 0},
	{"mailgun-key", "a Mailgun key", "key-", hexLower, 32, 32},
	{"twilio-key", "a Twilio API key's SID", "SK", hexLower, 32, 32},
	{"square-token", "a Square token", "sq0atp-", base64URL, 22, 0},
	{"square-token", "a Square OAuth secret", "sq0csp-", base64URL, 40, 0},
	{"atlassian-token", "an Atlassian API token", "ATATT3xFfGF0", dotted, 60, 0},
	{"atlassian-token", "an Atlassian access token", "ATCTT3xFfGF0", dotted, 60, 0},
	{"supabase-token", "a Supabase token", "sbp_", hexLower, 40, 40},
	{"netlify-token", "a Netlify token", "nfp_", letters, 36, 36},
	{"notion-token", "a Notion token", "ntn_", letters, 40, 0},
	{"planetscale-token", "a PlanetScale token", "pscale_tkn_", dotted, 32, 0},
	{"planetscale-token", "a PlanetScale password", "pscale_pw_", dotted, 32, 0},
	{"dynatrace-token", "a Dynatrace token", "dt0c01.", dotted, 80, 0},
	{"dynatrace-token", "a Dynatrace platform token", "dt0s16.", dotted, 80, 0},
	{"nuget-key", "a NuGet key", "oy2", lower, 43, 43},
	{"groq-key", "a Groq key", "gsk_", letters, 40, 0},
	{"perplexity-key", "a Perplexity key", "pplx-", letters, 40, 0},
	{"xai-key", "an xAI key", "xai-", letters, 60, 0},
	{"ntfy-token", "an ntfy access token", "tk_", lower, 29, 29},
	{"azure-key", "an Azure storage account's key", "AccountKey=", base64Std, 80, 0},
	{"azure-key", "an Azure shared access key", "SharedAccessKey=", base64Std, 40, 0},
	{"age-key", "an age secret key", "AGE-SECRET-KEY-1", upper, 50, 0},
	{"putty-key", "a PuTTY private key", "PuTTY-User-Key-File-", letters, 1, 0},
	{"password-hash", "a password's hash (bcrypt)", "$2a$", cryptText, 50, 0},
	{"password-hash", "a password's hash (bcrypt)", "$2b$", cryptText, 50, 0},
	{"password-hash", "a password's hash (bcrypt)", "$2y$", cryptText, 50, 0},
	{"password-hash", "a password's hash (SHA-256 crypt)", "$5$", cryptText, 40, 0},
	{"password-hash", "a password's hash (SHA-512 crypt)", "$6$", cryptText, 80, 0},
	{"password-hash", "a password's hash (yescrypt)", "$y$", cryptText, 40, 0},
	{"password-hash", "a password's hash (Argon2)", "$argon2", argonText, 40, 0},
}

// byFirst are the formats by the first byte of their prefix.
var byFirst = func() (table [256][]*format) {
	for i := range formats {
		b := formats[i].prefix[0]
		table[b] = append(table[b], &formats[i])
	}
	return table
}()
