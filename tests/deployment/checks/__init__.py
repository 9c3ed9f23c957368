"""Tests of `xsfn_helpers.deployment.checks`."""
