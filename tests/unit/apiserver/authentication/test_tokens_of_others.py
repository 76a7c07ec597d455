"""Tokens that somebody else issued (OpenID Connect), static tokens, and who may be anonymous."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest
from api_lab import HandClock
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kubeade.api.resource import Object
from kubeade.apiserver.authentication.jws import InvalidToken
from kubeade.apiserver.authentication.jwt import authenticator as jwt_authenticator
from kubeade.apiserver.authentication.jwt.authenticator import JwtAuthenticator
from kubeade.apiserver.authentication.jwt.config import JwtIssuer, read_configuration
from kubeade.apiserver.authentication.static_tokens import StaticTokens
from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.seams import User
from kubeade.apiserver.webhooks.remote import RemoteError

URL = "https://issuer.example"
BASIC: Object = {
    "issuer": {"url": URL, "audiences": ["shop"]},
    "claimMappings": {
        "username": {"claim": "sub", "prefix": "oidc:"},
        "groups": {"claim": "roles", "prefix": "g:"},
    },
}
KEYS = {name: rsa.generate_private_key(65537, 2048) for name in ("old", "new")}
CURVE = ec.generate_private_key(ec.SECP256R1())


class Issuer:
    """Answers as an issuer's server would."""

    def __init__(self) -> None:
        self.keys = ["old"]
        self.asked: list[str] = []
        self.down = False

    async def get(self, url: str) -> Object:
        self.asked.append(url)
        if self.down:
            raise RemoteError("connection refused")
        if url.endswith("/openid-configuration"):
            return {"issuer": URL, "jwks_uri": f"{URL}/keys"}
        found = [
            json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEYS[name].public_key())) for name in self.keys
        ]
        keys = [{**key, "kid": name, "use": "sig"} for key, name in zip(found, self.keys, strict=True)]
        curve = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(CURVE.public_key()))
        return {"keys": [*keys, {**curve, "kid": "curve"}]}

    async def close(self) -> None:
        pass


class Stand:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.issuer = Issuer()
        self.clock = HandClock()
        self.seconds = 100.0
        monkeypatch.setattr(jwt_authenticator, "Remote", lambda _: self.issuer)
        monkeypatch.setattr(jwt_authenticator, "_loop_time", lambda: self.seconds)

    def authenticator(
        self, config: Object, algorithms: tuple[str, ...] = ("RS256", "ES256")
    ) -> JwtAuthenticator:
        return JwtAuthenticator("test", [msgspec.convert(config, JwtIssuer)], algorithms, self.clock)

    def token(self, key: str = "old", **claims: Any) -> str:
        now = int(self.clock.now().timestamp())
        said = {"iss": URL, "aud": "shop", "sub": "alice", "exp": now + 600, **claims}
        if key == "curve":
            return jwt.encode(said, CURVE, "ES256", {"kid": key})
        return jwt.encode(said, KEYS[key], "RS256", {"kid": key})


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    return Stand(monkeypatch)


async def user(authenticator: JwtAuthenticator, token: str) -> User:
    found = await authenticator.authenticate(token, ())
    assert found is not None
    return found[0]


async def refusal(authenticator: JwtAuthenticator, token: str) -> str:
    with pytest.raises(InvalidToken) as refused:
        await authenticator.authenticate(token, ())
    return str(refused.value)


@pytest.mark.parametrize("key", ["old", "curve"])
async def test_claims_become_a_user(stand: Stand, key: str) -> None:
    found = await user(stand.authenticator(BASIC), stand.token(key, roles=["buyers"], jti="t1"))
    assert found.name == "oidc:alice"
    assert found.groups == ("g:buyers", "system:authenticated")
    assert found.extra == {"authentication.kubernetes.io/credential-id": ("JTI=t1",)}


async def test_a_single_group_may_be_a_string(stand: Stand) -> None:
    assert "g:owner" in (await user(stand.authenticator(BASIC), stand.token(roles="owner"))).groups


