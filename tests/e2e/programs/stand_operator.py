"""A kopf operator as its users write them: for each Stand a ConfigMap with the menu, kept and cleaned up.

Run by `kopf run`; test_python_clients.py orders stands from it. STAND_GROUP names the kind's group.
"""

import os

import kopf
from kubernetes import client, config

GROUP = os.environ["STAND_GROUP"]
config.load_kube_config()


def menu(spec, namespace, name):
    body = {"metadata": {"name": f"{name}-menu", "namespace": namespace}, "data": {"cups": str(spec["cups"])}}
    kopf.adopt(body)
    return body


@kopf.on.startup()
def configure(settings, **_):
    settings.persistence.finalizer = f"{GROUP}/finalizer"
    settings.posting.enabled = True


@kopf.on.create(GROUP, "v1", "stands")
def open_stand(spec, namespace, name, patch, body, **_):
    client.CoreV1Api().create_namespaced_config_map(namespace, menu(spec, namespace, name))
    patch.status["phase"] = "Open"
    kopf.info(body, reason="Opened", message="the stand is open")


@kopf.on.update(GROUP, "v1", "stands", field="spec.cups")
def change_menu(spec, namespace, name, old, new, patch, **_):
    client.CoreV1Api().patch_namespaced_config_map(f"{name}-menu", namespace, menu(spec, namespace, name))
    patch.status["phase"] = f"Changed from {old} to {new}"


@kopf.on.delete(GROUP, "v1", "stands")
def close_stand(namespace, name, **_):
    body = {"metadata": {"name": f"{name}-receipt"}, "data": {"closed": "yes"}}
    try:
        client.CoreV1Api().create_namespaced_config_map(namespace, body)
    except client.ApiException as error:
        if error.status != 409:  # kopf may call a handler again, if the timer's patch comes in between
            raise


@kopf.timer(GROUP, "v1", "stands", interval=0.2)
def pour(patch, status, **_):
    patch.status["poured"] = status.get("poured", 0) + 1
