"""A node that has the pod's images already is a little better."""

from collections.abc import Sequence

from kubeade.api.parts import parts, values
from kubeade.scheduler.cluster import Cluster, NodeInfo, PodInfo
from kubeade.scheduler.framework import MAX_SCORE, Plugin, Scoring

MEGABYTE = 1024 * 1024
LEAST_BYTES = 23 * MEGABYTE
MOST_BYTES_PER_CONTAINER = 1000 * MEGABYTE


class ImageLocality(Plugin):
    name = "ImageLocality"

    def score_for(self, pod: PodInfo, cluster: Cluster, nodes: Sequence[NodeInfo]) -> Scoring | None:
        containers = [*parts(pod.spec, "containers"), *parts(pod.spec, "initContainers")]
        wanted = [_normalized(str(container.get("image", ""))) for container in containers]
        sizes = {node.name: _image_sizes(node) for node in nodes if node.node.get("status", {}).get("images")}
        if not wanted or not sizes:
            return None
        spread = {image: sum(image in have for have in sizes.values()) / len(nodes) for image in wanted}
        most = MOST_BYTES_PER_CONTAINER * len(wanted)

        def score(node: NodeInfo) -> float:
            have = sizes.get(node.name, {})
            there = sum(have.get(image, 0) * spread[image] for image in wanted)
            bounded = min(max(there, LEAST_BYTES), most)
            return MAX_SCORE * (bounded - LEAST_BYTES) / (most - LEAST_BYTES)

        return Scoring(score)


def _image_sizes(node: NodeInfo) -> dict[str, int]:
    images = parts(node.node, "status", "images")
    return {
        _normalized(str(name)): image.get("sizeBytes", 0)
        for image in images
        for name in values(image, "names")
    }


def _normalized(image: str) -> str:
    """With `:latest` where there is neither tag nor digest."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"
