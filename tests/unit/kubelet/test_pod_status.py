"""The status that a pod reports, by what there is."""

from datetime import UTC, datetime

import pytest
from observations import container, observed, pod, sandbox, spec_container

from kubeade.kubelet.observed import ObservedPod
from kubeade.kubelet.probe_results import ProbeOutcome
from kubeade.kubelet.status.containers import Waiting
from kubeade.kubelet.status.pod_status import StatusInputs, pod_status

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROBE = {"httpGet": {"port": 80}}


def status_of(spec, seen, **more):
    more.setdefault("old", {})
    return pod_status(StatusInputs(spec, seen, now=NOW, host_addresses=["192.0.2.1"], **more))


def condition(status, name):
    return next(each for each in status["conditions"] if each["type"] == name)


def app_state(status):
    return status["containerStatuses"][0]["state"]


def test_new_pod_is_pending():
    status = status_of(pod(), ObservedPod())
    assert status["phase"] == "Pending"
    assert status["startTime"] == "2026-01-01T00:00:00Z"
    assert app_state(status) == {"waiting": {"reason": "ContainerCreating"}}
    assert condition(status, "PodReadyToStartContainers")["status"] == "False"
    ready = condition(status, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [app]"
    assert condition(status, "Initialized")["status"] == "True"


def test_new_pod_with_init_containers_waits_for_them():
    status = status_of(pod(init=[spec_container("one")]), ObservedPod())
    assert app_state(status) == {"waiting": {"reason": "PodInitializing"}}
    initialized = condition(status, "Initialized")
    assert initialized["reason"] == "ContainersNotInitialized"
    assert initialized["message"] == "containers with incomplete status: [one]"


def test_running_pod():
    status = status_of(pod(), observed(container("app")))
    assert status["phase"] == "Running"
    assert app_state(status) == {"running": {"startedAt": "1970-01-01T00:00:01Z"}}
    assert status["podIPs"] == [{"ip": "10.0.0.1"}]
    assert status["hostIPs"] == [{"ip": "192.0.2.1"}]
    assert status["observedGeneration"] == 1
    assert all(each["status"] == "True" for each in status["conditions"])


def test_pod_in_the_hosts_network_has_the_hosts_address():
    status = status_of(pod(hostNetwork=True), observed(container("app"), box=sandbox(ips=())))
    assert status["podIP"] == "192.0.2.1"


def test_container_with_a_readiness_probe_waits_for_it():
    spec = pod(spec_container(readinessProbe=PROBE))
    assert status_of(spec, observed(container("app")))["containerStatuses"][0]["ready"] is False
    passed = {"app-0": ProbeOutcome(readiness=True)}
    assert status_of(spec, observed(container("app")), probes=passed)["containerStatuses"][0]["ready"] is True


def test_container_with_a_startup_probe_is_not_started_before():
    spec = pod(spec_container(startupProbe=PROBE))
    status = status_of(spec, observed(container("app")))["containerStatuses"][0]
    assert (status["started"], status["ready"]) == (False, False)


def test_restarted_kubelet_keeps_a_ready_container_ready():
    spec = pod(spec_container(readinessProbe=PROBE))
    passed = {"app-0": ProbeOutcome(readiness=True)}
    before = status_of(spec, observed(container("app")), probes=passed)
    assert status_of(spec, observed(container("app")), old=before)["containerStatuses"][0]["ready"] is True


def test_transition_time_stays_while_the_status_does():
    before = status_of(pod(), observed(container("app")))
    for each in before["conditions"]:
        each["lastTransitionTime"] = "2020-01-01T00:00:00Z"
    after = status_of(pod(), observed(container("app")), old=before)
    assert {each["lastTransitionTime"] for each in after["conditions"]} == {"2020-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [
        ("Never", 0, "Succeeded"),
        ("Never", 1, "Failed"),
        ("OnFailure", 0, "Succeeded"),
        ("OnFailure", 1, "Running"),
        ("Always", 0, "Running"),
    ],
)
def test_phase_of_an_exited_container(policy, code, phase):
    seen = observed(container("app", "exited", code=code))
    assert status_of(pod(restartPolicy=policy), seen)["phase"] == phase


@pytest.mark.parametrize(("code", "phase"), [(0, "Succeeded"), (137, "Failed")])
def test_phase_of_a_deleted_pod_whose_containers_ended(code, phase):
    assert status_of(pod(), observed(container("app", "exited", code=code)), terminal=True)["phase"] == phase


