"""The tests; a package, so that `tests.…` can't be taken for a package of that name elsewhere."""
