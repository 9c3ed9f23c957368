"""Break and fix: faults that people really make, put into a standing setup, found and repaired by the reader.

A `Fault` is data, made from a `Scenario`; an `Exercise` puts one into a lab for real and judges the repair; `Practice`
is the collection of them, with the score card that stays on disk.
"""
