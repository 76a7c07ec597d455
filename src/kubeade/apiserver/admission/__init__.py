"""Is the object acceptable: one file per plugin, run in the order of `chain`."""
