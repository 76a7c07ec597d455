"""A default service account in every namespace."""
