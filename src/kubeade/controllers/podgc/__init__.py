"""Deletes pods that nobody will ever look after again (upstream: pkg/controller/podgc)."""
