"""Wrong types are told in the words of upstream's decoders."""

from typing import Any

import pytest

from kubeade.api.decoding.clean import Cleaner
from kubeade.api.decoding.go_words import WrongType
from kubeade.api.resource import Resource
from kubeade.api.resources import CONFIG_MAPS, LEASES, PODS, SECRETS
from kubeade.api.schema import Schema

SCHEMA = Schema.load("1.36")


def wrong(resource: Resource, obj: Any) -> WrongType:
    with pytest.raises(WrongType) as found:
        Cleaner().clean(SCHEMA.node(resource), obj)
    return found.value


def spec(**fields: Any) -> Any:
    return {"spec": {"containers": [{"name": "c", **fields}]}}


@pytest.mark.parametrize(
    ("resource", "obj", "told"),
    [
        (SECRETS, {"type": []}, "array into Go struct field Secret.type of type v1.SecretType"),
        (
            PODS,
            {"metadata": {"uid": 1}},
            "number into Go struct field ObjectMeta.metadata.uid of type types.UID",
        ),
        (
            PODS,
            spec(resources={"limits": "x"}),
            (
                "string into Go struct field ResourceRequirements.spec.containers.resources.limits"
                " of type v1.ResourceList"
            ),
        ),
        (
            PODS,
            {"spec": {"volumes": [{"name": "v", "nfs": "x"}]}},
            "string into Go struct field Volume.spec.volumes.VolumeSource.nfs of type v1.NFSVolumeSource",
        ),
        (
            PODS,
            spec(securityContext={"capabilities": {"add": [1]}}),
            (
                "number into Go struct field Capabilities.spec.containers.securityContext.capabilities.add"
                " of type v1.Capability"
            ),
        ),
        (
            LEASES,
            {"spec": {"renewTime": True}},
            "bool into Go struct field LeaseSpec.spec.renewTime of type string",
        ),
    ],
)
def test_a_decoders_words(resource: Resource, obj: Any, told: str) -> None:
    assert str(wrong(resource, obj)) == f"json: cannot unmarshal {told}"


@pytest.mark.parametrize(
    ("resource", "obj", "told"),
    [
        (CONFIG_MAPS, {"data": {"a": 1}}, "cannot convert int64 to string"),
        (SECRETS, {"type": 1}, "cannot convert int64 to v1.SecretType"),
        (SECRETS, {"type": True}, "unrecognized type: string"),
        (PODS, {"spec": 1}, "cannot restore struct from: int64"),
        (PODS, {"spec": {"containers": {}}}, "cannot restore slice from map"),
        (CONFIG_MAPS, {"data": "x"}, "cannot restore map from string"),
        (PODS, {"spec": {"hostNetwork": "yes"}}, "unrecognized type: bool"),
    ],
)
def test_a_converters_words(resource: Resource, obj: Any, told: str) -> None:
    assert wrong(resource, obj).converted() == told
