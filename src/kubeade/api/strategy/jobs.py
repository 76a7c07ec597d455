"""Jobs: a job finds its pods by its own uid, unless its owner selects by hand."""

from kubeade.api.parts import part
from kubeade.api.resource import Object

CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"


def generate_selector(job: Object) -> None:
    """Label the template with the job's name and uid, under new and old keys, and select by the uid."""
    spec = part(job, "spec")
    if spec.get("manualSelector"):
        return
    name, uid = job["metadata"].get("name", ""), job["metadata"].get("uid", "")
    own = {"job-name": name, JOB_NAME: name, "controller-uid": uid, CONTROLLER_UID: uid}
    template = spec.setdefault("template", {})
    metadata = template["metadata"] = {**(template.get("metadata") or {})}
    metadata["labels"] = {**own, **(metadata.get("labels") or {})}
    selector = spec["selector"] = {**(spec.get("selector") or {})}
    selector["matchLabels"] = {CONTROLLER_UID: uid, **(selector.get("matchLabels") or {})}
