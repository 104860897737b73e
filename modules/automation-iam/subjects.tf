# The rules are data, in subjects.json, so that a program that writes the inputs
# of this module can check them by the same file before any plan. A rule is
# broken by a subject that matches `never`, or that does not match `must`;
# `when` and `roles` say whom it concerns. Of each subject the first broken
# rule is told, because the later ones assume the earlier.
locals {
  subject_rules = jsondecode(file("${path.module}/subjects.json"))[var.forge]
  subjects      = { plan = var.plan_subjects, apply = var.apply_subjects }

  refused_subjects = { for role, subjects in local.subjects : role => flatten([
    for subject in subjects : slice(concat([
      for rule in local.subject_rules : "  \"${subject}\": ${rule.why}. Fix: ${rule.fix}."
      if contains(try(rule.roles, ["plan", "apply"]), role)
      && can(regex(try(rule.when, ""), subject))
      && (can(regex(rule.never, subject)) || !can(regex(try(rule.must, ""), subject)))
    ], [""]), 0, 1)
  ]) }

  refusals = { for role, lines in local.refused_subjects : role => compact(lines) }

  # IAM compares exactly where it can, and by pattern only where a wildcard asks
  # for it.
  exact_subjects   = { for role, subjects in local.subjects : role => sort([for subject in subjects : subject if !can(regex("[*?]", subject))]) }
  pattern_subjects = { for role, subjects in local.subjects : role => sort([for subject in subjects : subject if can(regex("[*?]", subject))]) }
}
