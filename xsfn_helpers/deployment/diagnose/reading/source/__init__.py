"""The language that Terraform and OpenTofu are written in: files, blocks, expressions, functions."""
