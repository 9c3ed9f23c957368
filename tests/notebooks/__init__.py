"""Tests of the notebooks, and the tool that makes their reference outputs."""
