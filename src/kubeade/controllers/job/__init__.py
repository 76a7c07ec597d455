"""Runs pods until as many of them succeeded as a Job orders (upstream: pkg/controller/job)."""
