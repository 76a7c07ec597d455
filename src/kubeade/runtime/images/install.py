"""Blobs become an image: layers are unpacked and checked, then the image is known to the store."""

from collections.abc import Iterable
from pathlib import Path

from kubeade.runtime.images.config import ImageConfig
from kubeade.runtime.images.manifest import BadImage, diff_ids, digest_of, parse_config
from kubeade.runtime.images.store import ImageStore, StoredImage
from kubeade.runtime.images.unpack import BadLayer, unpack_layer


def missing_layers(store: ImageStore, config: bytes) -> list[bool]:
    """For each layer from the bottom up whether it has to be fetched."""
    return [not store.layer_path(diff_id).is_dir() for diff_id in diff_ids(parse_config(config))]


def install(
    store: ImageStore,
    config: bytes,
    layers: Iterable[Path | None],
    *,
    size_bytes: int,
    tags: list[str],
    digests: list[str],
) -> str:
    """Unpack `layers` (None for one that is there) and add the image; its id. Raises BadImage."""
    document = parse_config(config)
    identifiers = diff_ids(document)
    blobs = list(layers)
    if len(blobs) != len(identifiers):
        raise BadImage(f"the image has {len(blobs)} layers, its config names {len(identifiers)}")
    for blob, diff_id in zip(blobs, identifiers, strict=True):
        try:
            if blob is not None:
                unpack_layer(blob, store.layer_path(diff_id), diff_id)
        except BadLayer as error:
            raise BadImage(str(error)) from error
    identifier = digest_of(config)
    store.add(
        StoredImage(
            id=identifier,
            config=ImageConfig.parse(document),
            layers=identifiers,
            size_bytes=size_bytes,
            tags=tags,
            digests=digests,
        )
    )
    return identifier
