"""Types of validating admission policies."""
