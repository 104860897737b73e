output "yaml" {
  description = "The configuration: `tofu output -raw nuke_config > nuke.yaml`, then `aws-nuke run --config nuke.yaml`, which deletes nothing without --no-dry-run."
  value       = yamlencode(local.config)
}
