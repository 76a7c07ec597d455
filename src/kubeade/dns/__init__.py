"""The address book: Services and pods become DNS records."""
