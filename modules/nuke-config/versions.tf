terraform {
  # No provider: this module renders text and creates nothing.
  required_version = ">= 1.10.0"
}
