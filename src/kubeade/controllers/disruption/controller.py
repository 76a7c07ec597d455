"""Follows budgets, pods and the controllers of pods; writes the budgets' status."""

from kubeade.api.ownership import controller_of
from kubeade.api.parts import part
from kubeade.api.pod_state import condition as condition_of
from kubeade.api.resource import Object
from kubeade.api.resources import (
    DEPLOYMENTS,
    POD_DISRUPTION_BUDGETS,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    STATEFUL_SETS,
)
from kubeade.api.selectors import LabelSelector
from kubeade.controllers.disruption import plan
from kubeade.lib.timestamps import format_time
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.informer import key_of

NAMESPACE_INDEX = "namespace"


class DisruptionController:
    """One key is one PodDisruptionBudget."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._clock = environment.client, environment.clock
        self._budgets = environment.informers.of(POD_DISRUPTION_BUDGETS)
        self._pods = environment.informers.of(PODS)
        self._scaled = {
            resource.kind: environment.informers.of(resource)
            for resource in (REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS)
        }
        self._pods.add_index(NAMESPACE_INDEX, lambda pod: [pod["metadata"]["namespace"]])
        self._deployments = environment.informers.of(DEPLOYMENTS)
        self.controller = Controller("disruption", self)
        self._budgets.add_handler(self._budget_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        budget = self._budgets.get(key)
        if budget is None:
            return None
        now = self._clock.now()
        pods = self._pods_of(budget)
        status = plan.status_of(budget, pods, self._expected(pods), now)
        known = condition_of(budget, "DisruptionAllowed") or {}
        status["conditions"] = [plan.condition(status, format_time(now), known)]
        current = part(budget, "status")
        if current != status:
            await self._client.update(
                POD_DISRUPTION_BUDGETS, {**budget, "status": status}, subresource="status"
            )
        return plan.DISRUPTION_TIMEOUT_SECONDS if status.get("disruptedPods") else None

    def _pods_of(self, budget: Object) -> list[Object]:
        selector = LabelSelector.from_object(part(budget, "spec").get("selector"))
        found = self._pods.by_index(NAMESPACE_INDEX, budget["metadata"]["namespace"])
        return [pod for pod in found if selector.matches(pod["metadata"].get("labels"))]

    def _expected(self, pods: list[Object]) -> int:
        """What the controllers of these pods want, each counted once; pods without one do not count."""
        owners: dict[str, int] = {}
        for pod in pods:
            reference = controller_of(pod)
            owner = self._top(reference, pod["metadata"]["namespace"]) if reference else None
            if owner is not None:
                owners[owner["metadata"]["uid"]] = int(owner["spec"].get("replicas", 1))
        return sum(owners.values())

    def _top(self, reference: Object, namespace: str) -> Object | None:
        """The scaled object behind a reference; a ReplicaSet's Deployment rather than itself."""
        informer = self._scaled.get(reference["kind"])
        owner = informer.get(f"{namespace}/{reference['name']}") if informer else None
        above = controller_of(owner) if owner else None
        if above is not None and above["kind"] == DEPLOYMENTS.kind:
            return self._deployments.get(f"{namespace}/{above['name']}") or owner
        return owner

    def _budget_changed(self, old: Object | None, new: Object | None) -> None:
        self.controller.queue.add(key_of(new or old or {}))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        namespace = (new or old or {})["metadata"]["namespace"]
        for budget in self._budgets:
            if budget["metadata"]["namespace"] == namespace:
                self.controller.queue.add(key_of(budget))
