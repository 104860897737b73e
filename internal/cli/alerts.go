package cli

import "github.com/spf13/cobra"

func newAlerts(env *Env) *cobra.Command {
	return group(&cobra.Command{
		Use:   "alerts",
		Short: "what trips an alarm, who is told, and why the rest stays silent",
	}, newAlertsReplay(env), newAlertsRules(env))
}
