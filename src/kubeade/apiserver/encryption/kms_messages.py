"""What is said between an API server and a KMS plugin, and how a value is stored that was sealed with its
help: names and numbers as in Kubernetes' protocol definitions (kms/apis/v2, kmsv2/v2)."""
# ruff: noqa: N815, RUF012 - the names are upstream's; msgspec copies a default that is an empty list

from typing import Annotated

from kubeade.lib.protobuf.message import Message

SEED = 1
"""What is sealed by the plugin is a seed, of which each value's own key is derived (HKDF-SHA256)."""


class Annotation(Message):
    key: Annotated[str, 1] = ""
    value: Annotated[bytes, 2] = b""


class StatusRequest(Message):
    pass


class StatusResponse(Message):
    version: Annotated[str, 1] = ""
    healthz: Annotated[str, 2] = ""
    key_id: Annotated[str, 3] = ""


class EncryptRequest(Message):
    plaintext: Annotated[bytes, 1] = b""
    uid: Annotated[str, 2] = ""


class EncryptResponse(Message):
    ciphertext: Annotated[bytes, 1] = b""
    key_id: Annotated[str, 2] = ""
    annotations: Annotated[list[Annotation], 3] = []


class DecryptRequest(Message):
    ciphertext: Annotated[bytes, 1] = b""
    uid: Annotated[str, 2] = ""
    key_id: Annotated[str, 3] = ""
    annotations: Annotated[list[Annotation], 4] = []


class DecryptResponse(Message):
    plaintext: Annotated[bytes, 1] = b""


class EncryptedObject(Message):
    """A stored value: `encryptedDEKSource` is what the plugin opens."""

    encryptedData: Annotated[bytes, 1] = b""
    keyID: Annotated[str, 2] = ""
    encryptedDEKSource: Annotated[bytes, 3] = b""
    annotations: Annotated[list[Annotation], 4] = []
    encryptedDEKSourceType: Annotated[int, 5] = 0
