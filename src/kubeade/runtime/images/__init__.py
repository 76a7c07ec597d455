"""Images: where they come from (registry, tar, layout, the host itself), how they are kept and unpacked."""
