"""What becomes of every field of a pod, by the way that this node keeps containers apart. Pure.

The table is the one place where it is said. What the table calls ignored, the kubelet tells each pod that
asks for it (event FieldsIgnored); docs/pod-fields.md is made from it; a test holds it against the schema, so
that a field that is new upstream cannot be passed over in silence.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from kubeade.api.resource import Object


class Mode(Enum):
    """How the containers of a node are kept apart."""

    NAMESPACES = "namespaces"
    PROCESS = "process"
    SIMULATED = "simulated"


class Support(Enum):
    """What becomes of a field."""

    DONE = "done"
    CLUSTER = "cluster"
    REFUSED = "refused"
    IGNORED = "ignored"


MEANINGS = {
    Support.DONE: "carried out by the node",
    Support.CLUSTER: "carried out before the pod reaches the node: by admission, scheduler or controllers",
    Support.REFUSED: "the pod, or the container, does not start, and says why",
    Support.IGNORED: "without effect; the pod gets a warning event, FieldsIgnored, that names the field",
}

# definition, then lines of `namespaces process: fields`; one word stands for both modes.
_TABLE = """
PodSpec
    done: activeDeadlineSeconds containers enableServiceLinks ephemeralContainers hostIPC hostNetwork hostPID
    done: imagePullSecrets initContainers readinessGates resources restartPolicy runtimeClassName
    done: securityContext serviceAccountName terminationGracePeriodSeconds volumes
    done ignored: dnsConfig dnsPolicy hostAliases hostname hostnameOverride setHostnameAsFQDN
    done ignored: shareProcessNamespace subdomain
    done: nodeSelector os affinity nodeName overhead priority tolerations
    cluster: automountServiceAccountToken preemptionPolicy priorityClassName schedulerName schedulingGates
    cluster: schedulingGroup serviceAccount topologySpreadConstraints evictionResponders
    refused: hostUsers resourceClaims
Container
    done: args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe
    done: resizePolicy resources restartPolicy restartPolicyRules securityContext startupProbe stdin
    done: stdinOnce terminationMessagePath terminationMessagePolicy tty volumeMounts workingDir
    refused: volumeDevices
EphemeralContainer
    done: args command env envFrom image imagePullPolicy name securityContext stdin stdinOnce
    done: targetContainerName terminationMessagePath terminationMessagePolicy tty volumeMounts workingDir
    cluster: lifecycle livenessProbe ports readinessProbe resizePolicy resources restartPolicy
    cluster: restartPolicyRules startupProbe
    refused: volumeDevices
PodSecurityContext
    done: fsGroup fsGroupChangePolicy runAsNonRoot
    done refused: runAsUser sysctls
    done ignored: runAsGroup seccompProfile supplementalGroups supplementalGroupsPolicy
    ignored: appArmorProfile seLinuxChangePolicy seLinuxOptions windowsOptions
SecurityContext
    done: runAsNonRoot
    done refused: runAsUser
    done ignored: allowPrivilegeEscalation capabilities privileged procMount readOnlyRootFilesystem
    done ignored: runAsGroup seccompProfile
    ignored: appArmorProfile seLinuxOptions windowsOptions
ResourceRequirements
    done: requests
    done ignored: limits
    refused: claims
Volume
    done: configMap downwardAPI emptyDir ephemeral hostPath name persistentVolumeClaim projected secret
    done refused: image
    refused: awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker
    refused: gcePersistentDisk gitRepo glusterfs iscsi nfs photonPersistentDisk portworxVolume quobyte rbd
    refused: scaleIO storageos vsphereVolume
VolumeMount
    done: mountPath name subPath subPathExpr
    done ignored: bindMountOptions mountPropagation readOnly recursiveReadOnly
EmptyDirVolumeSource
    done: mode sizeLimit
    done ignored: medium
ProjectedVolumeSource
    done: defaultMode defaultUser sources
VolumeProjection
    done: configMap downwardAPI secret serviceAccountToken
    refused: clusterTrustBundle podCertificate
EnvVarSource
    done: configMapKeyRef fieldRef fileKeyRef resourceFieldRef secretKeyRef
Lifecycle
    done: postStart preStop stopSignal
