"""Pods that a node runs of its own accord, from files, and their mirrors in the API."""
