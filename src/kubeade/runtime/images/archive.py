"""Images from files: what `docker save` writes, and OCI layouts, as a tar or a directory."""

import shutil
import tarfile
from pathlib import Path
from typing import Any

import msgspec

from kubeade.runtime.images.install import install
from kubeade.runtime.images.manifest import (
    BadImage,
    Descriptor,
    choose,
    digest_of,
    is_index,
    parse_manifest,
)
from kubeade.runtime.images.reference import parse_reference
from kubeade.runtime.images.scratch import scratch
from kubeade.runtime.images.store import ImageStore
from kubeade.runtime.images.unpack import decompressed

_NAME_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_METADATA_LIMIT_BYTES = 16 << 20


def load(store: ImageStore, path: Path) -> list[str]:
    """Load every image in `path`; their names, or ids where they have none. Raises BadImage, OSError."""
    if path.is_dir():
        return _load_directory(store, path)
    store.directory.mkdir(parents=True, exist_ok=True, mode=0o711)
    with scratch(store.directory) as directory:
        _extract(path, directory)
        return _load_directory(store, directory)


def _extract(path: Path, directory: Path) -> None:
    """Only plain files and links between them are of interest."""
    links: list[tuple[Path, Path]] = []
    try:
        with path.open("rb") as file, tarfile.open(fileobj=decompressed(file), mode="r|") as archive:
            for member in archive:
                target = _inside(directory, member.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                if member.isreg():
                    source = archive.extractfile(member)
                    assert source is not None, "a regular file has content"
                    with target.open("wb") as out:
                        shutil.copyfileobj(source, out)
                elif member.islnk():
                    links.append((target, _inside(directory, member.linkname)))
                elif member.issym():
                    here = Path(member.name).parent
                    links.append((target, _inside(directory, _join(here, member.linkname))))
    except (tarfile.TarError, EOFError) as error:
        raise BadImage(f"{path} is not an image archive: {error}") from error
    for target, source_path in links:
        if source_path.is_file():
            shutil.copyfile(source_path, target)


def _join(directory: Path, name: str) -> str:
    parts: list[str] = []
    for part in (directory / name).parts:
        if part == "..":
            if not parts:
                raise BadImage(f"the archive has a link that leads out of it: {name!r}")
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _inside(directory: Path, name: str) -> Path:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise BadImage(f"the archive has a path that leads out of it: {name!r}")
    return directory.joinpath(*parts)


def _load_directory(store: ImageStore, directory: Path) -> list[str]:
    if (directory / "manifest.json").is_file():
        return _load_docker(store, directory)
    if (directory / "index.json").is_file():
        return _load_layout(store, directory)
    raise BadImage("no image found: neither manifest.json (docker save) nor index.json (OCI layout)")


def _load_docker(store: ImageStore, directory: Path) -> list[str]:
    names: list[str] = []
    for entry in _read_json(directory / "manifest.json"):
        config = _read(_inside(directory, entry["Config"]))
        layers = [_inside(directory, name) for name in entry["Layers"]]
        tags = [str(parse_reference(name)) for name in entry.get("RepoTags") or ()]
        names += _install(store, config, layers, tags)
    return names


def _install(store: ImageStore, config: bytes, layers: list[Path], tags: list[str]) -> list[str]:
    try:
        size = len(config) + sum(path.stat().st_size for path in layers)
    except FileNotFoundError as error:
        raise BadImage(f"the image lacks a layer: {error.filename}") from error
    identifier = install(store, config, layers, size_bytes=size, tags=tags, digests=[])
    return tags or [identifier]


def _load_layout(store: ImageStore, directory: Path) -> list[str]:
    names: list[str] = []
    entries = msgspec.convert(_read_json(directory / "index.json")["manifests"], tuple[Descriptor, ...])
    for entry in entries:
        data = _blob(directory, entry.digest)
        if is_index(data, entry.media_type):
            data = _blob(directory, choose(data).digest)
        manifest = parse_manifest(data)
        config = _blob(directory, manifest.config.digest)
        layers = [_blob_path(directory, layer.digest) for layer in manifest.layers]
        names += _install(store, config, layers, _names(entry))
    return names


def _names(entry: Descriptor) -> list[str]:
    annotations = entry.annotations or {}
    for key in _NAME_ANNOTATIONS:
        if name := annotations.get(key):
            try:
                return [str(parse_reference(name))]
            except ValueError:
                continue  # "latest" or the like: a tag without a name
    return []


def _blob_path(directory: Path, digest: str) -> Path:
    algorithm, _, value = digest.partition(":")
    return _inside(directory, f"blobs/{algorithm}/{value}")


def _blob(directory: Path, digest: str) -> bytes:
    data = _read(_blob_path(directory, digest))
    if digest_of(data) != digest:
        raise BadImage(f"blob {digest} is damaged")
    return data


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _METADATA_LIMIT_BYTES:
            raise BadImage(f"{path.name} is too large")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise BadImage(f"the image lacks {path.name}") from error


def _read_json(path: Path) -> Any:
    try:
        return msgspec.json.decode(_read(path))
    except msgspec.MsgspecError as error:
        raise BadImage(f"{path.name} cannot be read: {error}") from error
