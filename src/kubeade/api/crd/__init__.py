"""CustomResourceDefinitions: which are acceptable, and what the kinds they define demand of objects.

`definition` reads a definition; `validation` and `structural` judge it; `names` decides which of its names
are its own. `custom_resource.CustomResource` is one served version, ready for use: it prunes, defaults and
validates objects. `openapi` is what is published of it.
"""
