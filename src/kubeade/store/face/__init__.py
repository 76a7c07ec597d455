"""The ledger's etcd face: etcd's v3 API over gRPC, so that etcd's own clients can talk to it.

What a ledger on one machine does not do (authentication of etcd's own, members, downgrades) is refused
by name.
"""
