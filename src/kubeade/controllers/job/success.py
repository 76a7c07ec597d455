"""When the successPolicy of an Indexed Job is met before all of its indexes are. Pure."""

from kubeade.api.parts import parts
from kubeade.api.resource import Object
from kubeade.controllers.job.indexes import parse_indexes


def success_of(job: Object, succeeded: set[int]) -> str:
    """Which rule is met, as the condition says it; empty while none is."""
    for number, rule in enumerate(parts(job, "spec", "successPolicy", "rules") if succeeded else ()):
        if _is_met(rule, succeeded, job["spec"]["completions"]):
            return f"Matched rules at index {number}"
    return ""


def _is_met(rule: Object, succeeded: set[int], completions: int) -> bool:
    listed, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    if listed is None:
        return count is not None and len(succeeded) >= count
    wanted = parse_indexes(listed, completions)
    met = wanted & succeeded
    return bool(wanted) and (met == wanted or (count is not None and len(met) >= count))
