"""An empty cluster becomes one that works; a second start changes nothing; what is lost comes back."""

import asyncio
from datetime import UTC, datetime

import pytest

from kubeade.api.resources import ENDPOINTS, NAMESPACES, PRIORITY_CLASSES, SERVICES
from kubeade.apiserver.authorization.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from kubeade.apiserver.bootstrap.ensure import KeptObjects, bootstrap
from kubeade.apiserver.bootstrap.flow_control import FLOW_SCHEMAS, PRIORITY_LEVELS
from kubeade.apiserver.bootstrap.objects import SERVICE_CIDRS, ClusterConfig
from kubeade.cluster.roles import KUBELET_CLIENT_USER, component_roles

CONFIG = ClusterConfig("192.0.2.1", 6443, "10.96.0.0/16", "the CA")


class FixedClock:
    def now(self):
        return datetime(2026, 1, 31, tzinfo=UTC)


async def start(cluster, config=CONFIG):
    await bootstrap(cluster, cluster, config, FixedClock())


async def test_an_empty_cluster_gets_what_every_cluster_has(cluster):
    await start(cluster)
    names = [found["metadata"]["name"] for found in cluster.read_all(NAMESPACES)]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    service = cluster.read(SERVICES, "kubernetes", "default")
    assert service["spec"]["clusterIP"] == "10.96.0.1"
    endpoints = cluster.read(ENDPOINTS, "kubernetes", "default")
    assert endpoints["subsets"][0]["addresses"] == [{"ip": "192.0.2.1"}]
    assert cluster.read(PRIORITY_CLASSES, "system-node-critical")["value"] == 2_000_001_000
    assert cluster.read(SERVICE_CIDRS, "kubernetes")["status"]["conditions"][0]["type"] == "Ready"
    assert cluster.read(CLUSTER_ROLES, "cluster-admin")
    assert len(list(cluster.read_all(FLOW_SCHEMAS))) == 11
    assert len(list(cluster.read_all(PRIORITY_LEVELS))) == 8


async def test_every_flow_schema_names_a_level_that_exists(cluster):
    await start(cluster)
    for schema in cluster.read_all(FLOW_SCHEMAS):
        assert cluster.read(PRIORITY_LEVELS, schema["spec"]["priorityLevelConfiguration"]["name"])


async def test_a_second_start_writes_nothing(cluster):
    await start(cluster)
    before = cluster.revision
    await start(cluster)
    assert cluster.revision == before


async def test_the_servers_own_address_is_kept_up_to_date(cluster):
    await start(cluster)
    await start(cluster, ClusterConfig("192.0.2.2", 7443))
    endpoints = cluster.read(ENDPOINTS, "kubernetes", "default")
    assert endpoints["subsets"][0]["addresses"] == [{"ip": "192.0.2.2"}]
    assert endpoints["subsets"][0]["ports"][0]["port"] == 7443


async def test_rights_taken_from_a_default_role_come_back_and_added_ones_stay(cluster):
    await start(cluster)
    role = cluster.read(CLUSTER_ROLES, "system:kube-dns")
    whole = role["rules"]
    own = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
    cluster.put(CLUSTER_ROLES, {**role, "rules": [own]})
    await start(cluster)
    assert cluster.read(CLUSTER_ROLES, "system:kube-dns")["rules"] == [own, *whole]


async def test_a_default_object_that_is_not_to_be_updated_is_let_be(cluster):
    await start(cluster)
    binding = cluster.read(CLUSTER_ROLE_BINDINGS, "system:discovery")
    binding["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] = "false"
    cluster.put(CLUSTER_ROLE_BINDINGS, {**binding, "subjects": []})
    await start(cluster)
    assert cluster.read(CLUSTER_ROLE_BINDINGS, "system:discovery")["subjects"] == []


@pytest.mark.parametrize(
    ("resource", "name", "namespace"), [(NAMESPACES, "kube-system", ""), (SERVICES, "kubernetes", "default")]
)
async def test_what_no_cluster_can_be_without_is_put_back(cluster, resource, name, namespace):
    await start(cluster)
    kept = asyncio.create_task(KeptObjects(cluster, cluster, CONFIG).run())
    try:
        cluster.delete(resource, name, namespace)
        async with asyncio.timeout(5):
            while cluster.read(resource, name, namespace) is None:
                await asyncio.sleep(0)
    finally:
        kept.cancel()


async def test_whoever_runs_the_cluster_gives_its_own_users_their_rights(cluster):
    """Not only `kubeade up`: logs from a real kubelet were forbidden to a lone API server's own certificate."""
    further = component_roles()
    await start(cluster, ClusterConfig("192.0.2.1", 6443, further_roles=further))
    bound = cluster.read(CLUSTER_ROLE_BINDINGS, KUBELET_CLIENT_USER)
    assert bound["subjects"][0]["name"] == KUBELET_CLIENT_USER
    allowed = cluster.read(CLUSTER_ROLES, bound["roleRef"]["name"])["rules"]
    assert "nodes/proxy" in allowed[0]["resources"]
    before = cluster.revision
    await start(cluster, ClusterConfig("192.0.2.1", 6443, further_roles=further))
    assert cluster.revision == before
