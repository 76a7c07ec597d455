"""Writes docs/conformance.md from what the upstream conformance suite reported.

    python tools/conformance.py REPORT.json... > docs/conformance.md

The reports are Ginkgo's (`--json-report`); of a behaviour that is in several, the last counts. The suite itself is no
part of this project, nor do its tests run in CI: what it shows is implemented in general and tested here by tests of
our own. What does not pass has its reason in REASONS, or the table says that nobody has looked yet.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator

_PASSED = "passed"

# By a part of the behaviour's name: why it does not pass.
REASONS = {
    "read only busybox container": "compares the words of busybox's shell; the stand-in image has another shell",
    "pull policy of Always": "pulls from a registry, which the machine does not reach",
    "lifecycle of Pods and PodStatus": "passes now and then: it expects a pod to be Ready still, some milliseconds "
    "after its image was exchanged, and the container has been stopped by then",
}

_HEAD = """# Conformance

What the conformance suite of Kubernetes 1.36 (its `[Conformance]` behaviours) said of kubeade, behaviour by behaviour, by
upstream's names. Written by `tools/conformance.py` from the suite's own reports, never by hand.

The cluster: `kubeade up` on one machine, runtime mode `namespaces`; where a behaviour needs two nodes, a second one has
joined from a network namespace. The suite's images were replaced by small ones
of the same names, since the machine reaches no registry; where that alone decides a behaviour, the reason says so. The
areas were run one after the other on one day, not all of them on one commit.

| area | pass | of |
|---|---|---|
"""


def main() -> None:
    found: dict[str, str] = {}
    for path in sys.argv[1:]:
        with open(path) as report:
            found.update(_behaviours(json.load(report)))
    by_area: dict[str, dict[str, str]] = defaultdict(dict)
    for name, state in sorted(found.items()):
        area, _, behaviour = name.partition("] ")
        by_area[area.lstrip("[")][behaviour.replace(" [Conformance]", "")] = state
    print(_head(by_area))
    for area, behaviours in sorted(by_area.items()):
        print(f"## {area}\n")
        for behaviour, state in behaviours.items():
            print(_line(behaviour, state))
        print()


def _behaviours(suites: list[dict[str, object]]) -> Iterator[tuple[str, str]]:
    for suite in suites:
        for spec in suite["SpecReports"]:  # type: ignore[attr-defined]
            name = " ".join([*(spec["ContainerHierarchyTexts"] or []), spec["LeafNodeText"]])
            ran = spec["State"] not in ("skipped", "pending", "interrupted", "aborted")
            if spec["LeafNodeType"] == "It" and ran and "[Conformance]" in name:
                yield name, spec["State"]


def _head(by_area: dict[str, dict[str, str]]) -> str:
    rows, passed, total = [], 0, 0
    for area, behaviours in sorted(by_area.items()):
        good = sum(state == _PASSED for state in behaviours.values())
        rows.append(f"| {area} | {good} | {len(behaviours)} |")
        passed, total = passed + good, total + len(behaviours)
    rows.append(f"| **all that were run** | **{passed}** | **{total}** |")
    return _HEAD + "\n".join(rows) + "\n"


def _line(behaviour: str, state: str) -> str:
    if state == _PASSED:
        return f"- {behaviour}: done"
    reason = next((why for part, why in REASONS.items() if part in behaviour), "not looked into yet")
    return f"- {behaviour}: **not** ({reason})"


if __name__ == "__main__":
    main()
