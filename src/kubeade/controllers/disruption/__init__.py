"""Keeps the status of PodDisruptionBudgets: how many evictions they allow now (upstream:
pkg/controller/disruption)."""
