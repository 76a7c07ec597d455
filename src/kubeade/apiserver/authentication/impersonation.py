"""Acting as somebody else: the Impersonate-* headers, each of them a right of its own.

Whoever sends them needs the verb `impersonate` on every user, group, uid and extra value that he asks for.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from kubeade.api.errors import BadRequest
from kubeade.apiserver.authentication.users import (
    ANONYMOUS,
    AUTHENTICATED_GROUP,
    UNAUTHENTICATED_GROUP,
    account_groups,
    split_account,
)
from kubeade.apiserver.authorization.forbidden import forbidden
from kubeade.apiserver.seams import Attributes, Authorizer, User

_USER, _GROUP, _UID = "impersonate-user", "impersonate-group", "impersonate-uid"
_EXTRA = "impersonate-extra-"
Headers = Mapping[str, str] | Mapping[str, list[str]]
"""By lower-case name: the text, or the values one by one, of which each may have a comma of its own."""
_AUTHENTICATION_GROUP = "authentication.k8s.io"


def impersonates(headers: Headers) -> bool:
    return any(name.startswith("impersonate-") for name in headers)


async def impersonated(user: User, headers: Headers, authorizer: Authorizer) -> User:
    """The user that the headers ask for. Raises BadRequest, Forbidden."""
    wanted = wanted_user(headers)
    for question in _questions(user, wanted):
        await check_allowed(authorizer, question)
    return with_implied_groups(wanted)


async def check_allowed(authorizer: Authorizer, question: Attributes) -> None:
    """Raises Forbidden."""
    decision = await authorizer.authorize(question)
    if not decision.allowed:
        raise forbidden(question, decision.reason)


def wanted_user(headers: Headers) -> User:
    """Whom the headers name, as they name him. Raises BadRequest."""
    name = _value(headers, _USER)
    extra = {
        unquote(header.removeprefix(_EXTRA)): tuple(_values(value))
        for header, value in headers.items()
        if header.startswith(_EXTRA)
    }
    wanted = User(name, _value(headers, _UID), tuple(_values(headers.get(_GROUP, ""))), extra)
    if not name and (wanted.uid or wanted.groups or wanted.extra):
        asked = [*wanted.groups, *wanted.extra, wanted.uid]
        raise BadRequest(f"requested {[part for part in asked if part]} without impersonating a user")
    return wanted


def _questions(user: User, wanted: User) -> Iterator[Attributes]:
    account = split_account(wanted.name)
    if account:
        yield _question(user, "serviceaccounts", account[1], namespace=account[0])
    elif wanted.name:
        yield _question(user, "users", wanted.name)
    for group in wanted.groups:
        yield _question(user, "groups", group)
    for key, values in wanted.extra.items():
        for value in values:
            yield _question(user, "userextras", value, _AUTHENTICATION_GROUP, subresource=key)
    if wanted.uid:
        yield _question(user, "uids", wanted.uid, _AUTHENTICATION_GROUP)


def _question(
    user: User, resource: str, name: str, group: str = "", *, namespace: str = "", subresource: str = ""
) -> Attributes:
    version = "v1" if group else ""
    return Attributes(user, "impersonate", group, version, resource, subresource, namespace, name)


def with_implied_groups(wanted: User) -> User:
    """Groups that are not asked for: those of a service account, and of all (un)authenticated users."""
    groups = wanted.groups
    account = split_account(wanted.name)
    if account and not groups:
        groups = account_groups(account[0])
    if wanted.name == ANONYMOUS:
        implied = UNAUTHENTICATED_GROUP
        complete = UNAUTHENTICATED_GROUP in groups
    else:
        implied = AUTHENTICATED_GROUP
        complete = AUTHENTICATED_GROUP in groups or UNAUTHENTICATED_GROUP in groups
    return User(wanted.name, wanted.uid, groups if complete else (*groups, implied), wanted.extra)


def _value(headers: Headers, name: str) -> str:
    found = headers.get(name, "")
    return found if isinstance(found, str) else next(iter(found), "")


def _values(header: str | list[str]) -> list[str]:
    """One by one, as they were sent; in one text repeated headers are joined with commas."""
    if not isinstance(header, str):
        return [value for value in header if value]
    return [value.strip() for value in header.split(",") if value.strip()]
