"""Changes that mend a link that is denied, the smallest first, each decided again before it is told."""
