"""Which representation the client wants: the Accept header, read as upstream reads it.

JSON and YAML are spoken. Protobuf is not: a client that offers JSON besides gets JSON. `as=` asks for a Table
or for metadata only.
"""

from dataclasses import dataclass
from functools import lru_cache

from kubeade.api.errors import NotAcceptable

JSON = "application/json"
YAML = "application/yaml"
_WILDCARDS = frozenset({"*/*", "application/*"})
_SUPPORTED = (JSON, YAML)


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


@lru_cache(maxsize=256)
def negotiate(accept: str) -> Form:
    """The first alternative that we speak. Raises NotAcceptable when there is none."""
    if not accept:
        return PLAIN
    for alternative in accept.split(","):
        form = _read(alternative)
        if form is not None:
            return form
    listed = ", ".join(_SUPPORTED)
    raise NotAcceptable(f"only the following media types are accepted: {listed}")


def _read(alternative: str) -> Form | None:
    media_type, *parameters = (part.strip() for part in alternative.split(";"))
    if media_type in _WILDCARDS:
        media_type = JSON
    if media_type not in _SUPPORTED:
        return None
    named = dict(parameter.partition("=")[::2] for parameter in parameters)
    transform = named.get("as", "")
    if not transform:
        return PLAIN if media_type == JSON else Form(media_type)
    version = named.get("v", "")
    known = transform in {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}
    if not known or named.get("g") != "meta.k8s.io" or version not in {"v1", "v1beta1"}:
        return None
    return Form(media_type, transform, version)
