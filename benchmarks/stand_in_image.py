"""An image that needs no registry: this machine's `sleep` with its libraries, as an archive of `docker save`."""

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

NAME = "kubeade.test/sleep:1"
COMMAND = ["/bin/sleep", "100000"]
_PROGRAM = Path("/bin/sleep")


def write(path: Path) -> None:
    """Write the archive to `path`."""
    layer = _layer([_PROGRAM, *_libraries(_PROGRAM)])
    config = {
        "architecture": "arm64" if subprocess.getoutput("uname -m") == "aarch64" else "amd64",
        "os": "linux",
        "config": {"Cmd": COMMAND, "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }
    document = json.dumps(config).encode()
    name = hashlib.sha256(document).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [NAME], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        for member, data in (
            (name, document),
            ("layer.tar", layer),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            _add(archive, member, data, 0o644)


def _libraries(program: Path) -> list[Path]:
    lines = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout.splitlines()
    return [Path(word) for line in lines for word in line.split() if word.startswith("/")]


def _layer(files: list[Path]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file in files:
            _add(archive, str(file).lstrip("/"), file.read_bytes(), 0o755)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), mode
    archive.addfile(member, io.BytesIO(data))
