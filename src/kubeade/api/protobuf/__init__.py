"""Kubernetes' protobuf form of built-in kinds, which Go clients send and ask for first.

Names and types of fields come from the schema; protobuf adds their numbers, which `numbers.txt` lists: a
line per message, its fields in the order of their numbers. `name=N` jumps to N. `name?` is a field whose zero
JSON shows where it was given: there a zero on the wire was meant. `name!` is one that JSON shows always, a
zero where nothing was given (a struct, or not omitempty); `api.zeros` does so for bodies in JSON. All other
zeros JSON leaves out. `&message` is a message whose fields stand in its parent's place in JSON.

The numbers are those of Kubernetes 1.30 to 1.37. 1.37 added a few fields late, whose numbers are missing
(runningInUserNamespace of nodes; derivedAttributes and compatibilityGroups of resource.k8s.io): they are left
out of what is encoded, and dropped with a warning, like any unknown field, from what is decoded.
"""

from kubeade.api.protobuf.codec import ProtobufCodec

__all__ = ["CONTENT_TYPE", "ProtobufCodec"]

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
