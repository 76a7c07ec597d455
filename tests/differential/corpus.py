"""The requests: made from the seeds and the schema by a seeded generator, the same on every run.

Each kind is a chapter: its seed is created for good, everything after that is a dry run or a read, so that a
request's answer depends on no other request. What the generator mutates: every field of the seed and every
field that the schema has beside them, to wrong types, empty, out of range, malformed, missing or doubled.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import yaml
from mutations import GONE, OUTSIDE, Steps, changed, path_text, variants, walk

from kubeade.api.catalogue import Catalogue
from kubeade.api.resource_type import ResourceType
from kubeade.api.schema import Schema
from kubeade.api.schema_node import Node

VERSION = "1.36"
"""What the recorded server speaks, so that no difference is one of versions."""
_SEEDS = Path(__file__).parent / "seeds.yaml"
JSON, MERGE = "application/json", "application/merge-patch+json"
JSON_PATCH, STRATEGIC = "application/json-patch+json", "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
_MOST_CREATES, _MOST_CHANGES = 90, 45
_LABELS = {"differential": "yes"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request; `about` says what it tries."""

    about: str
    method: str
    path: str
    body: str = ""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seed:
    """A valid object of a kind, and the names of it and of one more."""

    path: str
    object: dict[str, Any]
    name: str = "base"
    others: tuple[str, ...] = ("other",)
    reviews: bool = False
    kind: str = ""

    @property
    def api_version(self) -> str:
        group = self.group_version[0]
        return f"{group}/{self.group_version[1]}" if group else self.group_version[1]

    @property
    def group_version(self) -> tuple[str, str]:
        parts = self.path.split("/")
        return ("", parts[2]) if parts[1] == "api" else (parts[2], parts[3])

    @property
    def plural(self) -> str:
        return self.path.rpartition("/")[2]

    def named(self, name: str) -> dict[str, Any]:
        found = deepcopy(self.object)
        if self.reviews:
            return found
        found["metadata"] = {"name": name, "labels": dict(_LABELS)}
        if self.kind:  # of custom resources upstream wants to be told
            found = {"apiVersion": self.api_version, "kind": self.kind, **found}
        if self.plural == "customresourcedefinitions" and name != self.name:
            plural = name.partition(".")[0]
            names = {"plural": plural, "singular": plural, "kind": "Other", "listKind": "OtherList"}
            found["spec"]["names"] = names
        if self.plural == "apiservices" and name != self.name:
            found["spec"]["version"] = name.partition(".")[0]
        return found


@dataclass(frozen=True, slots=True)
class Chapter:
    """All requests about one kind; `setup` is written for good before `requests`."""

    name: str
    setup: list[Sent]
    requests: list[Sent]


def seeds() -> list[Seed]:
    documents = yaml.safe_load(_SEEDS.read_text())
    return [Seed(**{**each, "others": tuple(each.get("others", ("other",)))}) for each in documents]


def chapters() -> Iterator[Chapter]:
    schema, catalogue = Schema.load(VERSION), Catalogue.built_in(VERSION)
    for seed in seeds():
        group, version = seed.group_version
        kind = catalogue.find(group, version, seed.plural)
        name = f"{group or 'core'}.{version}.{seed.path.rpartition('/')[2]}"
        node = schema.find(group, version, seed.kind or (kind.kind if kind else "")) or Node({})
        story = _Story(seed, kind, node, Random(name))
        yield Chapter(
            name if seed.name != "aggregated" else f"{name}.aggregated", story.setup(), story.requests()
        )


def first() -> list[Sent]:
    """What every chapter stands on."""
    made = [
        ("/api/v1/namespaces", {"metadata": {"name": "diff"}}),
        ("/api/v1/namespaces/diff/serviceaccounts", {"metadata": {"name": "default"}}),
    ]
    return [Sent("first", "POST", path, json.dumps(body)) for path, body in made]


