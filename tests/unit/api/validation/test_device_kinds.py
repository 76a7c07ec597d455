"""Claims on devices, and the devices, are refused in upstream's words."""

import copy

import pytest
from cluster_orders import CLAIM_TEMPLATES, CLAIMS, DEVICE_CLASSES, RESULT, SLICES, TAINT_RULES
from orders import changed, good, texts

from kubeade.api.validation import validate_create, validate_update, warnings

_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_NOT_A_REQUEST = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)
_NODES = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
_REQUEST, _DEVICE = "spec.devices.requests", "spec.devices[0]"
_FULL_NAME = "a fully qualified name must be a domain and a name separated by a slash"
_SHARED = "spec.devices[1].capacity[cups].requestPolicy"

CREATES = [
    (CLAIMS, f"{_REQUEST}.0.name", "-", f'{_REQUEST}[0].name: Invalid value: "-": {_LABEL}'),
    (CLAIMS, f"{_REQUEST}.0.exactly", ..., f"{_REQUEST}[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"),
    (CLAIMS, f"{_REQUEST}.1.exactly", {}, f"{_REQUEST}[1]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"),
    (CLAIMS, f"{_REQUEST}.0.exactly.deviceClassName", "", f"{_REQUEST}[0].exactly.deviceClassName: Required value"),
    (CLAIMS, f"{_REQUEST}.0.exactly.allocationMode", "Some", f'{_REQUEST}[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"'),
    (CLAIMS, f"{_REQUEST}.0.exactly.allocationMode", "All", f"{_REQUEST}[0].exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'"),
    (CLAIMS, f"{_REQUEST}.0.exactly.count", -1, f"{_REQUEST}[0].exactly.count: Invalid value: -1: must be greater than zero"),
    (CLAIMS, f"{_REQUEST}.0.exactly.selectors.0", {}, f"{_REQUEST}[0].exactly.selectors[0].cel: Required value"),
    (CLAIMS, f"{_REQUEST}.0.exactly.tolerations.0.value", "x", f'{_REQUEST}[0].exactly.tolerations[0].value: Invalid value: "x": must be empty for operator `Exists`'),
    (CLAIMS, f"{_REQUEST}.0.exactly.tolerations.0.effect", "X", f'{_REQUEST}[0].exactly.tolerations[0].effect: Unsupported value: "X": supported values: "NoExecute", "NoSchedule", "None"'),
    (CLAIMS, f"{_REQUEST}.1.firstAvailable.1.name", "big", f'{_REQUEST}[1].firstAvailable[1]: Duplicate value: "big"'),
    (CLAIMS, _REQUEST, [{"name": "a", "exactly": {"deviceClassName": "a", "allocationMode": "All"}}] * 33, f"{_REQUEST}: Too many: 33: must have at most 32 items"),
    (CLAIMS, "spec.devices.constraints.0.requests.0", "cup", f'spec.devices.constraints[0].requests[0]: Invalid value: "cup": {_NOT_A_REQUEST}'),
    (CLAIMS, "spec.devices.constraints.0.requests.1", "any/huge", f'spec.devices.constraints[0].requests[1]: Invalid value: "any/huge": {_NOT_A_REQUEST}'),
    (CLAIMS, "spec.devices.constraints.0.matchAttribute", "shelf", f'spec.devices.constraints[0].matchAttribute: Invalid value: "shelf": {_FULL_NAME}'),
    (CLAIMS, "spec.devices.config.0.opaque", ..., "spec.devices.config[0].opaque: Required value"),
    (CLAIMS, "spec.devices.config.0.opaque.parameters", {"a": "x" * 10240}, "spec.devices.config[0].opaque.parameters: Too long: may not be more than 10240 bytes"),
    (CLAIM_TEMPLATES, "spec.metadata.name", "x", "spec.metadata.name: Forbidden: cannot be set"),
    (CLAIM_TEMPLATES, "spec.spec.devices.requests.0.name", "any", 'spec.spec.devices.requests[1]: Duplicate value: "any"'),
    (DEVICE_CLASSES, "spec.extendedResourceName", "press", 'spec.extendedResourceName: Invalid value: "press": must be a valid extended resource name'),
    (DEVICE_CLASSES, "spec.selectors.0.cel.expression", "", "spec.selectors[0].cel.expression: Invalid value: \"\": compilation failed: ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"),
    (DEVICE_CLASSES, "spec.selectors.0.cel.expression", "device.size", "spec.selectors[0].cel.expression: Invalid value: \"device.size\": compilation failed: ERROR: <input>:1:7: undefined field 'size'\n | device.size\n | ......^"),
    (DEVICE_CLASSES, "spec.selectors.0.cel.expression", "a.b.c", "spec.selectors[0].cel.expression: Invalid value: \"a.b.c\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a.b.c\n | ^"),
    (DEVICE_CLASSES, "spec.selectors.0.cel.expression", "device.driver", 'spec.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string'),
    (DEVICE_CLASSES, "spec.selectors.0.cel.expression", "[0].all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, device.attributes.all(e, d.matches(e))))))", "spec.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit"),
    (SLICES, "spec.driver", "", "spec.driver: Required value"),
    (SLICES, "spec.pool.name", "a//b", "spec.pool.name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"),
    (SLICES, "spec.pool.resourceSliceCount", 0, "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero"),
    (SLICES, "spec.nodeName", ..., f"spec: Required value: {_NODES}"),
    (SLICES, "spec.allNodes", True, f'spec: Invalid value: "{{`nodeName`, `allNodes`}}": {_NODES}, but multiple fields are set'),
    (SLICES, "spec.allNodes", False, "spec.allNodes: Invalid value: false: must be either unset or set to true"),
    (SLICES, "spec.sharedCounters", [{"name": "a", "counters": {"b": {"value": "1"}}}], 'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed'),
    (SLICES, "spec.devices.1.name", "press-0", 'spec.devices[1]: Duplicate value: "press-0"'),
    (SLICES, "spec.devices.0.attributes.size", {}, f'{_DEVICE}.attributes[size]: Invalid value: "": exactly one value must be specified'),
    (SLICES, "spec.devices.0.attributes.size.bool", True, f'{_DEVICE}.attributes[size]: Invalid value: {{"IntValue":5,"BoolValue":true,"StringValue":null,"VersionValue":null,"IntValues":null,"BoolValues":null,"StringValues":null,"VersionValues":null}}: exactly one value must be specified'),
    (SLICES, "spec.devices.0.attributes.model.string", "x" * 65, f"{_DEVICE}.attributes[model].string: Too long: may not be more than 64 bytes"),
    (SLICES, "spec.devices.0.attributes", {"a": {"version": "1.2"}}, f'{_DEVICE}.attributes[a].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0'),
    (SLICES, "spec.devices.0.attributes", {f"a{n}": {"int": n} for n in range(32)}, f"{_DEVICE}: Invalid value: 33: the total number of attributes and capacities must not exceed 32"),
    (SLICES, "spec.devices.0.taints.0.effect", "", f"{_DEVICE}.taints[0].effect: Required value"),
    (SLICES, "spec.devices.0.allNodes", True, f"{_DEVICE}: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec"),
    (SLICES, "spec.devices.0.consumesCounters", [{"counterSet": "a"}], f"{_DEVICE}.consumesCounters[0].counters: Required value"),
    (SLICES, "spec.devices.1.bindingFailureConditions", ["a"], 'spec.devices[1].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions'),
    (SLICES, "spec.devices.1.bindingFailureConditions", ..., "spec.devices[1].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions"),
    (SLICES, "spec.devices.1.allowMultipleAllocations", False, f"{_SHARED}: Forbidden: allowMultipleAllocations must be true"),
    (SLICES, "spec.devices.1.capacity.cups.requestPolicy.default", "3", f'{_SHARED}.validRange.step: Invalid value: "3": value is not a multiple of a given step (2) from (2)'),
    (SLICES, "spec.devices.1.capacity.cups.requestPolicy.validRange.max", "9", f'{_SHARED}.validRange.max: Invalid value: "9": max is larger than capacity value: 8'),
    (SLICES, "spec.devices.1.capacity.cups.requestPolicy", {"default": "3", "validValues": ["2", "1"]}, f'{_SHARED}.validValues[1]: Invalid value: "1": values must be sorted in ascending order'),
    (SLICES, "spec.devices.1.capacity.cups.requestPolicy", {"default": "3", "validValues": ["1"]}, f'{_SHARED}.validValues: Invalid value: "3": default value is not valid according to the requestPolicy'),
    (TAINT_RULES, "spec.taint.effect", "X", 'spec.taint.effect: Unsupported value: "X": supported values: "NoExecute", "NoSchedule", "None"'),
    (TAINT_RULES, "spec.deviceSelector.pool", "", "spec.deviceSelector.pool: Required value"),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "path", "value", "message"), CREATES)
