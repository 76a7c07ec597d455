"""The audit log (upstream: audit.k8s.io/v1): who asked for what, when, and what became of it.

A `policy` says how much of which request is kept. A `Trail` follows one request and makes an event of each
stage; a `log` writes them down, on a thread of its own.
"""
