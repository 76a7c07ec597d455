"""May he: the superuser, nodes, then roles and bindings; and the reviews that answer in advance."""
