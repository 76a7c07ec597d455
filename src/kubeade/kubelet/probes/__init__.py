"""Startup, readiness and liveness probes: how each kind is done, and when."""
