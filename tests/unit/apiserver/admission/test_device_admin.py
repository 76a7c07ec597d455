"""Who may claim devices that others use."""

import pytest

from kubeade.api.errors import Invalid
from kubeade.api.resource import Resource
from kubeade.api.resources import NAMESPACES
from kubeade.apiserver.admission.chain import AdmissionChain
from kubeade.apiserver.admission.device_admin import DeviceAdminAccess
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Operation, User

CLAIMS = Resource("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim")
LABEL = "resource.kubernetes.io/admin-access"


def claim(admin):
    request = {"name": "press", "exactly": {"deviceClassName": "press", "adminAccess": admin}}
    results = [{"request": "press", "adminAccess": admin}]
    status = {"allocation": {"devices": {"results": results}}}
    return {"metadata": {"name": "x"}, "spec": {"devices": {"requests": [request]}}, "status": status}


@pytest.fixture
def plugin(cluster):
    cluster.put(NAMESPACES, {"metadata": {"name": "shop"}})
    cluster.put(NAMESPACES, {"metadata": {"name": "office", "labels": {LABEL: "true"}}})
    return DeviceAdminAccess(ObjectIndex(cluster, NAMESPACES))


async def admit(plugin, namespace, new, old=None, subresource=""):
    operation = Operation.UPDATE if old else Operation.CREATE
    user = User("jane")
    attributes = AdmissionAttributes(
        operation, user, CLAIMS, CLAIMS.kind, namespace, "x", subresource, new, old
    )
    await AdmissionChain([plugin]).validate(attributes)


async def test_only_a_labelled_namespace_may_claim_it(plugin):
    await admit(plugin, "shop", claim(False))
    await admit(plugin, "office", claim(True))
    with pytest.raises(Invalid) as refused:
        await admit(plugin, "shop", claim(True))
    (cause,) = refused.value.details["causes"]
    assert cause["field"] == "spec.devices.requests[0].adminAccess"
    assert cause["message"] == (
        f"Forbidden: admin access to devices requires the `{LABEL}: true` label on the containing namespace"
    )


async def test_what_was_claimed_is_asked_for_once(plugin):
    await admit(plugin, "shop", claim(True), claim(True))


async def test_only_a_labelled_namespace_is_given_it(plugin):
    with pytest.raises(Invalid, match=r"status.allocation.devices.results\[0\].adminAccess"):
        await admit(plugin, "shop", claim(True), claim(False), "status")
    await admit(plugin, "shop", claim(True), claim(True), "status")
