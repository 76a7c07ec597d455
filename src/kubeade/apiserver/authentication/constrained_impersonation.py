"""Acting as somebody else for some requests only (KEP-5284, on by default since 1.36).

Besides the verb `impersonate`, which lets one do all that the other may, there are modes: with
`impersonate:user-info` on the user and `impersonate-on:user-info:list` on pods one may list pods as him, and
nothing else. The modes are tried first, each for its own kind of users; what none allows, the old verb may.
https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
"""

from collections.abc import Iterator
from dataclasses import replace

from kubeade.api.errors import Forbidden
from kubeade.api.validation.names import dns_subdomain
from kubeade.apiserver.authentication.impersonation import (
    Headers,
    check_allowed,
    impersonated,
    wanted_user,
    with_implied_groups,
)
from kubeade.apiserver.authentication.users import split_account
from kubeade.apiserver.authorization.escalation import SUPERUSERS_GROUP
from kubeade.apiserver.authorization.forbidden import forbidden
from kubeade.apiserver.authorization.node import NODE_USER_PREFIX, NODES_GROUP
from kubeade.apiserver.seams import Attributes, Authorizer, User

_GROUP = "authentication.k8s.io"
_NODE_NAME = "authentication.kubernetes.io/node-name"
_NODE_KEYS = "authentication.kubernetes.io/associated-node-keys"


async def impersonated_for(request: Attributes, headers: Headers, authorizer: Authorizer) -> tuple[User, str]:
    """The user that the headers ask for, and the right that made him so ("": the old one).

    `request` is what is asked, by the one who asks. Raises BadRequest, Forbidden.
    """
    wanted = wanted_user(headers)
    refusal: Forbidden | None = None
    for mode in _modes(request.user, wanted):
        try:
            return await _in_mode(mode, request, wanted, authorizer), f"impersonate:{mode}"
        except Forbidden as error:
            refusal = refusal or error
    try:
        return await impersonated(request.user, headers, authorizer), ""
    except Forbidden as error:
        raise refusal or error from None


def _modes(user: User, wanted: User) -> Iterator[str]:
    """Those for such a user, the narrowest first."""
    only_name = not (wanted.uid or wanted.groups or wanted.extra)
    node = _node_name(wanted.name)
    account = split_account(wanted.name)
    if node and only_name:
        if split_account(user.name) and user.extra.get(_NODE_NAME) == (node,):
            yield "associated-node"
        yield "arbitrary-node"
    elif account and only_name:
        yield "serviceaccount"
    elif wanted.name and not node and not account:
        yield "user-info"


async def _in_mode(mode: str, request: Attributes, wanted: User, authorizer: Authorizer) -> User:
    user = request.user
    if mode == "associated-node":  # whichever of its nodes: what tells them apart is not asked about
        user = replace(user, extra={_NODE_KEYS: tuple(sorted(user.extra))})
    await check_allowed(authorizer, replace(request, user=user, verb=f"impersonate-on:{mode}:{request.verb}"))
    for question in _questions(mode, user, wanted):
        await check_allowed(authorizer, question)
    if mode.endswith("node"):
        wanted = replace(wanted, groups=(NODES_GROUP,))
    return with_implied_groups(wanted)


def _questions(mode: str, user: User, wanted: User) -> Iterator[Attributes]:
    def question(resource: str, name: str, namespace: str = "", subresource: str = "") -> Attributes:
        verb = f"impersonate:{mode}"
        return Attributes(user, verb, _GROUP, "v1", resource, subresource, namespace, name)

    account = split_account(wanted.name)
    if mode == "associated-node":
        yield question("nodes", "*")
    elif mode == "arbitrary-node":
        yield question("nodes", _node_name(wanted.name))
    elif account:
        yield question("serviceaccounts", account[1], account[0])
    else:
        yield question("users", wanted.name)
    if wanted.uid:
        yield question("uids", wanted.uid)
    for group in wanted.groups:
        if group == SUPERUSERS_GROUP:
            why = f"impersonating the {group} group is not allowed"
            raise forbidden(question("groups", group), why)
        yield question("groups", group)
    for key, values in wanted.extra.items():
        for value in values:
            yield question("userextras", value, subresource=key)


def _node_name(name: str) -> str:
    """The node that a user of this name is, or ""."""
    node = name.removeprefix(NODE_USER_PREFIX)
    return node if name.startswith(NODE_USER_PREFIX) and not dns_subdomain(node) else ""
