"""Empties and finishes namespaces that are being deleted."""
