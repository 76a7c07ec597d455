"""Encryption of stored objects (upstream: EncryptionConfiguration).

https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
`config` says which resources are encrypted with which keys, `ciphers` does it, `ledger` stands between the
API server and its ledger: on this side of it everything is plain, and on disk nothing is.
"""
