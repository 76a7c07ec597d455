"""Kubernetes, freshly squeezed: every part of a Kubernetes cluster, in Python, from one pip install."""
