"""Acceptable objects of kinds that configure the cluster: storage, fairness, addresses, devices."""

from typing import Any

import papers

from kubeade.api.resource import Resource

_STORAGE, _DEVICES = "storage.k8s.io", "resource.k8s.io"
_FAIRNESS, _NETWORKING = "flowcontrol.apiserver.k8s.io", "networking.k8s.io"

FLOW_SCHEMAS = Resource(_FAIRNESS, "v1", "flowschemas", "FlowSchema", False)
PRIORITY_LEVELS = Resource(
    _FAIRNESS, "v1", "prioritylevelconfigurations", "PriorityLevelConfiguration", False
)
IP_ADDRESSES = Resource(_NETWORKING, "v1", "ipaddresses", "IPAddress", False)
SERVICE_CIDRS = Resource(_NETWORKING, "v1", "servicecidrs", "ServiceCIDR", False)
ATTRIBUTES_CLASSES = Resource(_STORAGE, "v1", "volumeattributesclasses", "VolumeAttributesClass", False)
CSI_DRIVERS = Resource(_STORAGE, "v1", "csidrivers", "CSIDriver", False)
CSI_NODES = Resource(_STORAGE, "v1", "csinodes", "CSINode", False)
CAPACITIES = Resource(_STORAGE, "v1", "csistoragecapacities", "CSIStorageCapacity")
ATTACHMENTS = Resource(_STORAGE, "v1", "volumeattachments", "VolumeAttachment", False)
DEVICE_CLASSES = Resource(_DEVICES, "v1", "deviceclasses", "DeviceClass", False)
CLAIMS = Resource(_DEVICES, "v1", "resourceclaims", "ResourceClaim")
CLAIM_TEMPLATES = Resource(_DEVICES, "v1", "resourceclaimtemplates", "ResourceClaimTemplate")
SLICES = Resource(_DEVICES, "v1", "resourceslices", "ResourceSlice", False)
TAINT_RULES = Resource(_DEVICES, "v1", "devicetaintrules", "DeviceTaintRule", False)
TRUST_BUNDLES = Resource("certificates.k8s.io", "v1", "clustertrustbundles", "ClusterTrustBundle", False)
POD_CERTIFICATES = Resource("certificates.k8s.io", "v1", "podcertificaterequests", "PodCertificateRequest")
MIGRATIONS = Resource(
    "storagemigration.k8s.io", "v1", "storageversionmigrations", "StorageVersionMigration", False
)

CLAIM = {
    "devices": {
        "requests": [
            {
                "name": "press",
                "exactly": {
                    "deviceClassName": "press.example.com",
                    "selectors": [{"cel": {"expression": "device.driver == 'press.example.com'"}}],
                    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}],
                },
            },
            {
                "name": "any",
                "firstAvailable": [
                    {"name": "big", "deviceClassName": "big"},
                    {"name": "small", "deviceClassName": "small", "count": 2},
                ],
            },
        ],
        "constraints": [{"requests": ["press", "any/big"], "matchAttribute": "press.example.com/shelf"}],
        "config": [
            {"requests": ["press"], "opaque": {"driver": "press.example.com", "parameters": {"a": 1}}}
        ],
    }
}
RESULT = {"request": "press", "driver": "press.example.com", "pool": "node-1", "device": "press-0"}

