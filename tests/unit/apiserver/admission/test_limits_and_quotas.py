"""What a namespace allows: defaults and bounds for one object, and a sum for all."""

import asyncio
from datetime import UTC, datetime

import pytest

from kubeade.api.errors import Forbidden
from kubeade.api.resource import Resource
from kubeade.api.resources import LIMIT_RANGES, PERSISTENT_VOLUME_CLAIMS, PODS, RESOURCE_QUOTAS, SERVICES
from kubeade.apiserver.admission.chain import AdmissionChain
from kubeade.apiserver.admission.limit_ranger import LimitRanger
from kubeade.apiserver.admission.quota_ledger import PROMISE_SECONDS, QuotaLedger
from kubeade.apiserver.admission.quota_status import QuotaStatus
from kubeade.apiserver.admission.resource_quota import ResourceQuota
from kubeade.apiserver.seams import AdmissionAttributes, Operation, User

DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")


class FixedClock:
    def now(self):
        return datetime(2026, 1, 31, tzinfo=UTC)


class Shop:
    """One namespace with its limits and quotas; objects are admitted, then stored."""

    def __init__(self, cluster):
        self.cluster, self.now = cluster, 0.0
        self.quotas = QuotaLedger(cluster, FixedClock(), lambda: self.now)
        self.chain = AdmissionChain([LimitRanger(cluster), ResourceQuota(self.quotas)])

    def limit(self, **limit):
        self.cluster.put(LIMIT_RANGES, placed("limits", spec={"limits": [limit]}))

    def quota(self, name="quota", hard=None, **spec):
        self.cluster.put(RESOURCE_QUOTAS, placed(name, spec={"hard": hard, **spec}))

    async def admit(self, resource, found, old=None, dry_run=False, **more):
        attributes = AdmissionAttributes(
            Operation.UPDATE if old else Operation.CREATE,
            User("jane"),
            resource,
            resource.kind,
            "shop",
            found["metadata"]["name"],
            object=found,
            old_object=old,
            dry_run=dry_run,
            **more,
        )
        await self.chain.mutate(attributes)
        await self.chain.validate(attributes)
        return attributes.object

    async def create(self, resource, found):
        return self.cluster.put(resource, await self.admit(resource, found))


@pytest.fixture
def shop(cluster):
    return Shop(cluster)


def placed(name, **fields):
    return {"metadata": {"name": name, "namespace": "shop"}, **fields}


def pod(name="p", requests=None, limits=None, **spec):
    resources = {"requests": requests or {}, "limits": limits or {}}
    return placed(name, spec={"containers": [{"name": "c", "resources": resources}], **spec})


