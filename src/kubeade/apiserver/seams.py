"""What the request pipeline asks of its neighbours: who is it, may he, and is the object acceptable.

The pipeline (`server.py`) owns the order - authentication, authorization, mutating admission, defaults and
validation, validating admission, ledger - and knows nothing of certificates, roles or plugins. Those
are injected and keep these contracts. Whatever refuses raises an `api.errors.ApiError`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from kubeade.api.resource import Object, Resource
from kubeade.api.schema_node import Node
from kubeade.apiserver.admission.reinvocation import Reinvocation
from kubeade.lib.http.message import Request


@dataclass(frozen=True, slots=True)
class User:
    """Who asks (upstream: authentication user.Info). `extra` maps a key to its values."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Authenticator(Protocol):
    """Turns credentials into a user."""

    async def authenticate(self, request: Request) -> User | None:
        """The user; None (answered with 401) where nothing in the request names one.

        A server that admits anonymous requests has an authenticator that returns that user itself.
        Raises Unauthorized for credentials that are there and wrong.
        """
        ...


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is to be allowed (upstream: authorizer.Attributes). `verb` is the API verb, or the HTTP
    method in lower case when `resource_request` is False (then only `path` counts)."""

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    resource_request: bool = True
    field_selector: str = ""
    label_selector: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed, and why (shown to the user when it is not). `denied`: whatever other
    authorizers would say."""

    allowed: bool
    reason: str = ""
    denied: bool = False


class Authorizer(Protocol):
    async def authorize(self, attributes: Attributes) -> Decision: ...


class Operation(Enum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    CONNECT = "CONNECT"


@dataclass(slots=True)
class AdmissionAttributes:
    """One change on its way in (upstream: admission.Attributes).

    `object` is this request's own copy: `mutate` changes it in place or replaces it. It is None for DELETE.
    `old_object` may be shared: it is only read. For a subresource with a body of another kind (Binding,
    Eviction, Scale, TokenRequest), `kind` and `object` are that body's. Texts appended to `warnings` reach
    the client as Warning headers, `audit_annotations` the audit log.
    """

    operation: Operation
    user: User
    resource: Resource
    kind: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    object: Object | None = None
    old_object: Object | None = None
    options: Object = field(default_factory=dict)
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)
    audit_annotations: dict[str, str] = field(default_factory=dict)
    kinds: "Kinds | None" = None
    reinvocation: Reinvocation | None = None


class Kinds(Protocol):
    """What dynamic admission asks about the kinds that are served."""

    def equivalents(self, resource: Resource, subresource: str) -> list[Resource]:
        """The other versions (and groups) of a resource that say the same objects."""
        ...

    def by_kind(self, api_version: str, kind: str) -> Resource | None: ...

    async def convert(self, obj: Object, target: Resource) -> Object:
        """The object as `target` says it. What is no object of that resource stays as it is."""
        ...

    def completed(self, resource: Resource, obj: Object) -> Object:
        """A changed object, without what its schema does not know and with defaults. Raises BadRequest."""
        ...

    def node(self, resource: Resource) -> Node:
        """The resource's schema."""
        ...


class Admission(Protocol):
    """May change, then may refuse (raise) what authenticated and authorized users ask for.

    An update that is retried after a conflict is admitted again, on the newer object.
    """

    async def mutate(self, attributes: AdmissionAttributes) -> None: ...

    async def validate(self, attributes: AdmissionAttributes) -> None: ...


class Reader(Protocol):
    """Objects as the server's own cache has them: at least as new as every acknowledged write.

    Answers at once, without I/O. Objects are decoded for the call: the caller may keep them, not expect
    to find the same one again. `apiserver.storage.Storage` is the implementation.
    """

    def read(self, resource: Resource, name: str, namespace: str = "") -> Object | None: ...

    def read_all(self, resource: Resource, namespace: str = "") -> Iterable[Object]:
        """All of a namespace, or everything; in key order."""
        ...

    def generation(self, group: str, plural: str) -> int:
        """Rises whenever any object of that resource changes: what is derived from them is then stale."""
        ...

    def subscribe(self, resource: Resource, changed: Callable[[str, str], None]) -> None:
        """Call `changed(namespace, name)` after every later change, once `read` sees it and before the
        write is acknowledged. Only the key: who follows a resource reads what he needs, when he needs it.
        An empty name stands for "anything may have changed"."""
        ...


class Writer(Protocol):
    """The server's own writes: through the whole pipeline, as a system user. Raises ApiError."""

    async def create(self, resource: Resource, object: Object) -> Object: ...

    async def update(self, resource: Resource, object: Object, subresource: str = "") -> Object: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a `Responder` gets: who asks, of which object (for a subresource), and the decoded body."""

    user: User
    namespace: str
    name: str
    body: Object
    dry_run: bool = False


Responder = Callable[[Question], Awaitable[Object]]
"""Answers a POST that stores nothing: TokenReview, SubjectAccessReview, serviceaccounts/token, ...

Registered by (group, plural, subresource) in `ApiServerConfig.responders`; the answer goes out with 201.
"""
