"""A real etcd cluster as the ledger: outgrowing one machine means etcd, not a consensus of our own."""
