"""Which taints a pod's tolerations put up with (upstream: component-helpers/scheduling/corev1)."""

from collections.abc import Iterable

from kubeade.api.resource import Object


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether one toleration covers one taint."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    key = toleration.get("key") or ""
    if key and key != taint.get("key"):
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    if operator in ("Lt", "Gt"):
        return _compares(operator, toleration, taint)
    return bool(key) and (toleration.get("value") or "") == (taint.get("value") or "")


def tolerated_by(taint: Object, tolerations: Iterable[Object] | None) -> bool:
    return any(tolerates(toleration, taint) for toleration in tolerations or ())


def untolerated(
    taints: Iterable[Object], tolerations: Iterable[Object] | None, effects: tuple[str, ...]
) -> Object | None:
    """The first taint with one of `effects` that nothing tolerates."""
    for taint in taints:
        if taint.get("effect") in effects and not tolerated_by(taint, tolerations):
            return taint
    return None


def _compares(operator: str, toleration: Object, taint: Object) -> bool:
    try:
        wanted, actual = int(toleration.get("value") or ""), int(taint.get("value") or "")
    except ValueError:
        return False
    return actual < wanted if operator == "Lt" else actual > wanted
