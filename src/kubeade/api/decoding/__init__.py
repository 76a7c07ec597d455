"""From decoded JSON to an object of a kind: types are checked, unknown fields found, values made canonical.

`decoder` is the entry. Most objects are clean: `check` says so with closures compiled from the schema, fast.
For the others `clean` walks once more, knows where it is, and rewrites or refuses.
"""

from kubeade.api.decoding.decoder import Decoder, FieldValidation, Undecodable, refuse
from kubeade.api.decoding.duplicates import NONE, PATCHED, Duplicates, LineDuplicates, field_duplicates

__all__ = [
    "NONE",
    "PATCHED",
    "Decoder",
    "Duplicates",
    "FieldValidation",
    "LineDuplicates",
    "Undecodable",
    "field_duplicates",
    "refuse",
]
