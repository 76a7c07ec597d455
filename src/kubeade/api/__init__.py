"""The nouns: resource catalogue, schema, defaults, validation, selectors, patches, apply, tables. Pure."""
