"""What exists on an empty cluster, and the loop that makes it so."""
