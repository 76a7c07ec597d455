"""Deletes bootstrap tokens whose time is up (upstream: pkg/controller/bootstrap/tokencleaner.go)."""
