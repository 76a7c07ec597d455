"""OpenAPI documents, made from the schema and the catalogue when somebody asks.

kubectl reads v3 for explain, and for what a server's patches support; v2, which it asks for in protobuf
only, for client-side validation, diff and apply's strategic merges. `documents` is the entry; `schemas`
and `paths` write the parts that v2 and v3 have in common; `protobuf` encodes v2.
"""

from kubeade.api.openapi.documents import V2_PROTOBUF, V2_PROTOBUF_ASKED, OpenApi

__all__ = ["V2_PROTOBUF", "V2_PROTOBUF_ASKED", "OpenApi"]
