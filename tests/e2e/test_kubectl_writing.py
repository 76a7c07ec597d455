"""Everything that kubectl changes objects with: apply, diff, edit, patch, replace, label, create, run, delete."""

import json
from pathlib import Path

import pytest
from kubectl_orders import IMAGE, config_map, deployment, field, manifest, pod_spec


def test_apply_changes_and_leaves_alone(kubectl):
    assert kubectl("apply", "-f", "-", stdin=config_map("menu", drink="tea")) == "configmap/menu created\n"
    assert kubectl("apply", "-f", "-", stdin=config_map("menu", drink="tea")) == "configmap/menu unchanged\n"
    for where in ("client", "server"):
        said = kubectl("apply", f"--dry-run={where}", "-f", "-", stdin=config_map("menu", drink="water"))
        assert "dry run" in said
    assert field(kubectl, "cm menu", ".data.drink") == "tea"
    kubectl("apply", "-f", "-", stdin=config_map("menu", size="large"))
    assert field(kubectl, "cm menu", ".data") == '{"size":"large"}'
    assert "size: large" in kubectl("apply", "view-last-applied", "configmap/menu")


def test_apply_prunes_and_kustomizes(kubectl, tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text(config_map(name, {"part": "menu"}, a="b"))
    prune = (
        "apply",
        "--prune",
        "-l",
        "part=menu",
        "--prune-allowlist=core/v1/ConfigMap",
        "-f",
        str(tmp_path),
    )
    kubectl(*prune)
    (tmp_path / "two.json").unlink()
    assert "configmap/two pruned" in kubectl(*prune)
    (tmp_path / "kustomization.yaml").write_text("namePrefix: my-\nresources: [one.json]\n")
    assert kubectl("apply", "-k", str(tmp_path)) == "configmap/my-one created\n"
    assert field(kubectl, "cm my-one", ".metadata.labels.part") == "menu"


def test_server_side_apply_has_conflicts_and_force(kubectl):
    kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=deployment())
    other = ["apply", "--server-side", "--field-manager=two", "-f", "-"]
    refused = kubectl.run(*other, stdin=deployment(replicas=3))
    assert refused.returncode != 0
    assert 'Apply failed with 1 conflict: conflict with "one": .spec.replicas' in refused.stderr
    kubectl(*other, "--force-conflicts", stdin=deployment(replicas=3))
    assert field(kubectl, "deployment web", ".spec.replicas") == "3"


def test_diff_tells_by_its_exit_code(kubectl):
    kubectl("apply", "-f", "-", stdin=config_map("menu", drink="tea"))
    assert kubectl.run("diff", "-f", "-", stdin=config_map("menu", drink="tea")).returncode == 0
    for how in ((), ("--server-side", "--force-conflicts")):
        changed = kubectl.run("diff", *how, "-f", "-", stdin=config_map("menu", drink="lemonade"))
        assert changed.returncode == 1
        assert "-  drink: tea\n+  drink: lemonade" in changed.stdout
    assert kubectl.run("diff", "-f", "-", stdin=config_map("Bad_Name")).returncode > 1


def editor(folder: Path, script: str) -> dict[str, str]:
    """What makes `kubectl edit` run `script`, a sed program, instead of a person."""
    program = folder / "editor"
    program.write_text(f"#!/bin/sh\ncat $1 >> {folder}/shown\nsed -i '{script}' $1\n")
    program.chmod(0o755)
    return {"KUBE_EDITOR": str(program)}


def test_edit(kubectl, tmp_path: Path):
    kubectl("create", "configmap", "menu", "--from-literal=drink=tea")
    kubectl.edit("configmap", "menu", editor(tmp_path, "s/drink: tea/drink: water/"))
    assert field(kubectl, "cm menu", ".data.drink") == "water"
    assert "no changes made" in kubectl.edit("configmap", "menu", editor(tmp_path, "")).stderr


def test_an_edit_that_is_refused_is_shown_with_the_reason(kubectl, tmp_path: Path):
    kubectl("apply", "-f", "-", stdin=deployment(replicas=0))
    refused = kubectl.edit("deployment", "web", editor(tmp_path, "s/replicas: 0/replicas: -1/"))
    assert refused.returncode == 1
    reason = "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    assert reason in (tmp_path / "shown").read_text()
    assert field(kubectl, "deployment web", ".spec.replicas") == "0"


