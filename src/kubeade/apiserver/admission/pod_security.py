"""PodSecurity: a namespace's labels say which of the Pod Security Standards its pods must keep.

`enforce` refuses pods, `warn` warns about pods and about templates of pods, `audit` notes it in the audit
log.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from kubeade.api.errors import FieldError, Invalid
from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.resources import PODS
from kubeade.api.validation.fields import invalid
from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin, new_object, refused
from kubeade.apiserver.admission.pod_security_checks import (
    LATEST_MINOR,
    Subject,
    Violation,
    stricter,
    violations,
)
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Reader

PREFIX = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
_VERSION = re.compile(r"v1\.([0-9]|[1-9][0-9]*)")
_IGNORED = frozenset({"exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"})
_TEMPLATES: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "replicationcontrollers"): ("spec", "template"),
    ("", "podtemplates"): ("template",),
    ("apps", "deployments"): ("spec", "template"),
    ("apps", "replicasets"): ("spec", "template"),
    ("apps", "statefulsets"): ("spec", "template"),
    ("apps", "daemonsets"): ("spec", "template"),
    ("batch", "jobs"): ("spec", "template"),
    ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
}
_SIGNIFICANT = ("containers", "initContainers", "ephemeralContainers", "securityContext", "volumes")


@dataclass(frozen=True, slots=True)
class Standard:
    """A level at a version: `restricted:latest`."""

    level: str = "privileged"
    version: str = "latest"

    def __str__(self) -> str:
        return f"{self.level}:{self.version}"

    def broken_by(self, metadata: Object, spec: Object) -> list[Violation]:
        match = _VERSION.fullmatch(self.version)
        minor = min(int(match[1]), LATEST_MINOR) if match else LATEST_MINOR
        return violations(self.level, Subject(metadata, spec, minor))


@dataclass(frozen=True, slots=True)
class Policy:
    enforce: Standard = Standard()
    warn: Standard = Standard()
    audit: Standard = Standard()


_FREE = Policy()


class PodSecurity(Plugin):
    resources = (("", "pods"), ("", "namespaces"), *_TEMPLATES)
    operations = frozenset({CREATE, UPDATE})

    def __init__(self, reader: Reader, namespaces: ObjectIndex) -> None:
        self._reader = reader
        self._namespaces = namespaces

    async def validate(self, attributes: AdmissionAttributes) -> None:
        if attributes.resource.plural == "namespaces":
            if not attributes.subresource:
                self._check_namespace(attributes)
            return
        namespace = self._namespaces.get(attributes.namespace)
        policy, _ = read_policy(part(namespace, "metadata", "labels"))
        if policy == _FREE:
            return
        if attributes.resource.plural == "pods":
            _check_pod(attributes, policy)
        elif not attributes.subresource:
            place = _TEMPLATES[attributes.resource.group, attributes.resource.plural]
            template = part(new_object(attributes), *place)
            _audit(attributes, policy, template)
            _warn(attributes, policy, template)

    def _check_namespace(self, attributes: AdmissionAttributes) -> None:
        """Labels must make sense; pods that a stricter level would not have let in are told."""
        new, errors = read_policy(part(new_object(attributes), "metadata", "labels"))
        old, old_errors = read_policy(part(attributes.old_object, "metadata", "labels"))
        if errors and errors != old_errors:
            raise Invalid.of("Namespace", attributes.name, errors)
        same_version = new.enforce.version == old.enforce.version
        if attributes.operation is CREATE or (
            same_version and not stricter(new.enforce.level, old.enforce.level)
        ):
            return
        texts: dict[str, list[str]] = {}
        for pod in self._reader.read_all(PODS, attributes.name):
            broken = new.enforce.broken_by(pod["metadata"], pod["spec"])
            if broken:
                reasons = ", ".join(reason for reason, _ in broken)
                texts.setdefault(reasons, []).append(pod["metadata"]["name"])
        if texts:
            standard = f'"{new.enforce}"'
            what = f'existing pods in namespace "{attributes.name}" violate the new PodSecurity enforce level'
            attributes.warnings.append(f"{what} {standard}")
        for reasons, pods in texts.items():
            others = len(pods) - 1
            more = f" (and {others} other pod{'' if others == 1 else 's'})" if others else ""
            attributes.warnings.append(f"{min(pods)}{more}: {reasons}")


def read_policy(labels: Mapping[str, str]) -> tuple[Policy, list[FieldError]]:
    """The policy that labels ask for, and what is wrong with them; wrongly enforced is strictly enforced."""
    errors: list[FieldError] = []
    if not any(name.startswith(PREFIX) for name in labels):
        return _FREE, errors

    def standard(mode: str, on_error: str) -> Standard:
        level = labels.get(f"{PREFIX}{mode}", "privileged")
        version = labels.get(f"{PREFIX}{mode}-version", "latest")
        if level not in _LEVELS:
            detail = f"must be one of {', '.join(_LEVELS)}"
            errors.append(invalid(f"metadata.labels[{PREFIX}{mode}]", level, detail))
            level = on_error
        if version != "latest" and not _VERSION.fullmatch(version):
            detail = 'must be "latest" or "v1.x"'
            errors.append(invalid(f"metadata.labels[{PREFIX}{mode}-version]", version, detail))
            version = "latest"
        return Standard(level, version)

    enforce = standard("enforce", "restricted")
    audit = standard("audit", "privileged")
    warn = standard("warn", "privileged")
    if f"{PREFIX}warn" not in labels and f"{PREFIX}enforce" in labels and stricter(enforce.level, warn.level):
        pinned = f"{PREFIX}warn-version" in labels
        warn = replace(warn, level=enforce.level) if pinned else enforce
    return Policy(enforce, warn, audit), errors


def _check_pod(attributes: AdmissionAttributes, policy: Policy) -> None:
    if attributes.subresource in _IGNORED:
        return
    pod = new_object(attributes)
    if attributes.old_object is not None and not _is_significant(pod, attributes.old_object):
        return
    attributes.audit_annotations[f"{PREFIX}enforce-policy"] = str(policy.enforce)
    broken = policy.enforce.broken_by(pod["metadata"], pod["spec"])
    _audit(attributes, policy, pod)
    if broken:
        raise refused(attributes, f'violates PodSecurity "{policy.enforce}": {_detailed(broken)}')
    _warn(attributes, policy, pod)


def _warn(attributes: AdmissionAttributes, policy: Policy, pod: Object) -> None:
    if "spec" not in pod:
        return
    broken = policy.warn.broken_by(part(pod, "metadata"), pod["spec"])
    if broken:
        attributes.warnings.append(f'would violate PodSecurity "{policy.warn}": {_detailed(broken)}')


def _audit(attributes: AdmissionAttributes, policy: Policy, pod: Object) -> None:
    if "spec" not in pod:
        return
    broken = policy.audit.broken_by(part(pod, "metadata"), pod["spec"])
    if broken:
        said = f'would violate PodSecurity "{policy.audit}": {_detailed(broken)}'
        attributes.audit_annotations[f"{PREFIX}audit-violations"] = said


def _is_significant(new: Object, old: Object) -> bool:
    """An update that changes nothing the standards look at is let pass, whatever the pod is like."""
    return any(new["spec"].get(field) != old["spec"].get(field) for field in _SIGNIFICANT)


def _detailed(broken: list[Violation]) -> str:
    return ", ".join(f"{reason} ({detail})" for reason, detail in broken)
