"""Notices nodes that have gone silent, marks them, and evicts the pods that do not put up with it."""
