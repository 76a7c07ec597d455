"""The streets: Services and EndpointSlices become addresses that answer."""
