"""Static defaulting of the built-in kinds (upstream: pkg/apis/*/*/defaults.go)."""

from kubeade.api.defaults.apply import apply_defaults

__all__ = ["apply_defaults"]
