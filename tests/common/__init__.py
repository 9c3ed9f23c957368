"""Tests of `xsfn_helpers.common`."""
