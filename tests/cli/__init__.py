"""Tests of `xsfn_helpers.cli`."""
