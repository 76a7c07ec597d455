"""Which addresses and ports the Services hold."""
