"""Rules of PriorityLevelConfigurations (upstream: pkg/apis/flowcontrol/validation)."""

import math

from kubeade.api.conversion import ZERO_SHARES
from kubeade.api.parts import number, part, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, forbidden, invalid, not_supported, required
from kubeade.api.validation.flow_schemas import conditions, said
from kubeade.api.validation.internal_types import NUMBER, OPTIONAL, TEXT, internal, pointer, struct

_MOST_QUEUES = 10_000_000
_HASH_BITS = 60
_FIXED_LEVELS: dict[str, Object] = {
    "exempt": {"type": "Exempt"},
    "catch-all": {
        "type": "Limited",
        "limited": {
            "nominalConcurrencyShares": 5,
            "lendablePercent": 0,
            "limitResponse": {"type": "Reject"},
        },
    },
}
_LEVEL = struct(
    Type=TEXT,
    Limited=pointer(
        NominalConcurrencyShares=NUMBER,
        LimitResponse=struct(
            Type=TEXT, Queuing=pointer(Queues=NUMBER, HandSize=NUMBER, QueueLengthLimit=NUMBER)
        ),
        LendablePercent=OPTIONAL,
        BorrowingLimitPercent=OPTIONAL,
    ),
    Exempt=pointer(NominalConcurrencyShares=OPTIONAL, LendablePercent=OPTIONAL),
)


def priority_level(found: Object) -> Errors:
    """PriorityLevelConfiguration."""
    name, spec = text(found, "metadata", "name"), part(found, "spec")
    newest = found.get("apiVersion") != "flowcontrol.apiserver.k8s.io/v1beta3"
    if newest and ZERO_SHARES in part(found, "metadata", "annotations"):
        yield forbidden("metadata.annotations", f"annotation '{ZERO_SHARES}' is forbidden")
    kind = text(spec, "type")
    if (name == "exempt") != (kind == "Exempt"):
        yield invalid("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'")
    yield from _enablement(kind, spec)
    if name in _FIXED_LEVELS:
        yield from _fixed_level(name, spec)
    yield from conditions(found)


def _enablement(kind: str, spec: Object) -> Errors:
    limited, exempt = spec.get("limited"), spec.get("exempt")
    if kind == "Exempt":
        if limited is not None:
            yield forbidden("spec.limited", "must be nil if the type is not Limited")
        yield from _percentages(part(exempt), "spec.exempt")
    elif kind == "Limited":
        if exempt is not None:
            yield forbidden("spec.exempt", "must be nil if the type is Limited")
        if limited is None:
            yield required("spec.limited", "must not be empty when type is Limited")
        else:
            yield from _limited(part(limited), "spec.limited")
    else:
        yield not_supported("spec.type", kind, ("Exempt", "Limited"))


def _limited(limited: Object, path: str) -> Errors:
    yield from _shares(limited, path)
    yield from _limit_response(part(limited, "limitResponse"), f"{path}.limitResponse")
    yield from _lendable(limited, path)
    borrowing = limited.get("borrowingLimitPercent")
    if isinstance(borrowing, int) and borrowing < 0:
        detail = "if specified, must be a non-negative integer"
        yield invalid(f"{path}.borrowingLimitPercent", borrowing, detail)


def _percentages(exempt: Object, path: str) -> Errors:
    yield from _shares(exempt, path)
    yield from _lendable(exempt, path)


def _shares(holder: Object, path: str) -> Errors:
    shares = holder.get("nominalConcurrencyShares")
    if isinstance(shares, int) and shares < 0:
        yield invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer")


def _lendable(holder: Object, path: str) -> Errors:
    percent = holder.get("lendablePercent")
    if isinstance(percent, int) and not 0 <= percent <= 100:
        yield invalid(f"{path}.lendablePercent", percent, "must be between 0 and 100, inclusive")


def _limit_response(response: Object, path: str) -> Errors:
    kind, queuing, at = text(response, "type"), response.get("queuing"), f"{path}.queuing"
    if kind == "Reject":
        if queuing is not None:
            yield forbidden(at, "must be nil if limited.limitResponse.type is not Limited")
    elif kind == "Queue":
        if queuing is None:
            yield required(at, "must not be empty if limited.limitResponse.type is Limited")
        else:
            yield from _queuing(part(queuing), at)
    else:
        yield not_supported(f"{path}.type", kind, ("Queue", "Reject"))


def _queuing(queuing: Object, path: str) -> Errors:
    limit, queues, hand = (number(queuing, key) for key in ("queueLengthLimit", "queues", "handSize"))
    if limit <= 0:
        yield invalid(f"{path}.queueLengthLimit", limit, "must be positive")
    if queues <= 0:
        yield invalid(f"{path}.queues", queues, "must be positive")
    elif queues > _MOST_QUEUES:
        yield invalid(f"{path}.queues", queues, f"must not be greater than {_MOST_QUEUES}")
    at = f"{path}.handSize"
    if hand <= 0:
        yield invalid(at, hand, "must be positive")
    elif hand > queues:
        yield invalid(at, hand, f"should not be greater than queues ({queues})")
    elif math.ceil(math.log2(queues) * hand) > _HASH_BITS:
        what = f"required entropy bits of deckSize {queues} and handSize {hand}"
        yield invalid(at, hand, f"{what} should not be greater than {_HASH_BITS}")


def _fixed_level(name: str, spec: Object) -> Errors:
    exempt = name == "exempt"
    kept = {key: value for key, value in said(spec).items() if not (exempt and key == "exempt")}
    if kept != _FIXED_LEVELS[name]:
        but = " except the 'spec.exempt' field" if exempt else ""
        yield invalid("spec", internal(spec, _LEVEL), f"spec of '{name}'{but} must equal the fixed value")
