"""Deletes what is owned when its owners are gone."""
