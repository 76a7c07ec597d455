"""The Pod Security Standards: what each level forbids, who is refused, who is warned."""

import pytest

from kubeade.api.errors import Forbidden, Invalid
from kubeade.api.resources import DEPLOYMENTS, NAMESPACES, PODS
from kubeade.apiserver.admission.pod_security import PodSecurity
from kubeade.apiserver.admission.pod_security_checks import LATEST_MINOR, Subject, violations
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Operation, User

PREFIX = "pod-security.kubernetes.io/"
GOOD = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(security=None, name="p", **spec):
    container = {"name": "c", "securityContext": security or {}}
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"containers": [container], **spec}}


def broken(level, found, minor=LATEST_MINOR):
    return [reason for reason, _ in violations(level, Subject(found["metadata"], found["spec"], minor))]


@pytest.mark.parametrize(
    ("security", "spec", "reason"),
    [
        ({"privileged": True}, {}, "privileged"),
        ({"capabilities": {"add": ["NET_ADMIN"]}}, {}, "non-default capabilities"),
        ({"procMount": "Unmasked"}, {}, "procMount"),
        ({"seccompProfile": {"type": "Unconfined"}}, {}, "seccompProfile"),
        ({"seLinuxOptions": {"user": "root"}}, {}, "seLinuxOptions"),
        ({"appArmorProfile": {"type": "Unconfined"}}, {}, "forbidden AppArmor profile"),
        ({"windowsOptions": {"hostProcess": True}}, {}, "hostProcess"),
        ({}, {"hostNetwork": True}, "host namespaces"),
        ({}, {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "hostPath volumes"),
        ({}, {"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}, "forbidden sysctls"),
    ],
)
def test_the_baseline_forbids_what_reaches_the_node(security, spec, reason):
    assert broken("baseline", pod(security, **spec)) == [reason]
    assert broken("privileged", pod(security, **spec)) == []
    assert broken("baseline", pod()) == []


def test_restricted_wants_everything_said():
    details = violations("restricted", Subject({}, pod()["spec"], LATEST_MINOR))
    assert details == [
        (
            "allowPrivilegeEscalation != false",
            'container "c" must set securityContext.allowPrivilegeEscalation=false',
        ),
        ("unrestricted capabilities", 'container "c" must set securityContext.capabilities.drop=["ALL"]'),
        ("runAsNonRoot != true", 'pod or container "c" must set securityContext.runAsNonRoot=true'),
        (
            "seccompProfile",
            (
                'pod or container "c" must set securityContext.seccompProfile.type '
                'to "RuntimeDefault" or "Localhost"'
            ),
        ),
    ]
    assert broken("restricted", pod(GOOD)) == []
    assert broken("restricted", pod(GOOD, volumes=[{"name": "v", "nfs": {}}])) == ["restricted volume types"]
    assert broken("restricted", pod({**GOOD, "runAsUser": 0})) == ["runAsUser=0"]


def test_an_older_version_knows_less():
    probing = pod()
    probing["spec"]["containers"][0]["livenessProbe"] = {"httpGet": {"host": "example.org"}}
    assert broken("baseline", probing) == ["probe or lifecycle host"]
    assert broken("baseline", probing, minor=30) == []


@pytest.fixture
def admit(cluster):
    plugin = PodSecurity(cluster, ObjectIndex(cluster, NAMESPACES))

    async def ask(resource, found, old=None, name="p"):
        operation = Operation.UPDATE if old else Operation.CREATE
        namespace = "shop" if resource.namespaced else ""
        attributes = AdmissionAttributes(
            operation, User("jane"), resource, resource.kind, namespace, name, object=found, old_object=old
        )
        await plugin.validate(attributes)
        return attributes.warnings

    return ask


def namespace(**labels):
    labels = {PREFIX + mode.replace("_", "-"): level for mode, level in labels.items()}
    return {"metadata": {"name": "shop", "labels": labels}}


async def test_enforcing_refuses_pods_and_warns_about_templates(cluster, admit):
    cluster.put(NAMESPACES, namespace(enforce="baseline"))
    with pytest.raises(Forbidden) as refused:
        await admit(PODS, pod({"privileged": True}))
    assert refused.value.message == (
        'pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged '
        '(container "c" must not set securityContext.privileged=true)'
    )
    deployment = {
        "metadata": {"name": "d"},
        "spec": {"template": {"spec": pod({"privileged": True})["spec"]}},
    }
    warnings = await admit(DEPLOYMENTS, deployment)
    assert warnings[0].startswith('would violate PodSecurity "baseline:latest": privileged')
    assert await admit(PODS, pod()) == []


async def test_warning_alone_refuses_nothing(cluster, admit):
    cluster.put(NAMESPACES, namespace(warn="restricted", warn_version="v1.30"))
    warnings = await admit(PODS, pod())
    assert warnings[0].startswith('would violate PodSecurity "restricted:v1.30": allowPrivilegeEscalation')


async def test_a_namespace_without_labels_is_free(cluster, admit):
    cluster.put(NAMESPACES, namespace())
    assert await admit(PODS, pod({"privileged": True})) == []


async def test_labels_must_make_sense(admit):
    with pytest.raises(Invalid, match="must be one of privileged, baseline, restricted"):
        await admit(NAMESPACES, namespace(enforce="strict"), name="shop")
    with pytest.raises(Invalid, match=r'must be "latest" or "v1\.x"'):
        await admit(NAMESPACES, namespace(enforce="baseline", enforce_version="2"), name="shop")


async def test_pods_that_a_new_level_would_not_let_in_are_told(cluster, admit):
    for name in ("a", "b"):
        cluster.put(PODS, pod({"privileged": True}, name))
    cluster.put(PODS, pod(name="innocent"))
    warnings = await admit(NAMESPACES, namespace(enforce="baseline"), old=namespace(), name="shop")
    assert warnings == [
        'existing pods in namespace "shop" violate the new PodSecurity enforce level "baseline:latest"',
        "a (and 1 other pod): privileged",
    ]


async def test_an_update_that_changes_nothing_of_it_is_let_pass(cluster, admit):
    cluster.put(NAMESPACES, namespace(enforce="baseline"))
    old = pod({"privileged": True})
    assert await admit(PODS, {**old, "metadata": {"name": "p", "labels": {"a": "b"}}}, old=old) == []
