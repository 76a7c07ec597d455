"""A Job's conditions, and when it started: both follow its suspension and its end. Pure."""

from datetime import datetime

from kubeade.api.parts import text
from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.controllers.job.look import Look
from kubeade.controllers.job.target import SUCCESS, Target
from kubeade.lib.timestamps import format_time

Conditions = tuple[Object, ...]


def finished(job: Object) -> Object | None:
    """The condition that closed the Job."""
    return next((found for kind in ("Complete", "Failed") if (found := _true(job, kind)) is not None), None)


def suspension(look: Look) -> tuple[str, str, str, str] | None:
    """The condition that a Job that was suspended, or goes on, needs."""
    was_suspended = _true(look.job, "Suspended") is not None
    if look.is_suspended and not was_suspended:
        return "Suspended", "JobSuspended", "Job suspended", "True"
    if was_suspended and not look.is_suspended:
        return "Suspended", "JobResumed", "Job resumed", "False"
    return None


def start_time(look: Look, *, goes_on: bool) -> str:
    """A suspension takes it away, and what goes on again starts anew."""
    if goes_on and suspension(look) is not None:
        return "" if look.is_suspended else format_time(look.now)
    known = text(look.job, "status", "startTime")
    return known or ("" if look.is_suspended else format_time(look.now))


def closing(target: Target) -> tuple[str, str, str]:
    """The last condition of a Job of which nothing is left."""
    return ("Complete" if target.kind == SUCCESS else "Failed"), target.reason, target.message


def with_condition(
    known: Conditions, now: datetime, kind: str, reason: str, message: str, status: str = "True"
) -> Conditions:
    """As they are where this one has its status already."""
    before = next((each for each in known if each.get("type") == kind), None)
    if before is not None and before.get("status") == status:
        return known
    new = {"type": kind, "status": status, "reason": reason, "message": message}
    new |= {"lastProbeTime": format_time(now), "lastTransitionTime": format_time(now)}
    return (*(each for each in known if each is not before), new)


def _true(job: Object, kind: str) -> Object | None:
    found = condition(job, kind)
    return found if found is not None and found.get("status") == "True" else None