LifecycleHandler
    done: exec httpGet sleep
    refused: tcpSocket
Probe
    done: exec failureThreshold grpc httpGet initialDelaySeconds periodSeconds successThreshold tcpSocket
    done: terminationGracePeriodSeconds timeoutSeconds
GRPCAction
    done: port service
    refused: mode
HTTPGetAction
    done: host httpHeaders path port scheme
    refused: protocol
ContainerPort
    done: containerPort hostIP hostPort name protocol
ContainerRestartRule
    done: action exitCodes
ConfigMapVolumeSource
    done: defaultMode defaultUser items name optional
SecretVolumeSource
    done: defaultMode defaultUser items optional secretName
DownwardAPIVolumeSource
    done: defaultMode defaultUser items
HostPathVolumeSource
    done: path type
ImageVolumeSource
    done: pullPolicy reference
PersistentVolumeClaimVolumeSource
    done: claimName readOnly
ServiceAccountTokenProjection
    done: audience expirationSeconds path user
KeyToPath
    done: key mode path user
DownwardAPIVolumeFile
    done: fieldRef mode path resourceFieldRef user
"""

_INSIDE = {
    "PodSpec": {
        "containers": "Container",
        "initContainers": "Container",
        "ephemeralContainers": "EphemeralContainer",
        "resources": "ResourceRequirements",
        "securityContext": "PodSecurityContext",
        "volumes": "Volume",
    },
    "Container": {
        "resources": "ResourceRequirements",
        "securityContext": "SecurityContext",
        "volumeMounts": "VolumeMount",
    },
    "EphemeralContainer": {"securityContext": "SecurityContext", "volumeMounts": "VolumeMount"},
    "Volume": {"emptyDir": "EmptyDirVolumeSource"},
}
"""Where ignored fields may be found."""

_HARMLESS: dict[str, tuple[Any, ...]] = {
    "allowPrivilegeEscalation": (True,),
    "appArmorProfile": ({"type": "Unconfined"},),
    "dnsPolicy": ("ClusterFirst", "Default"),
    "mountPropagation": ("None",),
    "procMount": ("Default",),
    "seccompProfile": ({"type": "Unconfined"},),
    "supplementalGroupsPolicy": ("Merge",),
}
"""Values that ask for nothing: leaving them out comes to the same."""

_ACCESS_VOLUME = "kube-api-access-"


def _read(table: str) -> dict[str, dict[str, tuple[Support, Support]]]:
    found: dict[str, dict[str, tuple[Support, Support]]] = {}
    definition = ""
    for line in filter(None, table.splitlines()):
        if not line.startswith(" "):
            definition = line
            found[definition] = {}
            continue
        words, _, fields = line.partition(":")
        supports = [Support(word) for word in words.split()]
        for field in fields.split():
            found[definition][field] = supports[0], supports[-1]
    return found


FIELDS: Mapping[str, Mapping[str, tuple[Support, Support]]] = _read(_TABLE)
"""By definition and field: what happens in mode namespaces, and in mode process."""


def ignored_fields(pod: Object, mode: Mode) -> list[str]:
    """Where the pod asks for what this mode leaves out, as paths, each kind of them once."""
    return list(dict.fromkeys(_ignored("PodSpec", pod["spec"], "spec", 1 if mode is Mode.PROCESS else 0)))


def _ignored(definition: str, item: Object, path: str, column: int) -> Iterator[str]:
    if definition == "VolumeMount" and item.get("name", "").startswith(_ACCESS_VOLUME):
        return  # every pod has it, and nobody has ordered it
    fields, inside = FIELDS[definition], _INSIDE.get(definition, {})
    for name, value in item.items():
        if name not in fields or (not value and value is not False):
            continue
        if fields[name][column] is Support.IGNORED and _asks(name, value):
            yield f"{path}.{name}"
        elif name in inside:
            listed = isinstance(value, list)
            for each in value if listed else [value]:
                below = f"{path}.{name}[]" if listed else f"{path}.{name}"
                yield from _ignored(inside[name], each, below, column)


def _asks(name: str, value: Any) -> bool:
    if name == "allowPrivilegeEscalation":
        return value is False
    return bool(value) and value not in _HARMLESS.get(name, ())
