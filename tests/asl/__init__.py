"""Tests of `xsfn_helpers.asl`: no AWS, text in and data out."""
