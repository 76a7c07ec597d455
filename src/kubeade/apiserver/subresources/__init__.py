"""What hangs below an object: one file per subresource, registered in `registry`."""
