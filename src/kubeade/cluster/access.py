"""Who may come in and what is kept of it, as somebody ordered it for this start: files and limits by name.

Nothing of it is kept with the cluster: like kube-apiserver's flags, it is said at every start.
"""

from dataclasses import dataclass, field

from kubeade.apiserver.audit.delivery import Delivery, Truncation
from kubeade.apiserver.audit.rotation import Retention
from kubeade.apiserver.fairness.limits import RequestLimits

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class OidcFlags:
    """One OpenID issuer, as kube-apiserver's --oidc-* flags say it. A prefix of "-" is none."""

    issuer_url: str = ""
    client_id: str = ""
    username_claim: str = "sub"
    username_prefix: str = ""
    groups_claim: str = ""
    groups_prefix: str = ""
    authority_file: str = ""
    required_claims: tuple[tuple[str, str], ...] = ()
    signing_algorithms: tuple[str, ...] = ("RS256",)


@dataclass(frozen=True, slots=True)
class WebhookFile:
    """A webhook of access: a kubeconfig that says where it is, and the version to speak."""

    kubeconfig: str
    version: str = "v1beta1"


@dataclass(frozen=True, slots=True)
class AuditFiles:
    """The audit policy, and where events go: to a file, a webhook or both. Without a policy there is no audit
    log."""

    policy: str = ""
    log: str = ""
    retention: Retention = field(default_factory=Retention)
    log_truncation: Truncation | None = None
    webhook: WebhookFile | None = None
    webhook_truncation: Truncation | None = None
    delivery: Delivery = field(default_factory=Delivery)


@dataclass(frozen=True, slots=True)
class Users:
    """Who may come in besides the cluster's own users."""

    static_tokens: str = ""
    oidc: OidcFlags | None = None
    configuration: str = ""
    webhook: WebhookFile | None = None
    webhook_kept_seconds: float = 120.0
    anonymous: bool = True


@dataclass(frozen=True, slots=True)
class Rights:
    """Who says what is allowed, in this order; or as `configuration`, a file, says it."""

    modes: tuple[str, ...] = ("Node", "RBAC")
    webhook: WebhookFile | None = None
    authorized_seconds: float = 300.0
    unauthorized_seconds: float = 30.0
    policy_file: str = ""
    configuration: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    audit: AuditFiles = field(default_factory=AuditFiles)
    users: Users = field(default_factory=Users)
    rights: Rights = field(default_factory=Rights)
    encryption: str = ""
    encryption_reload: bool = False
    limits: RequestLimits = field(default_factory=RequestLimits)
