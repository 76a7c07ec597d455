"""Tokens of service accounts: issued on request, good while all they are bound to is there, and no longer."""

import asyncio
import base64
import contextlib
import json
import random
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kubeade.api.errors import BadRequest, Conflict, Invalid, NotFound, Unauthorized
from kubeade.api.resources import CONFIG_MAPS, NODES, PODS, SECRETS, SERVICE_ACCOUNTS
from kubeade.apiserver.authentication.authenticator import TokenConfig, build_authenticator
from kubeade.apiserver.authentication.claims import legacy_claims
from kubeade.apiserver.seams import Question, User
from kubeade.lib.http.message import Request
from kubeade.lib.ids import Ids

ISSUER = "https://kubernetes.default.svc.cluster.local"
NOW = datetime(2026, 1, 31, tzinfo=UTC)
ADMIN = User("admin", groups=("system:masters",))


def pem(key):
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


KEY = ec.generate_private_key(ec.SECP256R1())
KEY_PEM = pem(KEY)


class FixedClock:
    def __init__(self):
        self.moment = NOW

    def now(self):
        return self.moment


class Room:
    """Authentication over a fake cluster with one account, and the requests that tests make of it."""

    def __init__(self, cluster, config=None):
        self.cluster, self.clock = cluster, FixedClock()
        self.account = cluster.put(SERVICE_ACCOUNTS, {"metadata": {"name": "seller", "namespace": "shop"}})
        config = config or TokenConfig(KEY_PEM)
        self.built = build_authenticator(cluster, config, self.clock, Ids(random.Random(1)))

    async def token(self, **spec):
        return (await self.request(spec))["status"]["token"]

    async def request(self, spec, **metadata):
        body = {"metadata": metadata, "spec": spec}
        return await self.built.responders["", "serviceaccounts", "token"](
            Question(ADMIN, "shop", "seller", body)
        )

    async def user(self, token):
        headers = {"authorization": f"Bearer {token}"}
        return await self.built.authenticator.authenticate(Request("GET", "/api", headers=headers))

    async def review(self, token, audiences=()):
        body = {"spec": {"token": token, "audiences": list(audiences)}}
        answer = self.built.responders["authentication.k8s.io", "tokenreviews", ""]
        return (await answer(Question(ADMIN, "", "", body)))["status"]


@pytest.fixture
def room(cluster):
    return Room(cluster)


def pod(name="lemonade", **spec):
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"serviceAccountName": "seller", **spec}}


async def test_a_token_names_its_account(room):
    user = await room.user(await room.token())
    assert user.name == "system:serviceaccount:shop:seller"
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated")
    assert user.uid == room.account["metadata"]["uid"]


async def test_others_can_verify_a_token_with_the_published_keys(room):
    token = await room.token(audiences=["vault"])
    configuration = json.loads(room.built.documents.read("/.well-known/openid-configuration").body)
    assert configuration["issuer"] == ISSUER
    assert configuration["id_token_signing_alg_values_supported"] == ["ES256"]
    keys = jwt.PyJWKSet.from_json(room.built.documents.read("/openid/v1/jwks").body.decode())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    claims = jwt.decode(token, key, ["ES256"], audience="vault", issuer=ISSUER, options=options)
    assert claims["sub"] == "system:serviceaccount:shop:seller"
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["kubernetes.io"]["serviceaccount"]["name"] == "seller"


async def test_a_token_signed_by_a_library_with_an_rsa_key_is_accepted(cluster):
    key = rsa.generate_private_key(65537, 2048)
    room = Room(cluster, TokenConfig(pem(key)))
    claims = jwt.decode(
        await room.token(), key.public_key(), ["RS256"], audience=ISSUER, options={"verify_exp": False}
    )
    again = jwt.encode(claims, key, "RS256")
    assert (await room.user(again)).name == "system:serviceaccount:shop:seller"


async def test_a_token_of_a_retired_key_still_counts(cluster):
    old = ec.generate_private_key(ec.SECP256R1())
    token = await Room(cluster, TokenConfig(pem(old))).token()
    public = old.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    room = Room(cluster, TokenConfig(KEY_PEM, (public,)))
    cluster.put(SERVICE_ACCOUNTS, {"metadata": {"name": "seller", "namespace": "shop", "uid": "uid-1"}})
    assert (await room.user(token)).name == "system:serviceaccount:shop:seller"


