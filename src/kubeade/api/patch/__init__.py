"""The three ways to change part of an object: JSON patch, JSON merge patch, strategic merge patch.

Each takes decoded JSON and returns a new document; neither the document nor the patch is changed, and the
result shares nothing with either. Decoding, field validation and admission are the API server's.
"""

from kubeade.api.patch.json_patch import json_patch
from kubeade.api.patch.merge_patch import merge_patch
from kubeade.api.patch.strategic import strategic_merge

__all__ = ["json_patch", "merge_patch", "strategic_merge"]
