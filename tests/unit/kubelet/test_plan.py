"""What is done next for a pod, by what it asks for and what there is."""

import pytest
from observations import container, observed, pod, sandbox, spec_container

from kubeade.kubelet.observed import ObservedPod
from kubeade.kubelet.plan import plan_pod
from kubeade.kubelet.probe_results import ProbeOutcome


def names(containers):
    return [each["name"] for each in containers]


def test_new_pod_gets_a_sandbox_and_its_containers():
    actions = plan_pod(pod(spec_container("a"), spec_container("b")), ObservedPod(), {})
    assert actions.create_sandbox and not actions.kill_pod
    assert names(actions.start) == ["a", "b"]


def test_new_pod_with_init_containers_starts_with_the_first():
    actions = plan_pod(pod(init=[spec_container("one"), spec_container("two")]), ObservedPod(), {})
    assert names(actions.start_init) == ["one"]
    assert actions.start == []


def test_dead_sandbox_is_replaced_and_everything_starts_again():
    seen = observed(container("app", "exited"), box=sandbox(ready=False, attempt=2))
    actions = plan_pod(pod(), seen, {})
    assert actions.kill_pod and actions.create_sandbox
    assert actions.attempt == 3
    assert names(actions.start) == ["app"]


def test_sandbox_without_address_is_replaced():
    assert plan_pod(pod(), observed(box=sandbox(ips=())), {}).create_sandbox


def test_sandbox_in_the_hosts_network_needs_no_address():
    assert not plan_pod(pod(hostNetwork=True), observed(box=sandbox(ips=())), {}).create_sandbox


@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_finished_pod_gets_no_new_sandbox(policy):
    seen = observed(container("app", "exited"), box=sandbox(ready=False))
    actions = plan_pod(pod(restartPolicy=policy), seen, {})
    assert not actions.create_sandbox
    assert actions.start == []


def test_running_container_is_left_alone():
    actions = plan_pod(pod(), observed(container("app")), {})
    assert not actions.kill_pod and not actions.kill and not actions.start


@pytest.mark.parametrize(
    ("policy", "code", "restarts"),
    [
        ("Always", 0, True),
        ("Always", 1, True),
        ("OnFailure", 0, False),
        ("OnFailure", 1, True),
        ("Never", 0, False),
        ("Never", 1, False),
    ],
)
def test_restart_policy(policy, code, restarts):
    actions = plan_pod(pod(restartPolicy=policy), observed(container("app", "exited", code=code)), {})
    assert bool(actions.start) is restarts
    assert actions.kill_pod is not restarts


def test_container_rule_restarts_on_its_exit_code():
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    app = spec_container(restartPolicy="Never", restartPolicyRules=[rule])
    assert plan_pod(pod(app), observed(container("app", "exited", code=42)), {}).start
    assert not plan_pod(pod(app), observed(container("app", "exited", code=1)), {}).start


def test_one_finished_container_does_not_end_the_others():
    seen = observed(container("a", "exited"), container("b"))
    actions = plan_pod(pod(spec_container("a"), spec_container("b"), restartPolicy="Never"), seen, {})
    assert not actions.kill_pod and not actions.start


@pytest.mark.parametrize("probe", ["liveness", "startup"])
def test_failed_probe_kills_and_restarts(probe):
    actions = plan_pod(pod(), observed(container("app")), {"app-0": ProbeOutcome(**{probe: False})})
    assert [each.message for each in actions.kill] == [
        f"Container app failed {probe} probe, will be restarted"
    ]
    assert actions.kill[0].probe == probe
    assert names(actions.start) == ["app"]


def test_failed_probe_with_restart_policy_never_ends_the_pod():
    actions = plan_pod(
        pod(restartPolicy="Never"), observed(container("app")), {"app-0": ProbeOutcome(liveness=False)}
    )
    assert [each.message for each in actions.kill] == ["Container app failed liveness probe"]
    assert actions.start == []
    assert actions.kill_pod


def test_failed_readiness_kills_nothing():
    actions = plan_pod(pod(), observed(container("app")), {"app-0": ProbeOutcome(readiness=False)})
    assert not actions.kill


def test_new_image_replaces_the_container():
    changed = spec_container(image="lemonade:2")
    actions = plan_pod(pod(changed, restartPolicy="Never"), observed(container("app")), {})
    assert actions.kill[0].message == "Container app definition changed, will be restarted"
    assert names(actions.start) == ["app"]


INIT = (spec_container("one"), spec_container("two"))
SIDECAR = spec_container("side", restartPolicy="Always")


def test_next_init_container_follows_a_finished_one():
    actions = plan_pod(pod(init=INIT), observed(container("one", "exited")), {})
    assert names(actions.start_init) == ["two"]
    assert actions.start == []


def test_running_init_container_is_waited_for():
    actions = plan_pod(pod(init=INIT), observed(container("one")), {})
    assert actions.start_init == actions.start == []


def test_apps_follow_the_last_init_container():
    seen = observed(container("two", "exited"), container("one", "exited"))
    assert names(plan_pod(pod(init=INIT), seen, {}).start) == ["app"]


def test_failed_init_container_is_tried_again():
    actions = plan_pod(pod(init=INIT), observed(container("one", "exited", code=1)), {})
    assert names(actions.start_init) == ["one"]


def test_failed_init_container_ends_a_pod_that_never_restarts():
    seen = observed(container("one", "exited", code=1))
    actions = plan_pod(pod(init=INIT, restartPolicy="Never"), seen, {})
    assert actions.kill_pod
    assert actions.start_init == []


def test_removed_init_containers_do_not_run_again_once_apps_run():
    actions = plan_pod(pod(init=INIT), observed(container("app")), {})
    assert actions.start_init == []


def test_init_container_after_a_sidecar_starts_when_the_sidecar_runs():
    actions = plan_pod(pod(init=[SIDECAR, spec_container("two")]), observed(container("side")), {})
    assert names(actions.start_init) == ["two"]


def test_sidecar_with_a_startup_probe_is_waited_for():
    side = {**SIDECAR, "startupProbe": {"exec": {}}}
    seen = observed(container("side"))
    assert plan_pod(pod(init=[side]), seen, {}).start == []
    assert names(plan_pod(pod(init=[side]), seen, {"side-0": ProbeOutcome(startup=True)}).start) == ["app"]


def test_dead_sidecar_restarts_beside_running_apps():
    seen = observed(container("app"), container("side", "exited", code=1))
    actions = plan_pod(pod(init=[SIDECAR]), seen, {})
    assert names(actions.start_init) == ["side"]


def test_sidecars_do_not_keep_a_finished_pod_alive():
    seen = observed(container("app", "exited"), container("side"))
    actions = plan_pod(pod(init=[SIDECAR], restartPolicy="Never"), seen, {})
    assert actions.kill_pod
    assert actions.start_init == []


def test_ephemeral_container_starts_once():
    wanted = pod(ephemeralContainers=[spec_container("debug")])
    assert names(plan_pod(wanted, observed(container("app")), {}).start_ephemeral) == ["debug"]
    seen = observed(container("debug", "exited"), container("app"))
    assert plan_pod(wanted, seen, {}).start_ephemeral == []


def test_deleted_pod_starts_nothing():
    deleted = pod()
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert plan_pod(deleted, observed(container("app", "exited")), {}).start == []
