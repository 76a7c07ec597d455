"""What etcd's v3 API says on the wire: its messages and errors, for its server here and its client."""