def test_patch_of_every_type(kubectl):
    kubectl("apply", "-f", "-", stdin=deployment(replicas=0))
    web = ("patch", "deployment", "web")
    environment = [{"name": "c", "env": [{"name": "A", "value": "b"}]}]
    kubectl(*web, "-p", json.dumps({"spec": {"template": {"spec": {"containers": environment}}}}))
    assert field(kubectl, "deployment web", ".spec.template.spec.containers[0].image") == IMAGE
    kubectl(*web, "--type=merge", "-p", '{"metadata":{"labels":{"app":null,"size":"small"}}}')
    assert field(kubectl, "deployment web", ".metadata.labels") == '{"size":"small"}'
    kubectl(*web, "--type=json", "-p", '[{"op":"replace","path":"/metadata/labels/size","value":"large"}]')
    assert field(kubectl, "deployment web", ".metadata.labels.size") == "large"
    assert (
        kubectl.run(*web, "--type=json", "-p", '[{"op":"test","path":"/kind","value":"x"}]').returncode == 1
    )
    kubectl(*web, "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":1}}')
    assert field(kubectl, "deployment web", ".spec.replicas") == "1"
    status = {"conditions": [{"type": "Tasted", "status": "True", "reason": "Good", "message": ""}]}
    kubectl(*web, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    assert kubectl.run(*web, "-p", "{").returncode == 1


def test_replace_and_replace_by_force(kubectl):
    kubectl("create", "-f", "-", stdin=config_map("menu", drink="tea"))
    uid = field(kubectl, "cm menu", ".metadata.uid")
    kubectl("replace", "-f", "-", stdin=config_map("menu", drink="water"))
    assert field(kubectl, "cm menu", ".metadata.uid") == uid
    kubectl("replace", "--force", "-f", "-", stdin=config_map("menu", drink="lemonade"))
    assert field(kubectl, "cm menu", ".metadata.uid") != uid
    assert "not found" in kubectl.run("replace", "-f", "-", stdin=config_map("none")).stderr


@pytest.mark.parametrize("verb", ["label", "annotate"])
def test_label_and_annotate(kubectl, verb):
    kubectl("create", "configmap", "menu")
    change = (verb, "configmap", "menu")
    kubectl(*change, "season=summer")
    refused = kubectl.run(*change, "season=winter")
    assert "--overwrite is false" in refused.stderr
    kubectl(*change, "season=winter", "--overwrite")
    place = {"label": "labels", "annotate": "annotations"}[verb]
    assert field(kubectl, "cm menu", f".metadata.{place}.season") == "winter"
    kubectl(*change, "season-")
    assert field(kubectl, "cm menu", f".metadata.{place}.season") == ""


# What each generator of `kubectl create` is given, and a field of what it made.
CREATED = {
    "deployment web --image=x --replicas=2": ("deployment web", ".spec.replicas", "2"),
    "job one --image=x": ("job one", ".spec.completions", "1"),
    "cronjob daily --image=x --schedule=@daily": ("cronjob daily", ".spec.schedule", "@daily"),
    "job two --from=cronjob/daily": ("job two", ".metadata.annotations.cronjob\\.kubernetes\\.io/instantiate", "manual"),
    "role reader --verb=get,list --resource=pods,deployments.apps": ("role reader", ".rules[1].apiGroups[0]", "apps"),
    "rolebinding reading --role=reader --user=jane --group=devs": ("rolebinding reading", ".subjects[1].name", "devs"),
    "serviceaccount clerk": ("serviceaccount clerk", ".metadata.name", "clerk"),
    "secret generic key --from-literal=a=b": ("secret key", ".data.a", "Yg=="),
    "secret docker-registry pull --docker-server=x --docker-username=u --docker-password=p": (
        "secret pull", ".type", "kubernetes.io/dockerconfigjson"),
    "configmap menu --from-literal=drink=tea": ("configmap menu", ".data.drink", "tea"),
    "quota small --hard=pods=30,services=5 --scopes=BestEffort": ("quota small", ".spec.scopes[0]", "BestEffort"),
    "ingress way --class=none --rule=foo.com/bar=svc1:8080,tls=my-cert": ("ingress way", ".spec.tls[0].secretName", "my-cert"),
    "poddisruptionbudget keep --selector=app=x --min-available=1": ("pdb keep", ".spec.minAvailable", "1"),
    "service clusterip inside --tcp=80:8080": ("service inside", ".spec.ports[0].targetPort", "8080"),
    "service nodeport door --tcp=80": ("service door", ".spec.type", "NodePort"),
    "service externalname away --external-name=foo.com": ("service away", ".spec.externalName", "foo.com"),
}  # fmt: skip


def test_create_with_every_generator(kubectl):
    for arguments, (what, path, value) in CREATED.items():
        kubectl("create", *arguments.split())
        assert field(kubectl, what, path) == value, arguments
    name = kubectl.namespace
    for arguments in (
        f"clusterrole {name} --verb=get --non-resource-url=/logs/*",
        f"clusterrolebinding {name} --clusterrole=view --user=jane",
        f"priorityclass {name} --value=1000 --preemption-policy=Never",
        f"namespace {name}-2",
    ):
        assert "dry run" in kubectl("create", *arguments.split(), "--dry-run=server")
    assert 'configmaps "menu" already exists' in kubectl.run("create", "configmap", "menu").stderr


def test_create_a_token(kubectl):
    kubectl("create", "serviceaccount", "clerk")
    token = kubectl("create", "token", "clerk", "--duration=20m").strip()
    assert kubectl("auth", "can-i", "create", "selfsubjectaccessreviews", "--token", token).strip() == "yes"
    assert 'serviceaccounts "none" not found' in kubectl.run("create", "token", "none").stderr


def test_run_expose_and_wait(kubectl):
    kubectl("run", "one", f"--image={IMAGE}", "--port=80", "--labels=a=b", "--env=X=y", "--", "sleep", "1000")
    kubectl("wait", "pod/one", "--for=condition=Ready", "--timeout=30s")
    kubectl("wait", "pod/one", "--for=jsonpath={.status.phase}=Running", "--timeout=5s")
    refused = kubectl.run("wait", "pod/one", "--for=condition=Tasted", "--timeout=1s")
    assert "timed out waiting for the condition on pods/one" in refused.stderr
    kubectl("expose", "pod", "one", "--port=80", "--name=way")
    assert field(kubectl, "service way", ".spec.selector") == '{"a":"b"}'
    kubectl("delete", "pod", "one", "--now", "--wait=false")
    kubectl("wait", "pod/one", "--for=delete", "--timeout=30s")
    assert "NotFound" in kubectl.run("get", "pod", "one").stderr


@pytest.mark.parametrize("kubectl", ["newest"], indirect=True)
def test_wait_for_creation(kubectl):
    """`--for=create` is younger than the oldest kubectl."""
    kubectl("create", "configmap", "menu")
    kubectl("wait", "configmap/menu", "--for=create", "--timeout=5s")


def test_delete_by_name_label_file_and_all(kubectl):
    for name in ("one", "two", "three", "four"):
        kubectl("create", "-f", "-", stdin=config_map(name, {"at": name}))
    kubectl("delete", "configmap", "one")
    kubectl("delete", "configmap", "-l", "at=two")
    kubectl("delete", "-f", "-", stdin=config_map("three"))
    assert kubectl("get", "configmap", "-l", "at", "-o", "name") == "configmap/four\n"
    kubectl("delete", "configmap", "--all")
    assert 'configmaps "four" not found' in kubectl.run("delete", "configmap", "four").stderr
    kubectl("delete", "configmap", "four", "--ignore-not-found")


def test_a_pod_is_deleted_gracefully_and_by_force(kubectl):
    deaf = pod_spec(command=["sh", "-c", "trap : TERM; while :; do sleep 1; done"])
    kubectl(
        "apply",
        "-f",
        "-",
        stdin=json.dumps(manifest("v1", "Pod", "p", spec={**deaf, "terminationGracePeriodSeconds": 60})),
    )
    kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=30s")
    kubectl("delete", "pod", "p", "--wait=false")
    assert field(kubectl, "pod p", ".metadata.deletionGracePeriodSeconds") == "60"
    kubectl("delete", "pod", "p", "--grace-period=0", "--force")
    assert "NotFound" in kubectl.run("get", "pod", "p").stderr
