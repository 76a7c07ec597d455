"""Binds claims to volumes that are there, and says which volumes are free, bound or released."""
