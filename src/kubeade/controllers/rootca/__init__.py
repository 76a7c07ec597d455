"""The certificate of the root authority in every namespace."""
