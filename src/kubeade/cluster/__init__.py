"""The foreman: the only place that wires rooms together."""
