"""What an image says about the containers made from it (image-spec, config.json). Pure."""

from typing import Any

import msgspec


class ImageConfig(msgspec.Struct, frozen=True):
    """The part of an image's config that running it needs."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    stop_signal: str = ""

    @classmethod
    def parse(cls, document: dict[str, Any]) -> "ImageConfig":
        """From the image's config document; what it leaves out is empty."""
        section = document.get("config") or {}
        return cls(
            entrypoint=tuple(section.get("Entrypoint") or ()),
            cmd=tuple(section.get("Cmd") or ()),
            env=tuple(section.get("Env") or ()),
            working_dir=section.get("WorkingDir") or "",
            user=section.get("User") or "",
            stop_signal=section.get("StopSignal") or "",
        )
