"""Kubernetes' protobuf form of built-in kinds, read (Go clients send it by default).

Names and types of fields come from the schema; protobuf adds their numbers, which `numbers.txt` lists: a
line per message, its fields in the order of their numbers. `name=N` jumps to N, `name?` is optional in Go
(so that a zero on the wire was meant), `&message` is a message whose fields stand in its parent's place in
JSON.

Numbers are those of Kubernetes 1.36; fields that came later are not in the table, and are dropped like any
unknown field.
"""

from kubeade.api.protobuf.decoding import decode_object

__all__ = ["CONTENT_TYPE", "decode_object"]

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
