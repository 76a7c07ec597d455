"""Compiles upstream's schema definitions into the compact data that `kubeade.api.schema` reads.

The definitions come from the PyPI package kubernetes_validate. One file per Kubernetes version holds the
structure (zlib over JSON: fast to load, nothing imported for it); descriptions, which only OpenAPI needs,
are kept apart: one file of texts shared by all versions, and per version an index into it.

Hatchling runs the build hook for wheels and for editable installs; by hand: `python tools/build_schema.py`.
"""

import json
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, where hatchling need not be installed
    BuildHookInterface = object  # type: ignore[assignment,misc]

VERSIONS = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
DATA = Path(__file__).resolve().parent.parent / "src/kubeade/api/data"
PREFIX = "#/$defs/"

# List-map keys that may be left out of an item; the definitions package does not carry their defaults.
KEY_DEFAULTS = {
    ("io.k8s.api.core.v1.ContainerPort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.ServicePort", "protocol"): "TCP",
}

# Definitions that hold any JSON: what they contain is somebody else's business.
RAW = {
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
}

Definitions = dict[str, dict[str, Any]]


class Texts:
    """Every description once; a definition's index maps "" to its own text, field names to theirs."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}

    def position(self, text: str) -> int:
        return self.positions.setdefault(text, len(self.positions))

    def index(self, definition: dict[str, Any]) -> dict[str, int]:
        described = {"": definition, **definition.get("properties", {})}
        return {
            name: self.position(node["description"])
            for name, node in described.items()
            if node.get("description")
        }


def structure(node: dict[str, Any]) -> dict[str, Any]:
    """A schema without its descriptions, nulls and constants; references by bare name."""
    kept: dict[str, Any] = {}
    for key, value in node.items():
        if key == "$ref":
            kept[key] = value.removeprefix(PREFIX)
        elif key == "type":
            kept[key] = value if isinstance(value, str) else value[0]
        elif key == "oneOf":
            kept["oneOf"] = [structure(choice) for choice in value]
        elif key == "properties":
            kept[key] = {name: structure(field) for name, field in value.items()}
        elif key in ("items", "additionalProperties"):
            kept[key] = structure(value) if isinstance(value, dict) else value
        elif key not in ("description", "enum", "x-kubernetes-unions"):
            kept[key] = value
    return kept


def compact(definitions: Definitions) -> Definitions:
    compacted = {name: structure(definition) for name, definition in sorted(definitions.items())}
    for (name, field), default in KEY_DEFAULTS.items():
        compacted[name]["properties"][field]["default"] = default
    for name in RAW & compacted.keys():
        compacted[name]["x-kubernetes-preserve-unknown-fields"] = True
    return compacted


def read_definitions(version: str) -> Definitions:
    spec = find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("kubernetes_validate is not installed: pip install kubernetes-validate==1.37.0")
    folder = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema"
    definitions: Definitions = json.loads((folder / f"v{version}.0-local/_definitions.json").read_bytes())[
        "$defs"
    ]
    return definitions


def write(name: str, content: object) -> None:
    packed = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    (DATA / name).write_bytes(zlib.compress(packed, 9))


def build() -> None:
    """Write the data files of every version; the result depends on the definitions alone."""
    DATA.mkdir(parents=True, exist_ok=True)
    texts = Texts()
    for version in VERSIONS:
        definitions = read_definitions(version)
        write(f"v{version}.schema.bin", compact(definitions))
        write(f"v{version}.descriptions.bin", {k: texts.index(v) for k, v in sorted(definitions.items())})
    write("texts.bin", list(texts.positions))


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc,type-arg,unused-ignore]
    """Hatchling's entry: the data is in place before files are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build()


if __name__ == "__main__":
    build()
