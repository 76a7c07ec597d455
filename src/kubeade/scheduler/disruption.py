"""Which evictions would break a disruption budget: what preemption avoids where it can."""

from collections.abc import Iterable, Sequence

from kubeade.api.parts import number, part
from kubeade.api.resource import Object
from kubeade.api.selectors import LabelSelector
from kubeade.scheduler.pod_info import PodInfo
from kubeade.scheduler.preemption import Protected


def protected_by(budgets: Iterable[Object]) -> Protected:
    """A function that tells which of some pods cannot all go without breaking one of `budgets`."""
    rules = [
        (
            budget["metadata"]["namespace"],
            LabelSelector.from_object(part(budget, "spec").get("selector")),
            number(budget, "status", "disruptionsAllowed"),
        )
        for budget in budgets
    ]

    def violating(pods: Sequence[PodInfo]) -> set[str]:
        left = [allowed for _, _, allowed in rules]
        found = set()
        for pod in sorted(pods, key=lambda one: -one.priority):
            for position, (namespace, selector, _) in enumerate(rules):
                if namespace != pod.namespace or not selector.matches(pod.labels):
                    continue
                left[position] -= 1
                if left[position] < 0:
                    found.add(pod.key)
        return found

    return violating
