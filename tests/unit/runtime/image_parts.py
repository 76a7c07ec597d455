"""Small images made by hand: layers, configs, `docker save` archives and OCI layouts."""

import gzip
import hashlib
import io
import json
import os
import platform
import tarfile
from dataclasses import dataclass
from pathlib import Path

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entry(name: str, content: bytes = b"", **fields) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.uid, info.gid = os.getuid(), os.getgid()
    info.mode = 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def layer(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@dataclass
class Image:
    """An image whose layers are gzip-compressed."""

    layers: list[bytes]
    command: tuple[str, ...] = ("/bin/true",)

    @property
    def blobs(self) -> list[bytes]:
        return [gzip.compress(data, mtime=0) for data in self.layers]

    @property
    def config(self) -> bytes:
        document = {
            "architecture": ARCHITECTURE,
            "os": "linux",
            "config": {"Cmd": list(self.command), "Env": ["A=1"], "User": "12:34"},
            "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in self.layers]},
        }
        return json.dumps(document).encode()

    @property
    def manifest(self) -> bytes:
        descriptors = [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": digest(blob),
                "size": len(blob),
            }
            for blob in self.blobs
        ]
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(self.config)}
        config["size"] = len(self.config)
        document = {"schemaVersion": 2, "config": config, "layers": descriptors}
        document["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
        return json.dumps(document).encode()

    @property
    def index(self) -> bytes:
        """With another platform first."""
        manifests = [
            {"digest": "sha256:" + "0" * 64, "size": 1, "platform": {"os": "linux", "architecture": "other"}},
            {
                "digest": digest(self.manifest),
                "size": len(self.manifest),
                "platform": {"os": "linux", "architecture": ARCHITECTURE},
            },
        ]
        return json.dumps({"schemaVersion": 2, "manifests": manifests}).encode()

    def contents(self) -> dict[str, bytes]:
        """Every blob by digest."""
        return {digest(data): data for data in (*self.blobs, self.config, self.manifest, self.index)}


def write_docker_archive(image: Image, path: Path, *tags: str) -> None:
    names = [f"layer{number}.tar" for number in range(len(image.layers))]
    manifest = [{"Config": "config.json", "RepoTags": list(tags), "Layers": names}]
    files = [("config.json", image.config), ("manifest.json", json.dumps(manifest).encode())]
    files += list(zip(names, image.layers, strict=True))
    path.write_bytes(layer(*(entry(name, data) for name, data in files)))


def write_layout(image: Image, directory: Path, name: str) -> None:
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for key, data in image.contents().items():
        (blobs / key.partition(":")[2]).write_bytes(data)
    descriptor = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": digest(image.index),
        "size": len(image.index),
        "annotations": {"io.containerd.image.name": name},
    }
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [descriptor]}))
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
