"""What makes an object acceptable, in upstream's words (upstream: pkg/apis/*/validation).

Structure - types, required and unknown fields - is judged before, from the schema (`api.schema`). Here
are the rules between fields, between an object and what it was before, and of names. Nothing raises on
an object that is well-formed and odd.
"""

from kubeade.api.validation.options import ValidationOptions
from kubeade.api.validation.pods import pod_binding as validate_binding
from kubeade.api.validation.validate import validate_create, validate_update
from kubeade.api.validation.warn import warnings

__all__ = ["ValidationOptions", "validate_binding", "validate_create", "validate_update", "warnings"]
