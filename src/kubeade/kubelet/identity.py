"""Names that the kubelet gives: a container's hash, its ids as the API shows them."""

import hashlib
import json

from kubeade.api.resource import Object


def container_hash(container: Object) -> str:
    """Changes when a running container has to be replaced: on its name and image only, as upstream."""
    text = json.dumps([container["name"], container.get("image", "")])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def api_container_id(runtime_name: str, container_id: str) -> str:
    """`<runtime>://<id>`, as in `status.containerStatuses[].containerID`."""
    return f"{runtime_name}://{container_id}" if container_id else ""


def bare_container_id(api_id: str) -> str:
    """The runtime's own id from the API's form."""
    return api_id.rpartition("://")[2]
