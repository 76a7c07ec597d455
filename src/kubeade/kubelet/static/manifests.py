"""Reads a directory of manifests: one pod a file, YAML or JSON, complete and checked as the API server would.

A static pod's uid is made from the node's name and the file's content: the same file means the same pod,
also after a restart of the kubelet; a changed file means another pod.
"""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubeade.api.defaults import apply_defaults
from kubeade.api.errors import BadRequest
from kubeade.api.resource import Object
from kubeade.api.resources import PODS
from kubeade.api.validation import validate_create
from kubeade.kubelet.pods import SOURCE_ANNOTATION

log = logging.getLogger(__name__)

HASH_ANNOTATION = "kubernetes.io/config.hash"
SIZE_LIMIT_BYTES = 10 << 20
NOT_FROM_THE_API = ("configMap", "secret", "persistentVolumeClaim", "projected", "ephemeral")


class BadManifest(Exception):
    """The file holds no pod that this node could run; the message says why."""


class Manifests:
    """The directory; a file that was read before is read again only once it has changed."""

    def __init__(self, directory: Path, node_name: str) -> None:
        self._directory = directory
        self._node_name = node_name
        self._known: dict[Path, tuple[int, Object | None]] = {}

    def read(self) -> dict[str, Object]:
        """The pods by uid. What cannot be one is logged once and left out."""
        known, self._known = self._known, {}
        for path in self._files():
            stamp = path.stat().st_mtime_ns
            before = known.get(path)
            self._known[path] = before if before and before[0] == stamp else (stamp, self._pod(path))
        return {pod["metadata"]["uid"]: pod for _, pod in self._known.values() if pod is not None}

    def _files(self) -> Iterator[Path]:
        if self._directory.is_dir():
            visible = (path for path in self._directory.iterdir() if not path.name.startswith("."))
            yield from sorted(path for path in visible if path.is_file())

    def _pod(self, path: Path) -> Object | None:
        try:
            if path.stat().st_size > SIZE_LIMIT_BYTES:
                raise BadManifest("it is too large")
            return static_pod(path.read_bytes(), path, self._node_name)
        except (BadManifest, BadRequest, OSError) as error:
            log.warning("static pod %s: %s", path, error)
            return None


def static_pod(text: bytes, path: Path, node_name: str) -> Object:
    """The pod that the file describes, as this node runs it. Raises BadManifest, BadRequest."""
    pod = _decoded(_parsed(text))
    metadata = pod["metadata"] = dict(pod.get("metadata") or {})
    uid = hashlib.md5(f"{node_name} {path} ".encode() + text, usedforsecurity=False).hexdigest()
    metadata["name"] = f"{metadata.get('name', '')}-{node_name}"
    metadata.setdefault("namespace", "default")
    metadata["uid"] = metadata.get("uid") or uid
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {**annotations, HASH_ANNOTATION: uid, SOURCE_ANNOTATION: "file"}
    spec = pod.setdefault("spec", {})
    spec["nodeName"] = node_name
    spec["tolerations"] = [*(spec.get("tolerations") or []), {"operator": "Exists", "effect": "NoExecute"}]
    apply_defaults(PODS, pod)
    problems = [each.text() for each in validate_create(PODS, pod)]
    if problems:
        raise BadManifest(", ".join(problems))
    _refuse_references(spec)
    return pod


def _parsed(text: bytes) -> Any:
    import yaml  # only a node with static pods needs it

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadManifest(f"it is not YAML: {error}") from error
    if not isinstance(found, dict) or (found.get("apiVersion"), found.get("kind")) != ("v1", "Pod"):
        raise BadManifest("it is not a Pod of apiVersion v1")
    return found


def _decoded(found: Object) -> Object:
    from kubeade.api.decoding import Decoder, FieldValidation
    from kubeade.api.schema import Schema

    decoded, _ = Decoder(Schema.load()).decode(PODS, found, FieldValidation.STRICT)
    return decoded


def _refuse_references(spec: Object) -> None:
    """A static pod runs without the API server: it cannot refer to what only that one has."""
    if spec.get("serviceAccountName"):
        raise BadManifest("a static pod may not have a service account")
    for volume in spec.get("volumes") or []:
        kind = next((each for each in NOT_FROM_THE_API if each in volume), None)
        if kind is not None:
            raise BadManifest(f"a static pod may not refer to API objects: volume {volume['name']} ({kind})")