def forged(token, **changes):
    """The same token with other claims and the old signature."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | changes
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


async def test_a_changed_or_foreign_token_is_refused(room):
    token = await room.token()
    stranger = ec.generate_private_key(ec.SECP256R1())
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    public = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    confused = jwt.api_jws.PyJWS(options={"enforce_minimum_key_length": False})
    for bad in (
        forged(token, sub="system:serviceaccount:kube-system:admin"),
        jwt.encode(claims, stranger, "ES256", headers={"kid": kid}),
        jwt.encode(claims, None, "none"),
        token[:-4],
        token.rpartition(".")[0] + ".",
        "not.a.token",
        "nonsense",
        confused.encode(json.dumps(claims).encode(), base64.b64encode(public), "HS256", headers={"kid": kid}),
    ):
        with pytest.raises(Unauthorized):
            await room.user(bad)


async def test_a_token_ends_with_its_time(room):
    token = await room.token(expirationSeconds=600)
    assert await room.user(token)
    room.clock.moment = NOW + timedelta(seconds=600 + 61)
    with pytest.raises(Unauthorized):
        await room.user(token)


async def test_a_token_ends_with_its_account(room):
    token = await room.token()
    assert await room.user(token)
    room.cluster.delete(SERVICE_ACCOUNTS, "seller", "shop")
    with pytest.raises(Unauthorized):
        await room.user(token)
    room.cluster.put(SERVICE_ACCOUNTS, {"metadata": {"name": "seller", "namespace": "shop"}})
    status = await room.review(token)
    assert "does not match claim" in status["error"]


@pytest.mark.parametrize(
    ("resource", "kind", "namespace"),
    [(PODS, "Pod", "shop"), (SECRETS, "Secret", "shop"), (NODES, "Node", "")],
)
async def test_a_bound_token_ends_with_what_it_is_bound_to(room, resource, kind, namespace):
    bound = pod() if kind == "Pod" else {"metadata": {"name": "lemonade", "namespace": namespace}}
    room.cluster.put(resource, bound)
    token = await room.token(boundObjectRef={"kind": kind, "apiVersion": "v1", "name": "lemonade"})
    assert await room.user(token)
    room.cluster.delete(resource, "lemonade", namespace)
    with pytest.raises(Unauthorized):
        await room.user(token)


async def test_a_terminating_pod_keeps_its_token_until_a_minute_after_its_time(room):
    room.cluster.put(PODS, pod())
    token = await room.token(boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "lemonade"})
    terminating = room.cluster.read(PODS, "lemonade", "shop")
    terminating["metadata"]["deletionTimestamp"] = "2026-01-31T00:00:30Z"
    room.cluster.put(PODS, terminating)
    assert await room.user(token)
    room.clock.moment = NOW + timedelta(seconds=91)
    with pytest.raises(Unauthorized):
        await room.user(token)


async def test_a_pods_token_tells_pod_and_node_and_lasts_longer_than_it_says(room):
    node = room.cluster.put(NODES, {"metadata": {"name": "one"}})
    room.cluster.put(PODS, pod(nodeName="one"))
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "lemonade"}
    answer = await room.request({"boundObjectRef": reference, "expirationSeconds": 3607})
    assert answer["status"]["expirationTimestamp"] == "2026-01-31T01:00:07Z"
    user = await room.user(answer["status"]["token"])
    prefix = "authentication.kubernetes.io/"
    assert user.extra[f"{prefix}pod-name"] == ("lemonade",)
    assert user.extra[f"{prefix}node-uid"] == (node["metadata"]["uid"],)
    assert user.extra[f"{prefix}credential-id"][0].startswith("JTI=")
    room.clock.moment = NOW + timedelta(days=300)
    assert await room.user(answer["status"]["token"])


async def test_a_token_for_somebody_else_is_not_for_us(room):
    token = await room.token(audiences=["vault"])
    with pytest.raises(Unauthorized):
        await room.user(token)
    assert (await room.review(token, ["vault", "other"]))["audiences"] == ["vault"]
    status = await room.review(token)
    assert "authenticated" not in status
    assert status["error"] == (
        f'[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["{ISSUER}"]]'
    )


async def test_requests_for_tokens_are_checked_as_upstream_does(room):
    message = (
        'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: '
        "may not specify a duration less than 10 minutes"
    )
    with pytest.raises(Invalid) as invalid:
        await room.request({"expirationSeconds": 60})
    assert invalid.value.message == message
    with pytest.raises(NotFound, match='pods "lemonade" not found'):
        await room.request({"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "lemonade"}})
    room.cluster.put(PODS, pod(serviceAccountName="other"))
    with pytest.raises(BadRequest, match='cannot bind token for serviceaccount "seller" to pod running'):
        await room.request({"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "lemonade"}})
    room.cluster.put(PODS, pod())
    with pytest.raises(Conflict, match="does not match the UID in record"):
        await room.request(
            {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "lemonade", "uid": "another"}}
        )
    with pytest.raises(BadRequest, match="cannot bind token to object of type"):
        await room.request({"boundObjectRef": {"kind": "Job", "apiVersion": "batch/v1", "name": "x"}})
    with pytest.raises(Conflict, match="does not match the UID of the service account"):
        await room.request({}, uid="another")


async def test_a_secrets_token_counts_while_the_secret_holds_it(room):
    token = room.built.keys.sign(legacy_claims(room.account, "seller-token"))
    data = {"token": base64.b64encode(token.encode()).decode()}
    secret = {"metadata": {"name": "seller-token", "namespace": "shop"}, "data": data}
    with pytest.raises(Unauthorized):
        await room.user(token)
    room.cluster.put(SECRETS, secret)
    assert (await room.user(token)).name == "system:serviceaccount:shop:seller"
    room.cluster.put(SECRETS, {**secret, "data": {}})
    with pytest.raises(Unauthorized):
        await room.user(token)


LAST_USED = "kubernetes.io/legacy-token-last-used"
INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since"


@contextlib.asynccontextmanager
async def noting(room):
    """A room with a token in a Secret, and what notes its use."""
    token = room.built.keys.sign(legacy_claims(room.account, "seller-token"))
    data = {"token": base64.b64encode(token.encode()).decode()}
    room.cluster.put(SECRETS, {"metadata": {"name": "seller-token", "namespace": "shop"}, "data": data})
    running = asyncio.ensure_future(room.built.legacy_tokens.run(room.cluster))
    await asyncio.sleep(0)
    yield token
    running.cancel()


def labels(room):
    return room.cluster.read(SECRETS, "seller-token", "shop")["metadata"].get("labels") or {}


async def until_noted(room, day):
    async with asyncio.timeout(10):
        while labels(room).get(LAST_USED) != day:
            await asyncio.sleep(0)


async def test_a_secret_is_told_each_day_that_its_token_is_used(room):
    async with noting(room) as token:
        assert LAST_USED not in labels(room)
        await room.user(token)
        await until_noted(room, "2026-01-31")
        revision = room.cluster.read(SECRETS, "seller-token", "shop")["metadata"]["resourceVersion"]
        await room.user(token)
        await asyncio.sleep(0.01)
        found = room.cluster.read(SECRETS, "seller-token", "shop")["metadata"]["resourceVersion"]
        assert found == revision, "once a day is enough"
        room.clock.moment += timedelta(days=1, seconds=1)
        await room.user(token)
        await until_noted(room, "2026-02-01")


async def test_a_token_that_was_marked_invalid_is_refused_and_its_use_noted(room):
    async with noting(room) as token:
        secret = room.cluster.read(SECRETS, "seller-token", "shop")
        secret["metadata"]["labels"] = {INVALID_SINCE: "2026-01-01"}
        room.cluster.put(SECRETS, secret)
        told = (await room.review(token))["error"]
        assert "the token in secret shop/seller-token for service account shop/seller has been marked" in told
        await until_noted(room, "2026-01-31")


async def test_it_is_told_since_when_use_is_noted(room):
    tracking = ("kube-apiserver-legacy-service-account-token-tracking", "kube-system")
    async with noting(room):

        async def until_since(day):
            async with asyncio.timeout(10):
                while (room.cluster.read(CONFIG_MAPS, *tracking) or {}).get("data") != {"since": day}:
                    await asyncio.sleep(0)

        await until_since("2026-01-31")
        found = room.cluster.read(CONFIG_MAPS, *tracking)
        room.clock.moment += timedelta(days=1)
        room.cluster.put(CONFIG_MAPS, {**found, "data": {"since": "lemons"}})
        await until_since("2026-02-01")
        room.cluster.delete(CONFIG_MAPS, *tracking)
        await until_since("2026-02-01")


async def test_a_bootstrap_token_makes_a_bootstrapper(room):
    def encoded(**texts):
        return {
            key.replace("_", "-"): base64.b64encode(text.encode()).decode() for key, text in texts.items()
        }

    data = encoded(token_id="abcdef", token_secret="0123456789abcdef", usage_bootstrap_authentication="true")
    metadata = {"name": "bootstrap-token-abcdef", "namespace": "kube-system"}
    secret = {"metadata": metadata, "type": "bootstrap.kubernetes.io/token", "data": data}
    room.cluster.put(SECRETS, secret)
    user = await room.user("abcdef.0123456789abcdef")
    assert user.name == "system:bootstrap:abcdef"
    assert "system:bootstrappers" in user.groups
    with pytest.raises(Unauthorized):
        await room.user("abcdef.0000000000000000")
    room.cluster.put(SECRETS, {**secret, "data": {**data, **encoded(expiration="2026-01-30T00:00:00Z")}})
    with pytest.raises(Unauthorized):
        await room.user("abcdef.0123456789abcdef")


async def test_nobody_is_anonymous_and_wrong_credentials_are_not_nobody(room):
    user = await room.built.authenticator.authenticate(Request("GET", "/version"))
    assert (user.name, user.groups) == ("system:anonymous", ("system:unauthenticated",))
    with pytest.raises(Unauthorized):
        await room.user("wrong")


async def test_who_am_i(room):
    answer = room.built.responders["authentication.k8s.io", "selfsubjectreviews", ""]
    review = await answer(Question(ADMIN, "", "", {}))
    assert review["status"]["userInfo"] == {"username": "admin", "groups": ["system:masters"]}