async def test_tokens_of_other_issuers_are_left_to_others(stand: Stand) -> None:
    authenticator = stand.authenticator(BASIC)
    assert await authenticator.authenticate(stand.token(iss="https://else.example"), ()) is None
    assert await authenticator.authenticate("no-token", ()) is None
    assert stand.issuer.asked == []


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "must be numbers"),
        ({"aud": ["other"]}, "audience"),
        ({"nbf": 10**11}, "nbf"),
        ({"sub": 5}, "username"),
        ({"roles": [5]}, "groups"),
    ],
)
async def test_tokens_that_do_not_count(stand: Stand, claims: Object, told: str) -> None:
    assert told in await refusal(stand.authenticator(BASIC), stand.token(**claims))


async def test_what_another_key_signed_does_not_count(stand: Stand) -> None:
    forged = jwt.encode(
        {"iss": URL, "aud": "shop", "sub": "a", "exp": 10**10}, KEYS["new"], "RS256", {"kid": "old"}
    )
    assert "signature" in await refusal(stand.authenticator(BASIC), forged)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS384"])
async def test_only_chosen_algorithms_count(stand: Stand, algorithm: str) -> None:
    key: Any = {"none": None, "HS256": "x" * 64, "RS384": KEYS["old"]}[algorithm]
    token = jwt.encode({"iss": URL, "aud": "shop", "sub": "a", "exp": 10**10}, key, algorithm)
    assert "unsupported algorithm" in await refusal(stand.authenticator(BASIC), token)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256"])
async def test_a_key_that_names_no_algorithm_is_for_all_of_its_kind(stand: Stand, algorithm: str) -> None:
    claims = {"iss": URL, "aud": "shop", "sub": "alice", "exp": 10**10}
    token = jwt.encode(claims, KEYS["old"], algorithm)
    assert (await user(stand.authenticator(BASIC, (algorithm,)), token)).name == "oidc:alice"


async def test_keys_are_kept_and_fetched_anew_when_they_are_exchanged(stand: Stand) -> None:
    authenticator = stand.authenticator(BASIC)
    for name in ("alice", "bob"):
        await user(authenticator, stand.token(sub=name))
    assert len(stand.issuer.asked) == 2  # the discovery document and the keys
    stand.issuer.keys = ["new"]
    assert "signature" in await refusal(authenticator, stand.token("new"))
    assert len(stand.issuer.asked) == 2  # not more often than every few seconds
    stand.seconds += 11
    assert (await user(authenticator, stand.token("new"))).name == "oidc:alice"
    assert stand.issuer.asked[-1] == f"{URL}/keys"


async def test_an_issuer_that_is_down_is_asked_again_later(stand: Stand) -> None:
    authenticator = stand.authenticator(BASIC)
    stand.issuer.down = True
    assert "not initialized" in await refusal(authenticator, stand.token())
    stand.issuer.down = False
    stand.seconds += 11
    assert (await user(authenticator, stand.token())).name == "oidc:alice"


async def test_a_token_is_remembered_but_not_beyond_its_time(stand: Stand) -> None:
    authenticator = stand.authenticator(BASIC)
    token = stand.token(exp=int(stand.clock.now().timestamp()) + 5)
    await user(authenticator, token)
    stand.clock.advance(6)
    assert "expired" in await refusal(authenticator, token)


async def test_expressions_make_and_check_users(stand: Stand) -> None:
    config = {
        **BASIC,
        "claimMappings": {
            "username": {"expression": "claims.sub + '@' + claims.team"},
            "groups": {"expression": "claims.roles.filter(r, r.startsWith('k8s-'))"},
            "uid": {"claim": "oid"},
            "extra": [{"key": "example.org/team", "valueExpression": "claims.team"}],
        },
        "claimValidationRules": [
            {"claim": "hd", "requiredValue": "shop.example"},
            {"expression": "claims.exp - claims.iat <= 3600", "message": "lives too long"},
        ],
        "userValidationRules": [
            {"expression": "!user.username.startsWith('system:')", "message": "reserved"},
        ],
    }
    authenticator = stand.authenticator(config)
    now = int(stand.clock.now().timestamp())
    claims = {"team": "red", "roles": ["k8s-a", "b"], "oid": "42", "hd": "shop.example", "iat": now}
    found = await user(authenticator, stand.token(**claims))
    assert (found.name, found.uid, found.groups[0]) == ("alice@red", "42", "k8s-a")
    assert found.extra["example.org/team"] == ("red",)
    assert "reserved" in await refusal(authenticator, stand.token(**{**claims, "sub": "system:x"}))
    assert "lives too long" in await refusal(authenticator, stand.token(**{**claims, "iat": now - 9999}))
    assert "hd value does not match" in await refusal(authenticator, stand.token(**{**claims, "hd": "x"}))
    assert "username claim" in await refusal(authenticator, stand.token(hd="shop.example"))


