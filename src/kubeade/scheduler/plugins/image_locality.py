"""A node that has the pod's images already is a little better."""

from collections.abc import Sequence

from kubeade.api.parts import parts
from kubeade.scheduler.cluster import Cluster, NodeInfo, PodInfo, image_name
from kubeade.scheduler.framework import MAX_SCORE, Plugin, Scoring

MEGABYTE = 1024 * 1024
LEAST_BYTES = 23 * MEGABYTE
MOST_BYTES_PER_CONTAINER = 1000 * MEGABYTE


class ImageLocality(Plugin):
    name = "ImageLocality"

    def score_for(self, pod: PodInfo, cluster: Cluster, nodes: Sequence[NodeInfo]) -> Scoring | None:
        containers = [*parts(pod.spec, "containers"), *parts(pod.spec, "initContainers")]
        wanted = [image_name(str(container.get("image", ""))) for container in containers]
        sizes = {node.name: node.image_bytes for node in nodes if node.image_bytes}
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
