"""The shop manager: makes the node's pods real and reports what became of them."""
