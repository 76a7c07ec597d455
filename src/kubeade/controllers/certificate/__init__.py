"""Certificates for nodes and users: requests are approved by rule, signed with the cluster's authority, and
cleaned away (upstream: the csrapproving, csrsigning and csrcleaner controllers)."""
