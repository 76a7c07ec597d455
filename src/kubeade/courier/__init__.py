"""The last mile: what was ordered, what was delivered, and why they differ."""
