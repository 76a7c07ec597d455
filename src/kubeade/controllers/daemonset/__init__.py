"""Keeps one pod of each DaemonSet on every node that is meant to have it."""
