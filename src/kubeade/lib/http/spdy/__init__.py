"""SPDY/3.1, as far as Kubernetes' streaming needs it: kubectl before 1.31, every kubectl's port-forward, and
API servers that talk to nodes. No kept Python library speaks it.

`frames` are values, `codec` turns them into bytes and back and does no I/O, `session` and `stream` are the
server's side over a `Duplex`, `handshake` is the HTTP upgrade. Specification: SPDY Protocol, draft 3.1.
"""
