"""Requests to rooms that random objects hardly reach: admission webhooks and policies that are in force, kinds
with random schemas and rules, server-side apply, proxied requests, upgrades, aggregated groups.

What is in force is so for the fuzzer's own namespace only.
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import quote

from fuzz_expressions import expression, schema
from fuzz_request import NAMESPACE, FuzzRequest
from fuzz_values import WORDS, any_value, mutated

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_GROUP = "rooms.fuzz.example.com"
_HERE = {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}}
_RULE = {
    "apiGroups": ["", _GROUP],
    "apiVersions": ["*"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["*"],
}
_JSON = {"content-type": "application/json"}
_RUNNING = {"metadata": {"name": "running"}, "spec": {"containers": [{"name": "a", "image": "x"}]}}
_NOBODY = "https://127.0.0.1:1/"


class RoomMaker:
    """Each request of another room."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._rooms: tuple[Callable[[], FuzzRequest], ...] = (
            *(self._definition, self._custom_object, self._custom_object, self._policy, self._binding),
            *(self._webhooks, self._apply, self._apply, self._proxied, self._upgrade, self._aggregated),
        )

    def next(self) -> FuzzRequest:
        return self._random.choice(self._rooms)()

    def _definition(self) -> FuzzRequest:
        random, number = self._random, self._random.randrange(4)
        plural = f"kind{number}s"
        version = {
            "name": "v1",
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": schema(random)}}},
            "subresources": {"status": {}},
        }
        spec = {
            "group": _GROUP,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": f"Kind{number}"},
            "versions": [version],
        }
        return self._stored(_DEFINITIONS, f"{plural}.{_GROUP}", spec=spec)

    def _custom_object(self) -> FuzzRequest:
        random, number = self._random, self._random.randrange(4)
        path = f"/apis/{_GROUP}/v1/namespaces/{NAMESPACE}/kind{number}s"
        values = {name: any_value(random) for name in "nslfxy"}
        spec = random.choice((values, values["n"], [values["s"]], {"n": 1, "s": "a", "l": [1], "f": True}))
        kind = {"apiVersion": f"{_GROUP}/v1", "kind": f"Kind{number}"}
        return self._stored(path, f"fuzz-{random.randrange(5)}", **kind, spec=spec)

    def _policy(self) -> FuzzRequest:
        random = self._random
        kind, spec = random.choice((("validating", self._validations()), ("mutating", self._mutations())))
        spec |= {
            "matchConstraints": {"namespaceSelector": _HERE, "resourceRules": [_RULE]},
            "failurePolicy": random.choice(("Fail", "Ignore")),
            "variables": [{"name": "v", "expression": expression(random, "any")}],
            "matchConditions": [{"name": "c", "expression": expression(random)}] * (random.random() < 0.3),
        }
        return self._stored(f"{_ADMISSION}/{kind}admissionpolicies", f"fuzz-{random.randrange(4)}", spec=spec)

    def _validations(self) -> dict[str, Any]:
        random = self._random
        found = {"expression": expression(random), "messageExpression": expression(random, "string")}
        return {"validations": [found], "auditAnnotations": [{"key": "k", "valueExpression": "'a'"}]}

    def _mutations(self) -> dict[str, Any]:
        random = self._random
        value = expression(random, "any", 2)
        patch = f"[JSONPatch{{op: 'add', path: '/metadata/labels', value: {value}}}]"
        applied = f"Object{{metadata: Object.metadata{{labels: {{'a': {expression(random, 'string', 2)}}}}}}}"
        either = (
            {"patchType": "JSONPatch", "jsonPatch": {"expression": patch}},
            {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": applied}},
        )
        return {
            "mutations": [random.choice(either)],
            "reinvocationPolicy": random.choice(("Never", "IfNeeded")),
        }

    def _binding(self) -> FuzzRequest:
        random = self._random
        kind, name = random.choice(("validating", "mutating")), f"fuzz-{random.randrange(4)}"
        spec: dict[str, Any] = {"policyName": name}
        if kind == "validating":
            spec["validationActions"] = random.choice((["Deny"], ["Warn", "Audit"]))
        return self._stored(f"{_ADMISSION}/{kind}admissionpolicybindings", name, spec=spec)

    def _webhooks(self) -> FuzzRequest:
        """Nobody listens, so those that must answer refuse."""
        random = self._random
        hook = {
            "name": "fuzz.example.com",
            "clientConfig": {"url": random.choice((_NOBODY, "https://127.0.0.1:1/a?b", "https://[::1]:1/"))},
            "rules": [_RULE],
            "namespaceSelector": _HERE,
            "failurePolicy": random.choice(("Fail", "Ignore", "Ignore", "Ignore")),
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 1,
            "matchConditions": [{"name": "c", "expression": expression(random)}],
        }
        kind = random.choice(("validating", "mutating"))
        return self._stored(f"{_ADMISSION}/{kind}webhookconfigurations", "fuzz-0", webhooks=[hook])

    def _apply(self) -> FuzzRequest:
        random = self._random
        name = f"applied-{random.randrange(3)}"
        data = {
            random.choice(("a", "b", "c")): random.choice(WORDS[:20]) for _ in range(random.randint(0, 3))
        }
        container = {
            "name": random.choice("ab"),
            "image": "x",
            "ports": [{"containerPort": 1, "name": "a"}] * 2,
        }
        template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
        deployment = {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
        group, plural, kind, obj = random.choice(
            (
                ("api/v1", "configmaps", "ConfigMap", {"data": data}),
                ("apis/apps/v1", "deployments", "Deployment", deployment),
            )
        )
        version = group.removeprefix("apis/").removeprefix("api/")
        metadata = {"name": name, "labels": random.choice(({}, None, {"a": "b"}))}
        body: Any = {"apiVersion": version, "kind": kind, "metadata": metadata, **obj}
        for _ in range(random.choice((0, 0, 1, 2))):
            body = mutated(random, body)
        query = f"fieldManager={random.choice(('a', 'b', ''))}&force={random.choice(('true', 'false'))}"
        path = f"/{group}/namespaces/{NAMESPACE}/{plural}/{name}?{query}"
        return FuzzRequest("PATCH", path, {"content-type": "application/apply-patch+yaml"}, _bytes(body))

    def _proxied(self) -> FuzzRequest:
        random = self._random
        port = random.choice(("", ":80", ":http", ":0", ":99999", ":x", ":"))
        scheme = random.choice(("", "", "https:", "http:", "x:"))
        name = f"{scheme}{random.choice(('fuzz-1', 'fuzz-2', 'web', ''))}{port}"
        holder = random.choice((f"namespaces/{NAMESPACE}/pods", f"namespaces/{NAMESPACE}/services", "nodes"))
        rest = random.choice(("", "/", "/../..", "/healthz", "/a?b=c", "/metrics", "//169.254.169.254/"))
        method = random.choice(("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"))
        return FuzzRequest(method, f"/api/v1/{holder}/{quote(name, safe=':')}/proxy{rest}", {}, b"x" * 9)

    def _upgrade(self) -> FuzzRequest:
        random = self._random
        if random.random() < 0.1:
            return FuzzRequest("POST", f"/api/v1/namespaces/{NAMESPACE}/pods", dict(_JSON), _bytes(_RUNNING))
        what = random.choice(("exec", "attach", "portforward", "proxy/x"))
        websocket = random.random() < 0.5
        headers = {"connection": "Upgrade", "upgrade": "websocket" if websocket else "SPDY/3.1"}
        if websocket:
            headers |= {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13"}
            protocol = ("v5.channel.k8s.io", "v4.base64.channel.k8s.io", "SPDY/3.1+portforward.k8s.io", "x")
            headers["sec-websocket-protocol"] = random.choice(protocol)
        else:
            headers["x-stream-protocol-version"] = random.choice(
                ("v4.channel.k8s.io", "portforward.k8s.io", "x")
            )
        query = f"command={quote(random.choice(WORDS[:9]))}&stdin=true&stdout=true&ports=80&container=a"
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/{self._pod()}/{what}?{query}"
        return FuzzRequest(random.choice(("GET", "POST")), path, headers, after=random.randbytes(60))

    def _pod(self) -> str:
        return self._random.choice(("fuzz-0", "fuzz-1", "fuzz-2", "running"))

    def _aggregated(self) -> FuzzRequest:
        random = self._random
        group = "aggregated.fuzz.example.com"
        if random.random() < 0.1:
            spec = {
                "group": group,
                "version": "v1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": True,
                "service": {"namespace": NAMESPACE, "name": "running", "port": 443},
            }
            return self._stored("/apis/apiregistration.k8s.io/v1/apiservices", f"v1.{group}", spec=spec)
        rest = random.choice(
            ("", "/", "/things", f"/namespaces/{NAMESPACE}/things/a", "/things?watch=1", "/../v2")
        )
        return FuzzRequest(random.choice(("GET", "POST", "DELETE")), f"/apis/{group}/v1{rest}", {}, b"{}")

    def _stored(self, path: str, name: str, **parts: Any) -> FuzzRequest:
        """Created, replaced, patched or deleted; now and then not what it should be."""
        random = self._random
        body: Any = {"metadata": {"name": name}, **parts}
        for _ in range(random.choice((0, 0, 0, 0, 0, 1, 2))):
            body = mutated(random, body)
        headers, roll = {"content-type": "application/json"}, random.random()
        if roll < 0.5:
            return FuzzRequest("POST", path, headers, _bytes(body))
        if roll < 0.6:
            return FuzzRequest("DELETE", f"{path}/{name}")
        method = "PATCH" if roll < 0.9 else "PUT"
        media_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return FuzzRequest(method, f"{path}/{name}", {"content-type": media_type}, _bytes(body))


def _bytes(body: Any) -> bytes:
    return json.dumps(body).encode("utf-8", "replace")