BODIES: list[tuple[Resource, dict[str, Any]]] = [
    (
        FLOW_SCHEMAS,
        {
            "spec": {
                "priorityLevelConfiguration": {"name": "workload-low"},
                "distinguisherMethod": {"type": "ByUser"},
                "rules": [
                    {
                        "subjects": [
                            {"kind": "ServiceAccount", "serviceAccount": {"name": "*", "namespace": "shop"}},
                            {"kind": "Group", "group": {"name": "waiters"}},
                            {"kind": "User", "user": {"name": "ann"}},
                        ],
                        "resourceRules": [
                            {
                                "verbs": ["get"],
                                "apiGroups": [""],
                                "resources": ["pods"],
                                "namespaces": ["shop"],
                            }
                        ],
                        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["/healthz", "/api/*"]}],
                    }
                ],
            }
        },
    ),
    (
        PRIORITY_LEVELS,
        {
            "spec": {
                "type": "Limited",
                "limited": {
                    "nominalConcurrencyShares": 3,
                    "limitResponse": {"type": "Queue", "queuing": {"queues": 16, "handSize": 4}},
                },
            }
        },
    ),
    (
        IP_ADDRESSES,
        {
            "metadata": {"name": "10.96.0.7"},
            "spec": {"parentRef": {"resource": "services", "namespace": "shop", "name": "lemonade"}},
        },
    ),
    (SERVICE_CIDRS, {"spec": {"cidrs": ["10.96.0.0/16", "fd00:10::/112"]}}),
    (ATTRIBUTES_CLASSES, {"driverName": "disk.example.com", "parameters": {"iops": "100"}}),
    (
        CSI_DRIVERS,
        {"spec": {"tokenRequests": [{"audience": "a", "expirationSeconds": 3600}]}},
    ),
    (
        CSI_NODES,
        {
            "spec": {
                "drivers": [
                    {
                        "name": "disk.example.com",
                        "nodeID": "n1",
                        "topologyKeys": ["zone"],
                        "allocatable": {"count": 5},
                    }
                ]
            }
        },
    ),
    (
        CAPACITIES,
        {"storageClassName": "fast", "capacity": "10Gi", "nodeTopology": {"matchLabels": {"zone": "a"}}},
    ),
    (
        ATTACHMENTS,
        {
            "spec": {
                "attacher": "disk.example.com",
                "nodeName": "node-1",
                "source": {"persistentVolumeName": "volume-1"},
            }
        },
    ),
    (
        DEVICE_CLASSES,
        {
            "spec": {
                "selectors": [{"cel": {"expression": "device.attributes['a.b'].size > 1"}}],
                "config": [{"opaque": {"driver": "press.example.com", "parameters": {"a": 1}}}],
                "extendedResourceName": "example.com/press",
            }
        },
    ),
    (CLAIMS, {"spec": CLAIM}),
    (CLAIM_TEMPLATES, {"spec": {"metadata": {"labels": {"a": "b"}}, "spec": CLAIM}}),
    (
        SLICES,
        {
            "spec": {
                "driver": "press.example.com",
                "nodeName": "node-1",
                "pool": {"name": "node-1", "generation": 1, "resourceSliceCount": 1},
                "devices": [
                    {
                        "name": "press-0",
                        "attributes": {
                            "size": {"int": 5},
                            "model": {"string": "x"},
                            "fast": {"bool": True},
                            "example.com/version": {"version": "1.2.3"},
                        },
                        "capacity": {"cups": {"value": "8"}},
                        "taints": [{"key": "a", "effect": "NoExecute"}],
                    },
                    {
                        "name": "press-1",
                        "allowMultipleAllocations": True,
                        "capacity": {
                            "cups": {
                                "value": "8",
                                "requestPolicy": {
                                    "default": "2",
                                    "validRange": {"min": "2", "max": "6", "step": "2"},
                                },
                            }
                        },
                        "bindingConditions": ["a"],
                        "bindingFailureConditions": ["b"],
                    },
                ],
            }
        },
    ),
    (
        TAINT_RULES,
        {
            "spec": {
                "deviceSelector": {"driver": "press.example.com", "device": "press-0"},
                "taint": {"key": "a", "effect": "NoExecute"},
            }
        },
    ),
    (TRUST_BUNDLES, {"spec": {"trustBundle": papers.certificate(authority=True)}}),
    (
        POD_CERTIFICATES,
        {
            "spec": {
                "signerName": "example.com/press",
                "podName": "a",
                "podUID": "1",
                "serviceAccountName": "default",
                "serviceAccountUID": "2",
                "nodeName": "node-1",
                "nodeUID": "3",
                "stubPKCS10Request": papers.request(pem=False),
            }
        },
    ),
    (MIGRATIONS, {"spec": {"resource": {"group": "apps", "resource": "deployments"}}}),
]
