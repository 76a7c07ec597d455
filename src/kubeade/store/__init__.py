"""The ledger: a revisioned, watchable key-value log. Knows nothing of Kubernetes objects."""
