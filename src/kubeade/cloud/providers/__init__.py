"""The clouds that kubeade knows, one file each."""
