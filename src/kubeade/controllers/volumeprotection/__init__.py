"""Keeps claims that pods use, and volumes that claims use, from going away."""
