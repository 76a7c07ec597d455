"""The webhooks of all configurations, in the order in which they are called: by configuration name, then as
listed.

A configuration is in force from the moment its write is acknowledged.
"""

from dataclasses import dataclass
from functools import cached_property

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.admission.dynamic.conditions import Conditions
from kubeade.apiserver.admission.dynamic.matching import Matcher
from kubeade.apiserver.derived import Follower
from kubeade.apiserver.seams import Reader


@dataclass(frozen=True)
class Hook:
    """One webhook, read once."""

    configuration: str
    index: int
    found: Object

    @property
    def name(self) -> str:
        return text(self.found, "name")

    @property
    def key(self) -> tuple[str, int, str]:
        return self.configuration, self.index, self.name

    @property
    def client_config(self) -> Object:
        return part(self.found, "clientConfig")

    @property
    def timeout_seconds(self) -> float:
        return float(self.found.get("timeoutSeconds") or 10)

    @property
    def fails(self) -> bool:
        return text(self.found, "failurePolicy") != "Ignore"

    @property
    def reinvoked(self) -> bool:
        return text(self.found, "reinvocationPolicy") == "IfNeeded"

    @property
    def dry_runs(self) -> bool:
        return self.found.get("sideEffects") in ("None", "NoneOnDryRun")

    @property
    def review_version(self) -> str:
        """The first version of AdmissionReview of its list that we speak, too; "" for none."""
        versions = self.found.get("admissionReviewVersions") or ()
        return next((each for each in versions if each in ("v1", "v1beta1")), "")

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher.of(self.found, "rules")

    @cached_property
    def conditions(self) -> Conditions:
        return Conditions.of(self.found)


class Hooks:
    """Follows the configurations of one kind."""

    def __init__(self, reader: Reader, configurations: Resource) -> None:
        self._by_configuration: dict[str, list[Hook]] = {}
        self._all: list[Hook] = []
        self._follower = Follower(reader, configurations, self._apply, self._by_configuration.clear)

    def all(self) -> list[Hook]:
        if self._follower.catch_up():
            ordered = sorted(self._by_configuration.items())
            self._all = [hook for _, hooks in ordered for hook in hooks]
        return self._all

    def _apply(self, _: str, name: str, configuration: Object | None) -> None:
        if configuration is None:
            self._by_configuration.pop(name, None)
            return
        hooks = [Hook(name, index, each) for index, each in enumerate(parts(configuration, "webhooks"))]
        self._by_configuration[name] = hooks
