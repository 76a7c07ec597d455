"""Which pods stand behind a Service, as EndpointSlices and as Endpoints."""
