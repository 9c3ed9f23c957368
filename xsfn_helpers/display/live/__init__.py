"""Displays that change in place while the lab works: the access chain, a run in both accounts, what is done and next.

The kernel holds what is shown as plain frozen data; a small front end draws it. Where none answers (a terminal, a
stored notebook, a page made of one), the same facts are there as text, or as a picture.
"""
