"""A node that has the pod's images already is a little better."""

from kubeade.api.parts import parts
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import MAX_SCORE, Plugin, Scoring
from kubeade.scheduler.node_info import NodeInfo, image_name
from kubeade.scheduler.pod_info import PodInfo

MEGABYTE = 1024 * 1024
LEAST_BYTES = 23 * MEGABYTE
MOST_BYTES_PER_CONTAINER = 1000 * MEGABYTE


class ImageLocality(Plugin):
    name = "ImageLocality"

    def score_for(self, pod: PodInfo, cluster: Cluster) -> Scoring | None:
        containers = [*parts(pod.spec, "containers"), *parts(pod.spec, "initContainers")]
        wanted = [image_name(str(container.get("image", ""))) for container in containers]
        spread = {image: cluster.nodes_with_image(image) / len(cluster.nodes) for image in wanted}
        if not any(spread.values()):
            return None
        most = MOST_BYTES_PER_CONTAINER * len(wanted)

        def score(node: NodeInfo) -> float:
            there = sum(node.image_bytes.get(image, 0) * spread[image] for image in wanted)
            bounded = min(max(there, LEAST_BYTES), most)
            return MAX_SCORE * (bounded - LEAST_BYTES) / (most - LEAST_BYTES)

        return Scoring(score, key=("images", tuple(wanted), tuple(spread.values())))
