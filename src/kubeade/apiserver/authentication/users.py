"""The names and groups that Kubernetes gives its users by rule."""

import re

from kubeade.apiserver.seams import User

ANONYMOUS = "system:anonymous"
AUTHENTICATED_GROUP = "system:authenticated"
UNAUTHENTICATED_GROUP = "system:unauthenticated"
ACCOUNT_PREFIX = "system:serviceaccount:"
ACCOUNTS_GROUP = "system:serviceaccounts"
CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"

ANONYMOUS_USER = User(ANONYMOUS, groups=(UNAUTHENTICATED_GROUP,))

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ACCOUNT = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


def account_name(namespace: str, name: str) -> str:
    """`system:serviceaccount:shop:seller`."""
    return f"{ACCOUNT_PREFIX}{namespace}:{name}"


def account_groups(namespace: str) -> tuple[str, ...]:
    return (ACCOUNTS_GROUP, f"{ACCOUNTS_GROUP}:{namespace}")


def split_account(user_name: str) -> tuple[str, str] | None:
    """Namespace and name of the service account that this user is, if it is one."""
    namespace, _, name = user_name.removeprefix(ACCOUNT_PREFIX).partition(":")
    is_account = user_name.startswith(ACCOUNT_PREFIX)
    if is_account and _NAMESPACE.fullmatch(namespace) and _ACCOUNT.fullmatch(name):
        return namespace, name
    return None


def authenticated(user: User) -> User:
    """The same user, in the group of all that are authenticated."""
    if AUTHENTICATED_GROUP in user.groups or UNAUTHENTICATED_GROUP in user.groups:
        return user
    return User(user.name, user.uid, (*user.groups, AUTHENTICATED_GROUP), user.extra)


def user_info(user: User) -> dict[str, object]:
    """The `UserInfo` object (authentication/v1)."""
    info = {
        "username": user.name,
        "uid": user.uid,
        "groups": list(user.groups),
        "extra": {key: list(values) for key, values in user.extra.items()},
    }
    return {key: value for key, value in info.items() if value}
