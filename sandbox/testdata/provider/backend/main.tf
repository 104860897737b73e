# Nothing but a state: no provider is started.
variable "generation" {
  type    = number
  default = 1
}

resource "terraform_data" "a" {
  input = "generation ${var.generation} of ${terraform.workspace}"
}

resource "terraform_data" "b" {
  count = 2
  input = count.index
}

output "a" {
  value = terraform_data.a.output
}