def test_succeeded_pod_is_completed():
    status = status_of(pod(restartPolicy="Never"), observed(container("app", "exited")))
    assert condition(status, "Ready")["reason"] == "PodCompleted"
    assert condition(status, "Initialized")["reason"] == "PodCompleted"
    ended = app_state(status)["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["containerID"]) == (0, "Completed", "kubeade://app-0")


def test_failed_init_container_fails_a_pod_that_never_restarts():
    seen = observed(container("one", "exited", code=1))
    assert status_of(pod(init=[spec_container("one")], restartPolicy="Never"), seen)["phase"] == "Failed"


def test_failed_init_container_keeps_other_pods_pending():
    seen = observed(container("one", "exited", code=1))
    assert status_of(pod(init=[spec_container("one")]), seen)["phase"] == "Pending"


def test_pod_with_running_sidecar_and_running_app_is_running():
    side = spec_container("side", restartPolicy="Always")
    status = status_of(pod(init=[side]), observed(container("app"), container("side")))
    assert status["phase"] == "Running"
    assert status["initContainerStatuses"][0]["ready"] is True


def test_crash_looping_container_says_so_and_keeps_its_end():
    seen = observed(container("app", "exited", code=2, attempt=3))
    waiting = {"app": Waiting("CrashLoopBackOff", "back-off 10s")}
    status = status_of(pod(), seen, waiting=waiting)
    assert status["phase"] == "Running"
    app = status["containerStatuses"][0]
    assert app["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    assert app["lastState"]["terminated"]["exitCode"] == 2
    assert app["restartCount"] == 3


def test_restarted_container_keeps_its_end_as_last_state():
    seen = observed(container("app", attempt=1, at=5), container("app", "exited", code=7))
    app = status_of(pod(), seen)["containerStatuses"][0]
    assert "running" in app["state"]
    assert app["lastState"]["terminated"]["exitCode"] == 7


def test_container_that_cannot_be_pulled_keeps_the_pod_pending():
    waiting = {"app": Waiting("ImagePullBackOff", "why")}
    status = status_of(pod(), observed(), waiting=waiting)
    assert status["phase"] == "Pending"
    assert app_state(status) == {"waiting": {"reason": "ImagePullBackOff", "message": "why"}}


def test_running_container_that_was_lost_is_unknown():
    before = status_of(pod(), observed(container("app")))
    app = status_of(pod(), observed(), old=before)["containerStatuses"][0]
    assert app["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"
    assert app["restartCount"] == 1


def test_readiness_gate_keeps_the_pod_unready():
    spec = pod(readinessGates=[{"conditionType": "shop/open"}])
    ready = condition(status_of(spec, observed(container("app"))), "Ready")
    assert ready["reason"] == "ReadinessGatesNotReady"
    assert 'readiness gate "shop/open" does not exist' in ready["message"]
    gate = {"type": "shop/open", "status": "True"}
    status = status_of({**spec, "status": {"conditions": [gate]}}, observed(container("app")))
    assert condition(status, "Ready")["status"] == "True"
    assert condition(status, "shop/open") == gate


def test_failure_is_final():
    status = status_of(pod(), observed(container("app")), failure=("Evicted", "no room"))
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Evicted", "no room")
    later = status_of(pod(), observed(container("app")), old=status)
    assert (later["phase"], later["reason"], later["message"]) == ("Failed", "Evicted", "no room")


def test_ephemeral_container_does_not_count_for_readiness():
    spec = pod(ephemeralContainers=[spec_container("debug")])
    status = status_of(spec, observed(container("debug", "exited", code=1), container("app")))
    assert status["phase"] == "Running"
    assert status["ephemeralContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 1


def test_container_statuses_are_in_order_of_name():
    spec = pod(spec_container("b"), spec_container("a"))
    status = status_of(spec, observed(container("a"), container("b")))
    assert [each["name"] for each in status["containerStatuses"]] == ["a", "b"]


def test_what_a_container_asked_for_shows_in_its_status():
    mounts = [
        {"name": "v", "mountPath": "/a", "readOnly": True, "recursiveReadOnly": "IfPossible"},
        {"name": "v", "mountPath": "/b", "readOnly": True},
        {"name": "v", "mountPath": "/c"},
    ]
    app = spec_container(volumeMounts=mounts, lifecycle={"stopSignal": "SIGUSR1"})
    (shown,) = status_of(pod(app), observed(container("app")))["containerStatuses"]
    assert [each.get("recursiveReadOnly") for each in shown["volumeMounts"]] == ["Enabled", "Disabled", None]
    assert shown["stopSignal"] == "SIGUSR1"


def test_pod_that_its_node_ended_says_so():
    failure = ("Evicted", "The node was low on resource: memory. ")
    ended = status_of(pod(), observed(container("app", "exited")), failure=failure, disruption=failure[1])
    target = condition(ended, "DisruptionTarget")
    assert (target["reason"], target["message"]) == ("TerminationByKubelet", failure[1])
    assert (ended["phase"], ended["reason"]) == ("Failed", "Evicted")
