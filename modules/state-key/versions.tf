terraform {
  # A key is often made for states that older engines keep: nothing here needs
  # more than what `source =` and validation need.
  required_version = ">= 1.9.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}
