"""Keeps as many pods as a ReplicaSet or ReplicationController orders."""
