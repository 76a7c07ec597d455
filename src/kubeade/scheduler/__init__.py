"""The matchmaker: which node gets which pod, and why not the others."""
