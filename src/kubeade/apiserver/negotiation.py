"""Which representation the client wants: the Accept header, read as upstream reads it.

JSON, YAML and, of built-in kinds, protobuf are spoken. `as=` asks for a Table (never in protobuf) or for
metadata only.
"""

from dataclasses import dataclass
from functools import lru_cache

from kubeade.api.errors import NotAcceptable

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
_WILDCARDS = frozenset({"*/*", "application/*"})
SUPPORTED = (JSON, YAML, PROTOBUF)


@dataclass(frozen=True, slots=True)
class Form:
    """The media type, and what to make of the object: "" itself, Table or PartialObjectMetadata(List)."""

    media_type: str = JSON
    transform: str = ""
    version: str = "v1"

    @property
    def content_type(self) -> str:
        if not self.transform:
            return self.media_type
        return f"{self.media_type};as={self.transform};g=meta.k8s.io;v={self.version}"


PLAIN = Form()
_PLAIN_PROTOBUF = Form(PROTOBUF)


@lru_cache(maxsize=256)
def negotiate(accept: str, *, custom: bool = False) -> Form:
    """The first alternative that we speak; of custom kinds not protobuf. Raises NotAcceptable when there is
    none."""
    if not accept:
        return PLAIN
    for alternative in accept.split(","):
        form = _read(alternative)
        if form is not None and not (custom and form == _PLAIN_PROTOBUF):
            return form
    listed = ", ".join(SUPPORTED[:2] if custom else SUPPORTED)
    raise NotAcceptable(f"406: Not Acceptable\n\nAvailable representations: {listed}", details={})


@lru_cache(maxsize=256)
def refusal_type(accept: str) -> str:
    """The media type of a Status for whoever asked for whatever: JSON unless plain protobuf goes before."""
    for alternative in accept.split(","):
        form = _read(alternative)
        if form is not None and not form.transform:
            return PROTOBUF if form == _PLAIN_PROTOBUF else JSON
    return JSON


def _read(alternative: str) -> Form | None:
    media_type, *parameters = (part.strip() for part in alternative.split(";"))
    if media_type in _WILDCARDS:
        media_type = JSON
    if media_type not in SUPPORTED:
        return None
    named = dict(parameter.partition("=")[::2] for parameter in parameters)
    transform = named.get("as", "")
    if not transform:
        return PLAIN if media_type == JSON else Form(media_type)
    version = named.get("v", "")
    known = transform in {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}
    if media_type == PROTOBUF and transform == "Table":
        return None
    if not known or named.get("g") != "meta.k8s.io" or version not in {"v1", "v1beta1"}:
        return None
    return Form(media_type, transform, version)
