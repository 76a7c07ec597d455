"""Kubeconfig files: where a cluster is, whom to trust, and who we are.

Reads what kubectl writes: inline data or file names (relative to the file), tokens, client certificates.
Credential plugins (`exec`, `auth-provider`) are refused by name.
"""

import base64
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml


class KubeconfigError(Exception):
    """The file is missing, is not a kubeconfig, or uses what we do not support; the message says which."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """One context of a kubeconfig, files read: PEM as bytes, empty where there is none."""

    server: str
    ca_pem: bytes = b""
    certificate_pem: bytes = b""
    key_pem: bytes = b""
    token: str = ""
    token_file: str = ""
    namespace: str = "default"
    skip_tls_verify: bool = False
    tls_server_name: str = ""


def load(path: str | os.PathLike[str], context: str = "") -> Credentials:
    """The credentials of `context`, or of the file's current context. Raises KubeconfigError."""
    file = Path(path)
    try:
        config = yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    except OSError as error:
        raise KubeconfigError(f"cannot read kubeconfig {file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise KubeconfigError(f"{file} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise KubeconfigError(f"{file} is not a kubeconfig")
    chosen = _named(config, "contexts", context or str(config.get("current-context") or ""), "context", file)
    cluster = _named(config, "clusters", str(chosen.get("cluster")), "cluster", file)
    user = _named(config, "users", str(chosen.get("user")), "user", file)
    for plugin in ("exec", "auth-provider"):
        if plugin in user:
            raise KubeconfigError(f"{file}: credential plugin {plugin!r} is not supported")
    server = str(cluster.get("server") or "")
    if not server.startswith(("https://", "http://")):
        raise KubeconfigError(f"{file}: the cluster's server is {server!r}, which is not https://HOST:PORT")
    return Credentials(
        server=server.rstrip("/"),
        ca_pem=_data(cluster, "certificate-authority", file),
        certificate_pem=_data(user, "client-certificate", file),
        key_pem=_data(user, "client-key", file),
        token=str(user.get("token") or ""),
        token_file=str(user.get("tokenFile") or ""),
        namespace=str(chosen.get("namespace") or "default"),
        skip_tls_verify=bool(cluster.get("insecure-skip-tls-verify")),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
    )


def anonymous(credentials: Credentials) -> Credentials:
    """The same server, and nothing that says who asks."""
    return replace(credentials, certificate_pem=b"", key_pem=b"", token="", token_file="")


def render(name: str, credentials: Credentials) -> bytes:
    """A kubeconfig with one cluster, user and context, all data inline."""
    user: dict[str, str] = {}
    if credentials.certificate_pem:
        user["client-certificate-data"] = base64.b64encode(credentials.certificate_pem).decode()
        user["client-key-data"] = base64.b64encode(credentials.key_pem).decode()
    if credentials.token:
        user["token"] = credentials.token
    cluster = {
        "server": credentials.server,
        "certificate-authority-data": base64.b64encode(credentials.ca_pem).decode(),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return yaml.safe_dump(document, sort_keys=False).encode()


def _named(config: dict[str, Any], section: str, name: str, inner: str, file: Path) -> dict[str, Any]:
    entries = config.get(section) or []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name:
            found = entry.get(inner) or {}
            if isinstance(found, dict):
                return found
    raise KubeconfigError(f"{file}: no {inner} named {name!r}")


def _data(section: dict[str, Any], field: str, file: Path) -> bytes:
    inline = section.get(f"{field}-data")
    if inline:
        try:
            return base64.b64decode(str(inline), validate=True)
        except ValueError as error:
            raise KubeconfigError(f"{file}: {field}-data is not base64") from error
    path = section.get(field)
    if not path:
        return b""
    try:
        return (file.parent / str(path)).read_bytes()
    except OSError as error:
        raise KubeconfigError(f"{file}: cannot read {path}: {error.strerror}") from error