async def test_containers_get_the_namespaces_defaults_and_it_is_noted(shop):
    shop.limit(type="Container", default={"cpu": "500m", "memory": "1Gi"}, defaultRequest={"cpu": "100m"})
    found = await shop.admit(PODS, pod(requests={"cpu": "1m"}))
    resources = found["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "1m"}, "limits": {"cpu": "500m", "memory": "1Gi"}}
    assert found["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory limit for container c"
    )


@pytest.mark.parametrize(
    ("limit", "requests", "limits", "why"),
    [
        (
            {"min": {"cpu": "50m"}},
            {"cpu": "10m"},
            {},
            "minimum cpu usage per Container is 50m, but request is 10m",
        ),
        ({"min": {"cpu": "50m"}}, {}, {}, "minimum cpu usage per Container is 50m.  No request is specified"),
        ({"max": {"cpu": "1"}}, {}, {"cpu": "2"}, "maximum cpu usage per Container is 1, but limit is 2"),
        (
            {"max": {"cpu": "1"}},
            {"cpu": "1"},
            {},
            "maximum cpu usage per Container is 1.  No limit is specified",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"cpu": "1"},
            {"cpu": "3"},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
    ],
)
async def test_containers_stay_within_bounds(shop, limit, requests, limits, why):
    shop.limit(type="Container", **limit)
    with pytest.raises(Forbidden) as refused:
        await shop.admit(PODS, pod(requests=requests, limits=limits))
    assert refused.value.message == f'pods "p" is forbidden: {why}'


async def test_pods_and_claims_have_bounds_too(shop):
    shop.limit(type="Pod", max={"memory": "1Gi"})
    with pytest.raises(Forbidden, match="maximum memory usage per Pod is 1Gi, but limit is 2Gi"):
        await shop.admit(PODS, pod(limits={"memory": "2Gi"}))
    shop.limit(type="PersistentVolumeClaim", max={"storage": "1Gi"})
    claim = placed("c", spec={"resources": {"requests": {"storage": "5Gi"}}})
    with pytest.raises(Forbidden, match="maximum storage usage per PersistentVolumeClaim is 1Gi"):
        await shop.admit(PERSISTENT_VOLUME_CLAIMS, claim)


async def test_a_quota_limits_how_many_there_are(shop):
    shop.quota(hard={"pods": "2", "count/deployments.apps": "1"})
    await shop.create(PODS, pod("a"))
    await shop.create(PODS, pod("b"))
    with pytest.raises(Forbidden) as refused:
        await shop.admit(PODS, pod("c"))
    assert refused.value.message == (
        'pods "c" is forbidden: exceeded quota: quota, requested: pods=1, used: pods=2, limited: pods=2'
    )
    await shop.create(DEPLOYMENTS, placed("d"))
    with pytest.raises(Forbidden, match=r"count/deployments\.apps=1"):
        await shop.admit(DEPLOYMENTS, placed("e"))
    shop.cluster.delete(PODS, "a", "shop")
    await shop.create(PODS, pod("c"))


async def test_a_pod_that_has_ended_makes_room(shop):
    shop.quota(hard={"pods": "1"})
    first = await shop.create(PODS, pod("a"))
    shop.cluster.put(PODS, {**first, "status": {"phase": "Succeeded"}})
    await shop.create(PODS, pod("b"))


async def test_a_quota_limits_what_all_ask_for_and_wants_to_know_it(shop):
    shop.quota(hard={"requests.cpu": "1", "limits.memory": "1Gi"})
    with pytest.raises(Forbidden) as refused:
        await shop.admit(PODS, pod())
    assert refused.value.message == (
        'pods "p" is forbidden: failed quota: quota: must specify limits.memory for: c; requests.cpu for: c'
    )
    await shop.create(PODS, pod("a", {"cpu": "700m"}, {"memory": "1Gi"}))
    with pytest.raises(
        Forbidden, match=r"requested: requests\.cpu=400m, used: requests\.cpu=700m, limited: re"
    ):
        await shop.admit(PODS, pod("b", {"cpu": "400m"}, {"memory": "0"}))


async def test_two_at_once_do_not_both_get_the_last_place(shop):
    shop.quota(hard={"pods": "1"})
    await shop.admit(PODS, pod("a"))
    with pytest.raises(Forbidden):
        await shop.admit(PODS, pod("b"))
    shop.now = PROMISE_SECONDS
    await shop.admit(PODS, pod("b"))


async def test_a_dry_run_takes_no_place(shop):
    shop.quota(hard={"pods": "1"})
    await shop.admit(PODS, pod("a"), dry_run=True)
    await shop.admit(PODS, pod("b"))


async def test_a_service_that_changes_its_type_is_counted_by_what_is_new(shop):
    shop.quota(hard={"services.nodeports": "1", "services": "1"})
    ports = [{"port": 80}, {"port": 81}]
    old = await shop.create(SERVICES, placed("s", spec={"type": "ClusterIP", "ports": ports}))
    with pytest.raises(Forbidden, match=r"requested: services\.nodeports=2"):
        await shop.admit(SERVICES, {**old, "spec": {"type": "NodePort", "ports": ports}}, old)
    await shop.admit(SERVICES, {**old, "spec": {"type": "NodePort", "ports": ports[:1]}}, old)


async def test_a_quota_counts_only_what_is_in_its_scope(shop):
    shop.quota(
        "vip",
        {"pods": "0"},
        scopeSelector={
            "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["vip"]}]
        },
    )
    shop.quota("careless", {"pods": "0"}, scopes=["BestEffort"])
    await shop.admit(PODS, pod("a", {"cpu": "1"}, priorityClassName="usual"))
    with pytest.raises(Forbidden, match="exceeded quota: vip"):
        await shop.admit(PODS, pod("b", {"cpu": "1"}, priorityClassName="vip"))
    with pytest.raises(Forbidden, match="exceeded quota: careless"):
        await shop.admit(PODS, pod("c"))


async def test_the_status_shows_what_is_used(shop):
    shop.quota(hard={"pods": "5", "requests.memory": "4Gi", "secrets": "3"})
    loop = asyncio.create_task(QuotaStatus(shop.cluster, shop.cluster, shop.quotas).run())

    async def used(**expected):
        expected = {name.replace("_", "."): value for name, value in expected.items()}
        async with asyncio.timeout(5):
            while (quota := shop.cluster.read(RESOURCE_QUOTAS, "quota", "shop")).get("status", {}).get(
                "used"
            ) != expected:
                await asyncio.sleep(0)
        assert quota["status"]["hard"] == quota["spec"]["hard"]

    try:
        await used(pods="0", requests_memory="0", secrets="0")
        shop.cluster.put(PODS, pod("a", {"memory": "1536Mi"}))
        await used(pods="1", requests_memory="1536Mi", secrets="0")
        shop.cluster.delete(PODS, "a", "shop")
        await used(pods="0", requests_memory="0", secrets="0")
    finally:
        loop.cancel()
