"""Deletes Jobs some time after they finished (upstream: pkg/controller/ttlafterfinished)."""
