"""Tests of what people see: structure, words and text forms; how it looks is a person's to judge."""
