"""Small definitions and objects for the tests of custom resources."""

import copy

from kubeade.api.crd.custom_resource import custom_resources
from kubeade.api.crd.validation import with_defaults


def definition(spec_schema=None, *, plural="crontabs", kind="CronTab", **version):
    """A definition of CronTabs with one version, whose spec has this schema."""
    spec = spec_schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    root = {"type": "object", "properties": {"spec": spec, "status": _STATUS}}
    served = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}, **version}
    made = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.stable.example.com"},
        "spec": {
            "group": "stable.example.com",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [served],
        },
    }
    return with_defaults(copy.deepcopy(made))


def struct(**properties):
    """The schema of an object with these fields."""
    return {"type": "object", "properties": properties}


def custom(spec_schema, **version):
    """The one served version of a definition."""
    (found,) = custom_resources(definition(spec_schema, **version))
    return found


def cron_tab(status=None, **spec):
    """A CronTab."""
    metadata = {"name": "x", "namespace": "default"}
    obj = {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": metadata, "spec": spec}
    return obj if status is None else {**obj, "status": status}


def texts(errors):
    """Errors as a Status shows them."""
    return [error.text() for error in errors]


_STATUS = {"type": "object", "properties": {"replicas": {"type": "integer"}}}
STRING = {"type": "string"}
INTEGER = {"type": "integer"}
