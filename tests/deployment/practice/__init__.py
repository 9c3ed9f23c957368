"""Tests of `xsfn_helpers.deployment.practice`."""