def test_a_broken_object_is_refused(resource, path, value, message):
    assert message in texts(validate_create(resource, changed(resource, path, value)))


def test_what_is_claimed_stays():
    new = changed(CLAIMS, "spec", {"devices": {"requests": [{"name": "a", "exactly": {"count": 2}}]}})
    assert texts(validate_update(CLAIMS, new, good(CLAIMS))) == [
        (
            'spec: Invalid value: {"Devices":{"Requests":[{"Name":"a","Exactly":{"DeviceClassName":"",'
            '"Selectors":null,"AllocationMode":"","Count":2,"AdminAccess":null,"Tolerations":null,'
            '"Capacity":null},"FirstAvailable":null}],"Constraints":null,"Config":null}}: field is immutable'
        )
    ]


def test_a_template_stays_with_its_metadata():
    new = changed(CLAIM_TEMPLATES, "spec.metadata.labels", {"a": "c"})
    (found,) = texts(validate_update(CLAIM_TEMPLATES, new, good(CLAIM_TEMPLATES)))
    assert found.startswith('spec: Invalid value: {"labels":{"a":"c"},"Spec":{"Devices":{"Requests":[')


def test_a_slice_stays_with_its_driver_and_node():
    new = changed(SLICES, "spec.nodeName", "node-2")
    new["spec"]["driver"] = "other.example.com"
    assert texts(validate_update(SLICES, new, good(SLICES))) == [
        'spec.driver: Invalid value: "other.example.com": field is immutable',
        'spec.nodeName: Invalid value: "node-2": field is immutable',
    ]


