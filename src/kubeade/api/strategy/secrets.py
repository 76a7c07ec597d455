"""Secrets: plain text given under `stringData` is kept under `data`, encoded."""

from base64 import b64encode

from kubeade.api.resource import Object


def fold_string_data(secret: Object) -> None:
    """Move `stringData`, which goes before what `data` says, into `data`."""
    plain = secret.pop("stringData", None)
    if isinstance(plain, dict) and plain:
        encoded = {name: b64encode(str(text).encode()).decode() for name, text in plain.items()}
        secret["data"] = {**(secret.get("data") or {}), **encoded}
