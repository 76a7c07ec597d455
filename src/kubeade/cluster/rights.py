"""Who says what is allowed, from flags and files to what the API server asks, in order.

Most clusters have only their own roles: each further part is imported where it is ordered.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeade.apiserver.authorization.authorizer import Members
from kubeade.apiserver.seams import Authorizer
from kubeade.cluster.access import Rights, WebhookFile
from kubeade.cluster.users import webhook_place
from kubeade.lib.clock import Clock

if TYPE_CHECKING:
    from kubeade.apiserver.authorization.config import Webhook
    from kubeade.apiserver.authorization.webhook import AuthorizationWebhook


@dataclass(frozen=True, slots=True)
class FoundRights:
    """Whom to ask; `webhooks` are to be closed."""

    members: Members
    webhooks: "list[AuthorizationWebhook]" = field(default_factory=list)

    async def close(self) -> None:
        for webhook in self.webhooks:
            await webhook.close()


def find_rights(rights: Rights, clock: Clock) -> FoundRights:
    """Raises ConfigError, OSError."""
    if rights.configuration:
        return _configured(rights, clock)
    members: list[str | Authorizer] = []
    webhooks = []
    for mode in rights.modes:
        if mode == "Webhook":
            webhooks.append(_of_flags(rights, clock))
            members.append(webhooks[-1])
        else:
            members.append(_policies(rights) if mode == "ABAC" else mode)
    return FoundRights(members, webhooks)


def _configured(rights: Rights, clock: Clock) -> FoundRights:
    from kubeade.apiserver.authorization.config import read_configuration

    members: list[str | Authorizer] = []
    webhooks = []
    for number, entry in enumerate(read_configuration(rights.configuration).authorizers):
        if entry.webhook is not None:
            place = f"{rights.configuration}: authorizers[{number}].webhook"
            webhooks.append(_of_entry(place, entry.webhook, clock))
            members.append(webhooks[-1])
        else:
            members.append(_policies(rights) if entry.type == "ABAC" else entry.type)
    return FoundRights(members, webhooks)


def _policies(rights: Rights) -> Authorizer:
    from kubeade.apiserver.authorization.abac import read_policies
    from kubeade.apiserver.config_file import ConfigError

    if not rights.policy_file:
        raise ConfigError("ABAC needs --authorization-policy-file")
    return read_policies(rights.policy_file)


def _of_flags(rights: Rights, clock: Clock) -> "AuthorizationWebhook":
    from kubeade.apiserver.authorization.webhook import AnswerTimes, AuthorizationWebhook, WebhookTerms

    assert rights.webhook is not None
    times = AnswerTimes(rights.authorized_seconds, rights.unauthorized_seconds)
    return AuthorizationWebhook(webhook_place(rights.webhook), clock, WebhookTerms(times))


def _of_entry(place: str, entry: "Webhook", clock: Clock) -> "AuthorizationWebhook":
    from kubeade.api.cel.errors import CompileError
    from kubeade.apiserver.authorization.config import seconds
    from kubeade.apiserver.authorization.webhook import (
        AnswerTimes,
        AuthorizationWebhook,
        WebhookTerms,
        compiled_condition,
    )
    from kubeade.apiserver.config_file import ConfigError

    try:
        conditions = [compiled_condition(each.expression) for each in entry.match_conditions]
    except CompileError as error:
        raise ConfigError(f"{place}.matchConditions: {error}") from error
    times = AnswerTimes(
        seconds(entry.authorized_ttl) if entry.cache_authorized_requests else 0.0,
        seconds(entry.unauthorized_ttl) if entry.cache_unauthorized_requests else 0.0,
    )
    terms = WebhookTerms(times, seconds(entry.timeout), entry.failure_policy == "Deny", conditions)
    file = WebhookFile(entry.connection_info.kube_config_file, entry.subject_access_review_version)
    return AuthorizationWebhook(webhook_place(file), clock, terms)
