"""The volumes of a pod: made on this node before its containers start, kept fresh while it runs."""
