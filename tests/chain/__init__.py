"""Tests of `xsfn_helpers.chain`: data in and out, no account."""