async def test_an_address_counts_only_when_it_is_verified(stand: Stand) -> None:
    config = {**BASIC, "claimMappings": {"username": {"claim": "email", "prefix": ""}}}
    authenticator = stand.authenticator(config)
    assert (await user(authenticator, stand.token(email="a@b.c"))).name == "a@b.c"
    assert "not verified" in await refusal(authenticator, stand.token(email="a@b.c", email_verified=False))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"issuer": {"url": "http://a.example", "audiences": ["a"]}}, "must be https"),
        ({"issuer": {"url": URL, "audiences": []}}, "audiences"),
        ({"issuer": {"url": URL, "audiences": ["a", "b"]}}, "audienceMatchPolicy"),
        ({"issuer": {"url": "https://own.example", "audiences": ["a"]}}, "service account tokens"),
        ({"claimMappings": {"username": {"claim": "sub"}}}, "prefix is required"),
        ({"claimMappings": {"username": {}}}, "claim or expression is required"),
        ({"claimMappings": {"username": {"claim": "a", "prefix": ""}, "extra": [{"key": "k8s.io/a", "valueExpression": "'a'"}]}}, "reserved"),
        ({"claimValidationRules": [{}]}, "one of claim and expression"),
        ({"surprise": 1}, "unknown field `surprise`"),
    ],
)  # fmt: skip
def test_configurations_that_cannot_be_kept_are_refused(tmp_path: Path, change: Object, told: str) -> None:
    file = tmp_path / "authentication.json"
    said = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
    file.write_text(json.dumps({**said, "jwt": [{**BASIC, **change}]}))
    with pytest.raises(ConfigError) as refused:
        read_configuration(str(file), ("https://own.example",))
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("expression", "told"),
    [("claims.", "username"), ("claims.email", "email_verified must be used")],
)
def test_expressions_that_cannot_be_kept_are_refused(stand: Stand, expression: str, told: str) -> None:
    config = {**BASIC, "claimMappings": {"username": {"expression": expression}}}
    with pytest.raises(ConfigError, match=told):
        stand.authenticator(config)


def test_anonymous_users_may_be_limited_to_paths(tmp_path: Path) -> None:
    file = tmp_path / "authentication.yaml"
    file.write_text(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"
        "anonymous: {enabled: true, conditions: [{path: /livez}]}\n"
    )
    anonymous = read_configuration(str(file), ()).anonymous
    assert anonymous is not None
    assert anonymous.rule().admits("/livez")
    assert not anonymous.rule().admits("/api")


@pytest.fixture
async def static(tmp_path: Path) -> AsyncIterator[StaticTokens]:
    file = tmp_path / "tokens.csv"
    file.write_text('secret-1,alice,u1,"buyers, owners"\nsecret-2,bob,u2\n')
    yield StaticTokens(str(file))


async def test_static_tokens_name_their_users(static: StaticTokens) -> None:
    alice, bob = await static.authenticate("secret-1", ()), await static.authenticate("secret-2", ())
    assert alice is not None
    assert bob is not None
    assert alice[0] == User("alice", "u1", ("buyers", "owners", "system:authenticated"))
    assert bob[0].groups == ("system:authenticated",)
    assert await static.authenticate("secret-3", ()) is None


@pytest.mark.parametrize("text", ["a,b", ",b,c", "a,b,c\na,d,e"])
def test_files_of_static_tokens_that_say_too_little_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens.csv"
    file.write_text(text)
    with pytest.raises(ConfigError, match="line"):
        StaticTokens(str(file))
