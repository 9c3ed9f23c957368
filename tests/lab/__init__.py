"""Tests of `xsfn_helpers.lab`."""
