"""Pulling: from a reference to an image in the store, fetching only the layers that are not there."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from kubeade.cri.service import PullFailed
from kubeade.cri.types import AuthConfig
from kubeade.runtime.images.install import install, missing_layers
from kubeade.runtime.images.manifest import (
    BadImage,
    Descriptor,
    Manifest,
    choose,
    digest_of,
    is_index,
    parse_manifest,
)
from kubeade.runtime.images.reference import Reference
from kubeade.runtime.images.registry import Registry
from kubeade.runtime.images.scratch import scratch
from kubeade.runtime.images.store import ImageStore

Progress = Callable[[str, int, int], None]

_PARALLEL_DOWNLOADS = 3


async def pull(store: ImageStore, reference: Reference, auth: AuthConfig, progress: Progress) -> str:
    """The image's id. Raises PullFailed, Unauthenticated."""
    if reference.digest and (known := store.find(str(reference))):
        return known.id
    store.directory.mkdir(parents=True, exist_ok=True, mode=0o711)
    try:
        async with Registry(reference, auth) as registry:
            return await _pull(store, reference, registry, progress)
    except BadImage as error:
        raise PullFailed(f'failed to pull "{reference}": {error}') from error
    except OSError as error:
        raise PullFailed(f'failed to pull "{reference}": {error.strerror or error}') from error


async def _pull(store: ImageStore, reference: Reference, registry: Registry, progress: Progress) -> str:
    top, media_type = await registry.manifest(reference.digest or reference.tag)
    digest = digest_of(top)
    if is_index(top, media_type):
        top, _ = await registry.manifest(choose(top).digest)
    manifest = parse_manifest(top)
    with scratch(store.directory) as directory:
        config = await _config(registry, manifest, directory)
        layers = await _layers(store, registry, manifest, config, directory, progress)
        return await asyncio.to_thread(
            install,
            store,
            config,
            layers,
            size_bytes=manifest.config.size + sum(layer.size for layer in manifest.layers),
            tags=[reference.tagged] if reference.tagged else [],
            digests=[f"{reference.name}@{digest}"],
        )


async def _config(registry: Registry, manifest: Manifest, directory: Path) -> bytes:
    path = directory / "config"
    await registry.blob(manifest.config, path, lambda done: None)
    return await asyncio.to_thread(path.read_bytes)


async def _layers(
    store: ImageStore,
    registry: Registry,
    manifest: Manifest,
    config: bytes,
    directory: Path,
    progress: Progress,
) -> list[Path | None]:
    wanted = missing_layers(store, config)
    if len(wanted) != len(manifest.layers):
        raise BadImage("manifest and config disagree about the layers")
    slots = asyncio.Semaphore(_PARALLEL_DOWNLOADS)

    async def fetch(number: int, layer: Descriptor) -> Path | None:
        if not wanted[number]:
            progress(layer.digest, layer.size, layer.size)
            return None
        path = directory / str(number)
        async with slots:
            await registry.blob(layer, path, lambda done: progress(layer.digest, done, layer.size))
        return path

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(fetch(number, layer)) for number, layer in enumerate(manifest.layers)]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    return [task.result() for task in tasks]
