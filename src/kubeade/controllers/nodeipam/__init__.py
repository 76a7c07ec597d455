"""Gives every node its part of the pods' address range (upstream: node IPAM, RangeAllocator)."""
