"""Fills Secrets that ask for the token of a service account."""
