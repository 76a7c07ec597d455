"""The older form of a Service's pods: one Endpoints object of its name."""
