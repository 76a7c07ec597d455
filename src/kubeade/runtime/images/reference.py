"""Image references: parsing and completing the short forms that people write. Pure."""

import re
from dataclasses import dataclass

DEFAULT_REGISTRY = "docker.io"
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_REGISTRY = re.compile(r"(?:[a-zA-Z0-9][a-zA-Z0-9.-]*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Reference:
    """A complete reference: `registry/repository`, and `tag` or `digest` or both."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        return f"{self.registry}/{self.repository}"

    @property
    def tagged(self) -> str:
        """`name:tag`, empty for a reference by digest alone."""
        return f"{self.name}:{self.tag}" if self.tag else ""

    def __str__(self) -> str:
        digest = f"@{self.digest}" if self.digest else ""
        return (self.tagged or self.name) + digest


def parse_reference(text: str) -> Reference:
    """Complete `text` as Docker does (busybox -> docker.io/library/busybox:latest). Raises ValueError."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise ValueError(f'couldn\'t parse image name "{text}": invalid reference format')
    registry, rest = _split_registry(rest)
    repository, colon, tag = rest.partition(":")
    if not colon and not digest:
        tag = "latest"
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}"
    valid = _REPOSITORY.fullmatch(repository) and _REGISTRY.fullmatch(registry)
    if not valid or ((colon or not digest) and not _TAG.fullmatch(tag)):
        raise ValueError(f'couldn\'t parse image name "{text}": invalid reference format')
    return Reference(registry, repository, tag, digest)


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        return ("docker.io" if first == "index.docker.io" else first), rest
    return DEFAULT_REGISTRY, text