def test_what_a_class_said_before_may_be_long():
    long = {"driver": "press.example.com", "parameters": {"a": "x" * 10240}}
    old = changed(DEVICE_CLASSES, "spec.config.0.opaque", long)
    assert validate_update(DEVICE_CLASSES, copy.deepcopy(old), old) == []
    assert len(validate_create(DEVICE_CLASSES, old)) == 1


def allocated(**status):
    claim = good(CLAIMS)
    claim["status"] = {"allocation": {"devices": {"results": [RESULT]}}, **status}
    return claim


def judged(new, old=None):
    return texts(validate_update(CLAIMS, new, old or good(CLAIMS), "status"))


def test_an_allocation_names_requests_and_devices():
    assert judged(allocated()) == []
    wrong = allocated(allocation={"devices": {"results": [{**RESULT, "request": "cup", "device": "A"}]}})
    at = "status.allocation.devices.results[0]"
    assert judged(wrong) == [
        f'{at}.request: Invalid value: "cup": {_NOT_A_REQUEST}',
        f'{at}.device: Invalid value: "A": {_LABEL}',
    ]


def test_an_allocation_stays_until_it_goes():
    other = allocated(allocation={"devices": {"results": [{**RESULT, "device": "press-1"}]}})
    (found,) = judged(other, allocated())
    assert found.startswith('status.allocation: Invalid value: {"Devices":{"Results":[{"Request":"press",')
    assert judged(good(CLAIMS), allocated()) == []


def test_only_an_allocated_claim_is_reserved():
    pod = {"resource": "pods", "name": "a", "uid": "1"}
    reserved = good(CLAIMS) | {"status": {"reservedFor": [pod, pod]}}
    assert judged(reserved) == [
        'status.reservedFor[1]: Duplicate value: "1"',
        "status.reservedFor: Forbidden: may not be specified when `allocated` is not set",
    ]


def test_a_claim_that_goes_is_reserved_no_more():
    new = allocated(reservedFor=[{"resource": "pods", "name": "a", "uid": "1"}])
    new["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    old = copy.deepcopy(new)
    del old["status"]["reservedFor"]
    detail = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
    assert f"status.reservedFor: Forbidden: {detail}" in judged(new, old)


def test_drivers_tell_of_allocated_devices_only():
    device = {key: RESULT[key] for key in ("driver", "pool", "device")}
    assert judged(allocated(devices=[device])) == []
    other = {**device, "device": "press-9", "shareID": "x", "networkData": {"ips": ["10.0.0.1"]}}
    assert judged(allocated(devices=[other])) == [
        'status.devices[0].shareID: Invalid value: "x": error validating uid: invalid UUID length: 1',
        (
            'status.devices[0]: Invalid value: {"Driver":"press.example.com","Pool":"node-1",'
            '"Device":"press-9","ShareID":"x"}: must be an allocated device in the claim'
        ),
        (
            'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR '
            "form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
        ),
    ]


def test_drivers_tell_in_conditions():
    condition = {"type": "Ready", "status": "Maybe", "reason": "-"}
    device = {**{key: RESULT[key] for key in ("driver", "pool", "device")}, "conditions": [condition]}
    at = "status.devices[0].conditions[0]"
    found = judged(allocated(devices=[device]))
    assert found[:2] == [
        f'{at}.status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        f"{at}.lastTransitionTime: Required value",
    ]
    assert found[2].startswith(f'{at}.reason: Invalid value: "-": a condition reason must start with')


def test_a_driver_in_capitals_is_warned_of():
    assert warnings(SLICES, changed(SLICES, "spec.driver", "Press.example.com")) == [
        'spec.driver: driver names should be lowercase; "Press.example.com" contains uppercase characters'
    ]
