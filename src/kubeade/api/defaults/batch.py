"""Defaults of the batch group."""

from kubeade.api.defaults.fill import attached, fill
from kubeade.api.defaults.pods import default_template_in
from kubeade.api.parts import part, parts
from kubeade.api.resource import Object

_BACKOFF_LIMIT = 6
_NO_BACKOFF_LIMIT = 2**31 - 1


def default_job(job: Object) -> None:
    """One completion by one pod at a time; the template's labels where the job has none."""
    spec = attached(job, "spec")
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    fill(spec, "parallelism", 1)
    per_index = spec.get("backoffLimitPerIndex") is not None
    fill(spec, "backoffLimit", _NO_BACKOFF_LIMIT if per_index else _BACKOFF_LIMIT)
    fill(spec, "completionMode", "NonIndexed")
    fill(spec, "suspend", False)
    fill(spec, "manualSelector", False)
    fill(spec, "podReplacementPolicy", "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed")
    labels = part(spec, "template", "metadata", "labels")
    metadata = attached(job, "metadata")
    if labels and not metadata.get("labels"):
        metadata["labels"] = dict(labels)
    _default_job_spec(spec)


def default_cron_job(cron_job: Object) -> None:
    """Runs may overlap; three good ones and one bad one are remembered."""
    spec = attached(cron_job, "spec")
    fill(spec, "concurrencyPolicy", "Allow")
    fill(spec, "suspend", False)
    fill(spec, "successfulJobsHistoryLimit", 3)
    fill(spec, "failedJobsHistoryLimit", 1)
    # Only the pod inside is defaulted here: the job's own fields are when the job is made from it.
    _default_job_spec(part(spec, "jobTemplate", "spec"))


def _default_job_spec(spec: Object) -> None:
    for rule in parts(spec, "podFailurePolicy", "rules"):
        for pattern in parts(rule, "onPodConditions"):
            fill(pattern, "status", "True")
    default_template_in(spec)