class _Story:
    """Writes one chapter."""

    def __init__(self, seed: Seed, kind: ResourceType | None, node: Node, random: Random) -> None:
        self.seed, self.kind, self.node, self.random = seed, kind, node, random
        self.here = f"{seed.path}/{seed.name}"
        self.other = seed.others[0]

    def setup(self) -> list[Sent]:
        return (
            []
            if self.seed.reviews
            else [Sent("setup", "POST", self.seed.path, json.dumps(self.seed.named(self.seed.name)))]
        )

    def requests(self) -> list[Sent]:
        if self.seed.reviews:
            return [*self._creates()]
        return [
            *self._reads(),
            *self._bodies(),
            *self._metadata(),
            *self._creates(),
            *self._changes(),
            *self._subresources(),
            *self._deletes(),
        ]

    # --- reading

    def _reads(self) -> Iterator[Sent]:
        selected = f"{self.seed.path}?labelSelector=differential%3Dyes"
        table = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
        partial = {"accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}
        partials = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
        yield Sent("get", "GET", self.here)
        yield Sent("get none", "GET", f"{self.seed.path}/none")
        yield Sent("get as table", "GET", self.here, headers=table)
        yield Sent("get as metadata", "GET", self.here, headers=partial)
        yield Sent("get too new", "GET", f"{self.here}?resourceVersion=bogus")
        yield Sent("get as unknown", "GET", self.here, headers={"accept": "text/html"})
        yield Sent("list", "GET", selected)
        yield Sent("list as table", "GET", f"{selected}&includeObject=Object", headers=table)
        yield Sent("list as metadata", "GET", selected, headers=partials)
        yield Sent("list by name", "GET", f"{selected}&fieldSelector=metadata.name%3D{self.seed.name}")
        yield Sent(
            "list by another name", "GET", f"{selected}&fieldSelector=metadata.name!%3D{self.seed.name}"
        )
        for about, query in {
            "bad label selector": "labelSelector=a%20in%20(",
            "bad label value": "labelSelector=a%3D-b-",
            "no such label": "labelSelector=none%3Dyes",
            "bad field selector": "fieldSelector=spec.none%3Dx",
            "malformed field selector": "fieldSelector=abc",
            "bad limit": "limit=x",
            "bad continue": "continue=abc",
            "bad revision": "labelSelector=none%3Dyes&resourceVersion=abc",
            "match without revision": "resourceVersionMatch=Exact",
            "bad match": "resourceVersion=1&resourceVersionMatch=Other",
            "initial events without watch": "sendInitialEvents=true",
            "exact zero": "resourceVersion=0&resourceVersionMatch=Exact",
        }.items():
            yield Sent(f"list with {about}", "GET", f"{self.seed.path}?{query}")
        for subresource in ("none", "scale", "status"):
            if self.kind is None or subresource not in self.kind.subresources:
                yield Sent(f"no {subresource}", "GET", f"{self.here}/{subresource}")
        yield Sent("post to name", "POST", self.here, "{}")
        yield Sent("put to collection", "PUT", self.seed.path, "{}")
        yield Sent("patch collection", "PATCH", self.seed.path, "{}", MERGE)

    # --- bodies

    def _bodies(self) -> Iterator[Sent]:
        whole = {**self.seed.named(self.other), "apiVersion": self.seed.api_version}
        path = f"{self.seed.path}?dryRun=All"
        for about, body in {
            "empty body": "",
            "list for a body": "[]",
            "broken JSON": '{"metadata": {"name": "x"',
            "other kind": json.dumps({**whole, "kind": "Other"}),
            "other version": json.dumps({**whole, "apiVersion": "v9"}),
            "other group": json.dumps({**whole, "apiVersion": "x.example.com/v1"}),
            "metadata as text": '{"metadata": "x"}',
            "labels as list": '{"metadata": {"name": "x", "labels": []}}',
            "label as number": '{"metadata": {"name": "x", "labels": {"a": 1}}}',
            "null metadata": '{"metadata": null}',
        }.items():
            yield Sent(about, "POST", path, body)
        yield Sent("bad dryRun", "POST", f"{self.seed.path}?dryRun=Some", json.dumps(whole))
        yield Sent("bad field validation", "POST", f"{path}&fieldValidation=Some", json.dumps(whole))
        yield Sent("bad manager", "POST", f"{path}&fieldManager={'m' * 129}", json.dumps(whole))
        yield Sent("manager", "POST", f"{path}&fieldManager=me", json.dumps(whole))
        yield Sent("as YAML", "POST", path, yaml.safe_dump(whole), "application/yaml")
        yield Sent("as text", "POST", path, json.dumps(whole), "text/plain")
        for mode in ("Strict", "Warn", "Ignore"):
            validated = f"{path}&fieldValidation={mode}"
            text = json.dumps({**whole, "bogus": 1, "metadata": {**whole.get("metadata", {}), "wrong": True}})
            yield Sent(f"unknown fields, {mode}", "POST", validated, text)
            doubled = json.dumps(whole)[:-1] + ', "metadata": {"name": "twice", "other": 1}}'
            yield Sent(f"double fields, {mode}", "POST", validated, doubled)
            doubled = yaml.safe_dump(whole) + "metadata: {name: twice}\n"
            yield Sent(f"double fields in YAML, {mode}", "POST", validated, doubled, "application/yaml")
            yield Sent(
                f"apply double fields, {mode}",
                "PATCH",
                f"{self.here}?dryRun=All&fieldManager=me&fieldValidation={mode}",
                f"apiVersion: {self.seed.api_version}\nkind: {self._kind()}\nmetadata:\n  labels: {{a: b}}\n  labels: {{a: c}}\n",
                APPLY,
            )
            unknown = json.dumps({"metadata": {"wrong": 1}, "bogus": True})
            yield Sent(
                f"patch unknown, {mode}",
                "PATCH",
                f"{self.here}?dryRun=All&fieldValidation={mode}",
                unknown,
                MERGE,
            )

    def _kind(self) -> str:
        return self.kind.kind if self.kind else self.seed.kind

    # --- metadata

    def _metadata(self) -> Iterator[Sent]:
        path = f"{self.seed.path}?dryRun=All"
        for name in (
            "UPPER",
            "a_b",
            "a" * 64,
            "a" * 254,
            "-a",
            "a.b",
            "a..b",
            "a/b",
            "..",
            "a%b",
            "1a",
            "a:b",
            "",
        ):
            yield Sent(f"named {name[:70]!r}", "POST", path, json.dumps(self.seed.named(name)))
        generated = self.seed.named("")
        generated["metadata"]["generateName"] = "made-"
        yield Sent("generated name", "POST", path, json.dumps(generated))
        generated["metadata"]["generateName"] = "Made_"
        yield Sent("bad generated name", "POST", path, json.dumps(generated))
        yield Sent("taken name", "POST", path, json.dumps(self.seed.named(self.seed.name)))
        owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
        for about, metadata in {
            "namespace": {"namespace": "elsewhere"},
            "bad label key": {"labels": {"bad key!": "x"}},
            "long label key": {"labels": {"a" * 64: "x"}},
            "bad label prefix": {"labels": {"A_B/c": "x"}},
            "bad label value": {"labels": {"a": "b c"}},
            "long label value": {"labels": {"a": "b" * 64}},
            "bad annotation key": {"annotations": {"a b": "x"}},
            "long annotations": {"annotations": {"a": "b" * 262145}},
            "bad finalizer": {"finalizers": ["bad finalizer!", "a.b/c"]},
            "plain finalizer": {"finalizers": ["plain"]},
            "good finalizer": {"finalizers": ["example.com/wait"]},
            "owner": {"ownerReferences": [owner]},
            "empty owner": {"ownerReferences": [{}]},
            "two controllers": {
                "ownerReferences": [{**owner, "controller": True}, {**owner, "uid": "v", "controller": True}]
            },
            "event as owner": {"ownerReferences": [{**owner, "kind": "Event"}]},
            "owner's bad group": {"ownerReferences": [{**owner, "apiVersion": "a/b/c"}]},
            "set by the server": {
                "uid": "mine",
                "creationTimestamp": "2020-01-01T00:00:00Z",
                "generation": 7,
                "selfLink": "/x",
                "deletionTimestamp": "2020-01-01T00:00:00Z",
            },
            "revision": {"resourceVersion": "5"},
            "bad time": {"creationTimestamp": "yesterday"},
            "managed fields": {
                "managedFields": [
                    {
                        "manager": "m",
                        "operation": "Update",
                        "apiVersion": "v1",
                        "fieldsType": "FieldsV1",
                        "fieldsV1": {"f:metadata": {}},
                    }
                ]
            },
            "bad managed fields": {
                "managedFields": [{"manager": "m", "operation": "Wrong", "fieldsType": "X"}]
            },
            "negative generation": {"generation": -1},
        }.items():
            obj = self.seed.named(self.other)
            obj["metadata"].update(metadata)
            yield Sent(f"created with {about}", "POST", path, json.dumps(obj))
            if "long annotations" not in about:
                yield Sent(
                    f"patched with {about}",
                    "PATCH",
                    f"{self.here}?dryRun=All",
                    json.dumps({"metadata": metadata}),
                    MERGE,
                )

    # --- the kind's own fields

    def _creates(self) -> Iterator[Sent]:
        whole = self.seed.named(self.other)
        path = self.seed.path if self.seed.reviews else f"{self.seed.path}?dryRun=All"
        yield Sent("the seed", "POST", path, json.dumps(whole))
        bare = {key: value for key, value in whole.items() if key == "metadata"}
        yield Sent("nothing but a name", "POST", path, json.dumps(bare))
        mutations = list(self._mutations(whole))
        limit = _MOST_CREATES * (4 if "pods" in self.seed.path else 1)
        for about, steps, value in self._chosen(mutations, limit):
            yield Sent(about, "POST", path, json.dumps(changed(whole, steps, value)))

    def _chosen(self, mutations: list[Any], limit: int) -> list[Any]:
        if len(mutations) <= limit:
            return mutations
        kept = sorted(self.random.sample(range(len(mutations)), limit))
        return [mutations[index] for index in kept]

    def _mutations(self, whole: dict[str, Any]) -> Iterator[tuple[str, Steps, Any]]:
        for steps, node, value in walk(self.node, whole, ()):
            if steps[0] in ("metadata", "kind", "apiVersion") or (
                steps[0] == "status" and not _stays(self.seed)
            ):
                continue
            where = path_text(steps)
            for about, mutated in variants(node, value, self.random):
                yield f"{where} {about}", steps, mutated

    def _changes(self) -> Iterator[Sent]:
        dry = f"{self.here}?dryRun=All"
        whole = self.seed.named(self.seed.name)
        yield Sent("put the same", "PUT", dry, json.dumps(whole))
        yield Sent("put another name", "PUT", dry, json.dumps(self.seed.named("wrong")))
        yield Sent("put nothing", "PUT", dry, json.dumps({"metadata": {"name": self.seed.name}}))
        yield Sent(
            "put to none",
            "PUT",
            f"{self.seed.path}/{self.other}?dryRun=All",
            json.dumps(self.seed.named(self.other)),
        )
        stale = self.seed.named(self.seed.name)
        stale["metadata"]["resourceVersion"] = "1"
        yield Sent("put a stale one", "PUT", dry, json.dumps(stale))
        stale["metadata"].update(resourceVersion="0", uid="wrong")
        yield Sent("put another uid", "PUT", dry, json.dumps(stale))
        for about, body, type_ in (
            ("empty patch", "{}", MERGE),
            ("empty strategic patch", "{}", STRATEGIC),
            ("empty JSON patch", "[]", JSON_PATCH),
            ("no patch", "", MERGE),
            ("JSON patch that is no list", "{}", JSON_PATCH),
            ("JSON patch without a path", '[{"op": "add"}]', JSON_PATCH),
            ("unknown operation", '[{"op": "change", "path": "/a", "value": 1}]', JSON_PATCH),
            ("removal of nothing", '[{"op": "remove", "path": "/metadata/annotations/none"}]', JSON_PATCH),
            ("failed test", '[{"op": "test", "path": "/metadata/name", "value": "x"}]', JSON_PATCH),
            (
                "passed test",
                json.dumps([{"op": "test", "path": "/metadata/name", "value": self.seed.name}]),
                JSON_PATCH,
            ),
            (
                "copied label",
                '[{"op": "copy", "from": "/metadata/labels/differential", "path": "/metadata/labels/b"}]',
                JSON_PATCH,
            ),
            (
                "moved label",
                '[{"op": "move", "from": "/metadata/labels/differential", "path": "/metadata/labels/b"}]',
                JSON_PATCH,
            ),
            ("patched list", "[1]", MERGE),
            ("patched name", '{"metadata": {"name": "x"}}', MERGE),
            ("patched kind", '{"kind": "X"}', MERGE),
            ("label", '{"metadata": {"labels": {"a": "b"}}}', MERGE),
            ("label, strategic", '{"metadata": {"labels": {"a": "b", "differential": null}}}', STRATEGIC),
            ("replaced metadata", '{"metadata": {"labels": {"$patch": "replace", "x": "y"}}}', STRATEGIC),
            ("bad directive", '{"metadata": {"labels": {"$patch": "bogus"}}}', STRATEGIC),
            ("unknown type of patch", "{}", "application/x-patch"),
            ("removed metadata", '[{"op": "remove", "path": "/metadata"}]', JSON_PATCH),
        ):
            yield Sent(about, "PATCH", dry, body, type_)
        yield Sent("patch to none", "PATCH", f"{self.seed.path}/none?dryRun=All", "{}", MERGE)
        yield Sent("forced merge patch", "PATCH", f"{dry}&force=true", "{}", MERGE)
        yield from self._applies(whole)
        mutations = list(self._mutations(whole))
        limit = _MOST_CHANGES * (3 if "pods" in self.seed.path else 1)
        for about, steps, value in self._chosen(mutations, limit):
            yield from self._change(about, whole, steps, value)

    def _applies(self, whole: dict[str, Any]) -> Iterator[Sent]:
        dry = f"{self.here}?dryRun=All"
        head = {"apiVersion": self.seed.api_version, "kind": self._kind()}
        applied = {**whole, **head}
        yield Sent("apply the same", "PATCH", f"{dry}&fieldManager=me", json.dumps(applied), APPLY)
        yield Sent("apply without a manager", "PATCH", dry, json.dumps(applied), APPLY)
        yield Sent("apply without a kind", "PATCH", f"{dry}&fieldManager=me", "{}", APPLY)
        yield Sent("apply broken YAML", "PATCH", f"{dry}&fieldManager=me", "a: [", APPLY)
        yield Sent(
            "apply a label",
            "PATCH",
            f"{dry}&fieldManager=me",
            json.dumps({**head, "metadata": {"labels": {"differential": "no"}}}),
            APPLY,
        )
        yield Sent(
            "apply a label by force",
            "PATCH",
            f"{dry}&fieldManager=me&force=true",
            json.dumps({**head, "metadata": {"labels": {"differential": "no"}}}),
            APPLY,
        )
        yield Sent(
            "apply an unknown field",
            "PATCH",
            f"{dry}&fieldManager=me",
            json.dumps({**head, "bogus": 1, "metadata": {}}),
            APPLY,
        )
        yield Sent(
            "apply managed fields",
            "PATCH",
            f"{dry}&fieldManager=me",
            json.dumps({**head, "metadata": {"managedFields": [{"manager": "x"}]}}),
            APPLY,
        )
        yield Sent(
            "apply a name",
            "PATCH",
            f"{dry}&fieldManager=me",
            json.dumps({**head, "metadata": {"name": "wrong"}}),
            APPLY,
        )
        fresh = {**self.seed.named(self.other), **head}
        yield Sent(
            "apply what is new",
            "PATCH",
            f"{self.seed.path}/{self.other}?dryRun=All&fieldManager=me",
            json.dumps(fresh),
            APPLY,
        )

    def _change(self, about: str, whole: dict[str, Any], steps: Steps, value: Any) -> Iterator[Sent]:
        dry = f"{self.here}?dryRun=All"
        way = self.random.choice(["json", "json", "merge", "strategic", "apply", "put"])
        if way == "json":
            pointer = "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in steps)
            operation = (
                {"op": "remove", "path": pointer}
                if value is GONE
                else {"op": "add", "path": pointer, "value": value}
            )
            if value is not GONE and isinstance(steps[-1], int):
                operation["op"] = "replace"
            yield Sent(f"JSON patch: {about}", "PATCH", dry, json.dumps([operation]), JSON_PATCH)
            return
        other = changed(whole, steps, value)
        if way == "put":
            yield Sent(f"put: {about}", "PUT", dry, json.dumps(other))
        elif way == "apply":
            body = json.dumps({**other, "apiVersion": self.seed.api_version, "kind": self._kind()})
            yield Sent(f"apply: {about}", "PATCH", f"{dry}&fieldManager=me&force=true", body, APPLY)
        else:
            top = steps[0]
            body = json.dumps({top: other.get(top)})
            yield Sent(f"{way} patch: {about}", "PATCH", dry, body, MERGE if way == "merge" else STRATEGIC)

    # --- subresources and ends

    def _subresources(self) -> Iterator[Sent]:
        found = self.kind.subresources if self.kind else ("status", "scale")
        if "status" in found:
            yield from self._status()
        if "scale" in found:
            yield from self._scale()
        for subresource in ("approval", "finalize", "ephemeralcontainers", "resize"):
            if subresource in found:
                yield Sent(f"get {subresource}", "GET", f"{self.here}/{subresource}")
                yield Sent(
                    f"put {subresource}",
                    "PUT",
                    f"{self.here}/{subresource}?dryRun=All",
                    json.dumps(self.seed.named(self.seed.name)),
                )
        if self.seed.plural == "pods":
            binding = {"metadata": {"name": "base"}, "target": {"kind": "Node", "name": "node-1"}}
            yield Sent("bind", "POST", f"{self.here}/binding?dryRun=All", json.dumps(binding))
            yield Sent("bind nowhere", "POST", f"{self.here}/binding?dryRun=All", '{"target": {}}')
            yield Sent(
                "bind to a pod",
                "POST",
                f"{self.here}/binding?dryRun=All",
                '{"target": {"kind": "Pod", "name": "x"}}',
            )
            yield Sent("evict", "POST", f"{self.here}/eviction?dryRun=All", '{"metadata": {"name": "base"}}')
            yield Sent(
                "evict another", "POST", f"{self.here}/eviction?dryRun=All", '{"metadata": {"name": "x"}}'
            )
            debugger = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "busybox"}]}}
            for about, change in {
                "debugger": {},
                "debugger with ports": {"ports": [{"containerPort": 80}]},
                "debugger of none": {"targetContainerName": "none"},
                "debugger of one": {"targetContainerName": "web"},
                "debugger named as a container": {"name": "web"},
                "debugger without an image": {"image": ""},
                "debugger with a probe": {"livenessProbe": {"exec": {"command": ["a"]}}},
                "debugger with resources": {"resources": {"limits": {"cpu": "1"}}},
            }.items():
                body = deepcopy(debugger)
                body["spec"]["ephemeralContainers"][0].update(change)
                yield Sent(
                    about, "PATCH", f"{self.here}/ephemeralcontainers?dryRun=All", json.dumps(body), STRATEGIC
                )
            for about, container in {
                "more CPU": {"resources": {"requests": {"cpu": "200m"}}},
                "less memory": {"resources": {"limits": {"memory": "40Mi"}}},
                "another image": {"image": "other"},
                "no limits": {"resources": {"limits": None}},
                "more disk": {"resources": {"limits": {"ephemeral-storage": "2Gi"}}},
            }.items():
                body = {"spec": {"containers": [{"name": "web", **container}]}}
                yield Sent(
                    f"resize: {about}", "PATCH", f"{self.here}/resize?dryRun=All", json.dumps(body), STRATEGIC
                )

    def _status(self) -> Iterator[Sent]:
        status = f"{self.here}/status?dryRun=All"
        yield Sent("get status", "GET", f"{self.here}/status")
        yield Sent("put status", "PUT", status, json.dumps({**self.seed.named(self.seed.name), "status": {}}))
        condition = {
            "type": "Good",
            "status": "True",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "reason": "R",
            "message": "m",
        }
        yield Sent(
            "patch a condition", "PATCH", status, json.dumps({"status": {"conditions": [condition]}}), MERGE
        )
        yield Sent(
            "patch a bad condition",
            "PATCH",
            status,
            json.dumps({"status": {"conditions": [{"type": "a b", "status": "Maybe"}]}}),
            MERGE,
        )
        metadata = {"labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["example.com/x"]}
        yield Sent(
            "patch metadata by status",
            "PATCH",
            status,
            json.dumps({"metadata": metadata, "spec": None}),
            MERGE,
        )
        head = {"apiVersion": self.seed.api_version, "kind": self._kind()}
        yield Sent(
            "apply status",
            "PATCH",
            f"{status}&fieldManager=me",
            json.dumps({**head, "status": {"conditions": [condition]}}),
            APPLY,
        )
        node = self.node.fields.get("status")
        if node is None:
            return
        for name, known in node.fields.items():
            for about, value in variants(known, OUTSIDE, self.random):
                body = json.dumps({"status": {name: value}})
                yield Sent(f"status.{name} {about}", "PATCH", status, body, MERGE)

    def _scale(self) -> Iterator[Sent]:
        scale = f"{self.here}/scale"
        yield Sent("get scale", "GET", scale)
        yield Sent(
            "get scale as table",
            "GET",
            scale,
            headers={"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
        )
        head = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"name": self.seed.name, "namespace": "diff"},
        }
        for about, spec in {
            "up": {"replicas": 7},
            "to zero": {"replicas": 0},
            "below zero": {"replicas": -1},
            "by text": {"replicas": "2"},
            "by nothing": {},
            "unknown": {"bogus": 1},
        }.items():
            yield Sent(f"scale {about}", "PUT", f"{scale}?dryRun=All", json.dumps({**head, "spec": spec}))
            yield Sent(
                f"patch scale {about}", "PATCH", f"{scale}?dryRun=All", json.dumps({"spec": spec}), MERGE
            )
            body = json.dumps({"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": spec})
            yield Sent(
                f"apply scale {about}", "PATCH", f"{scale}?dryRun=All&fieldManager=me&force=true", body, APPLY
            )
        yield Sent(
            "scale another", "PUT", f"{scale}?dryRun=All", json.dumps({**head, "metadata": {"name": "x"}})
        )
        yield Sent("scale none", "GET", f"{self.seed.path}/none/scale")

    def _deletes(self) -> Iterator[Sent]:
        dry = f"{self.here}?dryRun=All"
        yield Sent("delete", "DELETE", dry)
        yield Sent("delete none", "DELETE", f"{self.seed.path}/none")
        for about, options in {
            "another uid": {"preconditions": {"uid": "wrong"}},
            "another revision": {"preconditions": {"resourceVersion": "1"}},
            "a bad policy": {"propagationPolicy": "Bogus"},
            "foreground": {"propagationPolicy": "Foreground"},
            "orphans": {"propagationPolicy": "Orphan"},
            "two policies": {"propagationPolicy": "Orphan", "orphanDependents": True},
            "negative grace": {"gracePeriodSeconds": -1},
            "no grace": {"gracePeriodSeconds": 0},
            "bad dryRun": {"dryRun": ["Some"]},
            "an unknown field": {"bogus": 1},
            "text for grace": {"gracePeriodSeconds": "x"},
        }.items():
            yield Sent(
                f"delete with {about}",
                "DELETE",
                dry,
                json.dumps({"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"], **options}),
            )
        yield Sent("delete with grace in the query", "DELETE", f"{dry}&gracePeriodSeconds=x")
        if self.kind is None or "deletecollection" in self.kind.verbs:
            yield Sent(
                "delete all", "DELETE", f"{self.seed.path}?dryRun=All&labelSelector=differential%3Dyes"
            )
        else:
            yield Sent("delete all", "DELETE", f"{self.seed.path}?dryRun=All")


def _stays(seed: Seed) -> bool:
    """Whether a new object's status is kept."""
    return seed.plural == "nodes"
