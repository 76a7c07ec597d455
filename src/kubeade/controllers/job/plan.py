"""Decides what becomes of a Job: pods to make, to end, to let go, and what its status says. Pure.

A look (`look`) is judged (`target`); what goes on gets the pods that it wants (`demand`), what has ended is
let go (`release`), and the status (`status`, `conditions`) says so.
"""

from dataclasses import dataclass, field
from datetime import datetime

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import parts
from kubeade.api.resource import Object
from kubeade.controllers.job.conditions import (
    Conditions,
    closing,
    finished,
    start_time,
    suspension,
    with_condition,
)
from kubeade.controllers.job.demand import BURST_PODS, Demand, Successor, demand_of
from kubeade.controllers.job.failures import FailureRecord
from kubeade.controllers.job.look import Look
from kubeade.controllers.job.release import UNCOUNTED_LIMIT, Release, release_of
from kubeade.controllers.job.status import Outcome, status_of
from kubeade.controllers.job.target import SUCCESS, Target, completion_of, deadline_seconds, target_of

__all__ = ["BURST_PODS", "UNCOUNTED_LIMIT", "Plan", "Successor", "finished", "plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """`end` are deleted and count as they end; `drop` are let go first and never count; `release` lose the
    finalizer once `status` is written."""

    status: Object
    create: tuple[Successor, ...] = ()
    end: tuple[Object, ...] = ()
    drop: tuple[Object, ...] = ()
    release: tuple[Object, ...] = ()
    record: FailureRecord = field(default_factory=FailureRecord)
    again_seconds: float | None = None


def plan(job: Object, pods: list[Object], record: FailureRecord, now: datetime) -> Plan:
    look = Look(job, tuple(pods), record, now)
    target, demand, end = target_of(look), Demand(), tuple[Object, ...]()
    goes_on = target is None and not is_being_deleted(job)
    if target is not None:
        end = look.active
    elif goes_on:
        demand = demand_of(look)
        target = None if _leaves_some(look, demand) else completion_of(look)
    release = release_of(look, target, demand.drop)
    closes = target is not None and not _is_left(look, release)
    outcome = Outcome(
        release,
        (*end, *demand.drop),
        len(demand.create),
        _conditions(look, target, goes_on=goes_on, closes=closes),
        start_time(look, goes_on=goes_on),
        closes and target is not None and target.kind == SUCCESS,
    )
    again = _sooner(demand.wait_seconds, deadline_seconds(look) if goes_on else None)
    status = status_of(look, outcome)
    return Plan(status, demand.create, end, demand.drop, release.pods, look.record, again)


def _leaves_some(look: Look, demand: Demand) -> bool:
    return bool(demand.create) or len(look.active) > len(demand.drop)


def _is_left(look: Look, release: Release) -> bool:
    """Whether anything is left to run, to end or to count."""
    uncounted = any(release.uncounted.values())
    return bool(look.active or look.terminating or release.pods or uncounted)


def _conditions(look: Look, target: Target | None, *, goes_on: bool, closes: bool) -> Conditions:
    known: Conditions = tuple(dict(each) for each in parts(look.job, "status", "conditions"))
    if goes_on and (changed := suspension(look)) is not None:
        known = with_condition(known, look.now, *changed)
    if target is not None:
        known = with_condition(known, look.now, *target)
    if closes and target is not None:
        known = with_condition(known, look.now, *closing(target))
    return known


def _sooner(*seconds: float | None) -> float | None:
    return min((each for each in seconds if each is not None), default=None)
