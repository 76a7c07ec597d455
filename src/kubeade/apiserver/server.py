"""The API server: from a request to its answer.

The journey of `POST /api/v1/namespaces/default/pods`:

 1. `lib.http.server` (or an in-process transport) hands a `Request` to `ApiServer.handle`.
 2. `request_info` reads group, version, namespace, resource, name and verb from path and method.
 3. The injected `Authenticator` says who asks; `impersonation` may put somebody else in his place.
 4. The injected `Authorizer` allows it, or the answer is 403.
 5. `endpoints` answers what is no resource (/version, /healthz, /metrics, discovery, OpenAPI); `routing`
    finds the verb or subresource handler for what is one.
 6. The verb (`verbs/create`) decodes the `body`, applies `rules` around the injected `Admission`,
 7. and writes through `storage` to the ledger, which stamps the revision into the bytes and acknowledges when
    they are on disk; `cache` has them by then, and every watcher is sent them.
 8. `responses` sends the stored bytes, as they are or as a Table.

Every refusal on the way is an `ApiError`; here, and only here, it becomes a Status.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from kubeade.api.catalogue import Catalogue
from kubeade.api.decoding import Decoder
from kubeade.api.errors import (
    ApiError,
    BadRequest,
    InternalError,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    ServiceUnavailable,
    Timeout,
    Unauthorized,
    UnsupportedMediaType,
)
from kubeade.api.openapi import OpenApi
from kubeade.api.schema import DEFAULT_VERSION, Schema
from kubeade.api.validation import ValidationOptions
from kubeade.apiserver.aggregation import Aggregator
from kubeade.apiserver.audit.trail import Auditor, Trail, attributes_of
from kubeade.apiserver.authentication.constrained_impersonation import impersonated_for
from kubeade.apiserver.authentication.impersonation import impersonated, impersonates
from kubeade.apiserver.authorization.forbidden import forbidden
from kubeade.apiserver.body import read_whole
from kubeade.apiserver.call import Backend, Call
from kubeade.apiserver.custom_resources import CustomResources
from kubeade.apiserver.custom_resources.conversion import Conversions
from kubeade.apiserver.custom_resources.settling import Settling
from kubeade.apiserver.discovery_endpoint import DiscoveryEndpoint
from kubeade.apiserver.endpoints import Endpoints, json_response, version_info
from kubeade.apiserver.fairness.gate import build_gate
from kubeade.apiserver.fairness.limits import RequestLimits
from kubeade.apiserver.health import PATHS, Health
from kubeade.apiserver.kinds import ServedKinds
from kubeade.apiserver.metrics import Metrics
from kubeade.apiserver.negotiation import PROTOBUF, negotiate, refusal_type
from kubeade.apiserver.openapi_endpoint import OpenApiEndpoint
from kubeade.apiserver.options import read_options
from kubeade.apiserver.protobuf_answers import ProtobufAnswers
from kubeade.apiserver.protobuf_body import accept_protobuf
from kubeade.apiserver.request_info import RequestInfo, proxied, read_request_info
from kubeade.apiserver.responses import error_response
from kubeade.apiserver.routing import route
from kubeade.apiserver.seams import (
    Admission,
    Attributes,
    Authenticator,
    Authorizer,
    Responder,
    User,
)
from kubeade.apiserver.storage import Storage
from kubeade.apiserver.subresources.built_in import built_in_subresources
from kubeade.apiserver.webhooks.client import WebhookClient
from kubeade.apiserver.writer import PipelineWriter
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Request, Response
from kubeade.lib.ids import Ids
from kubeade.store.ledger import LedgerClosed, LedgerFailed, LedgerFull, OutcomeUnknown

_log = logging.getLogger(__name__)
_LEDGER_FULL = "the ledger is full: free disk space or raise its quota"
_INTERNAL = "an error on the server has prevented the request from succeeding"
_CONSTRAINED_IMPERSONATION_SINCE = 36
_OPTION_KINDS = {
    "create": "CreateOptions",
    "update": "UpdateOptions",
    "patch": "PatchOptions",
    "delete": "DeleteOptions",
    "deletecollection": "DeleteOptions",
}


@dataclass(frozen=True, slots=True)
class ApiServerConfig:
    """What to serve. Without a catalogue: all built-in resources of `kubernetes_version`.

    `responders` answer what is not stored (reviews, tokens), by (group, plural, subresource). Without an
    `aggregator` all that is served is served here; without an `auditor` no audit log is kept,
    without `limits` no request waits for others.
    """

    kubernetes_version: str = DEFAULT_VERSION
    address: str = "127.0.0.1:6443"
    catalogue: Catalogue | None = None
    schema: Schema | None = None
    validation: ValidationOptions = field(default_factory=ValidationOptions)
    responders: Mapping[tuple[str, str, str], Responder] = field(default_factory=dict)
    aggregator: Aggregator | None = None
    auditor: Auditor | None = None
    limits: RequestLimits | None = None


class ApiServer:
    """`handle` is a `lib.http.message.Handler`: put it behind a socket or an in-process transport.

    The storage comes first, since authorizer and admission read from it: `Storage.on(ledger)`.
    """

    def __init__(
        self,
        config: ApiServerConfig,
        storage: Storage,
        clock: Clock,
        ids: Ids,
        authenticator: Authenticator,
        authorizer: Authorizer,
        admission: Admission,
    ) -> None:
        self.storage = storage
        self.catalogue = config.catalogue or Catalogue.built_in(config.kubernetes_version)
        self.schema = config.schema or Schema.load(config.kubernetes_version)
        self.health = Health()
        self.endpoints = Endpoints()
        self.metrics = Metrics()
        self.subresources = built_in_subresources()
        self._aggregator = config.aggregator
        self._auditor = config.auditor
        minor = int(config.kubernetes_version.split(".")[1])
        self._constrained_impersonation = minor >= _CONSTRAINED_IMPERSONATION_SINCE
        self._gate = build_gate(config.limits, storage, self._covered) if config.limits else None
        self._authenticator = authenticator
        self._webhooks = WebhookClient(storage)
        self._customs = CustomResources(
            storage, self.catalogue, self.schema, Conversions(self._webhooks, ids)
        )
        self._definitions = Settling(storage, clock)
        self._settling: asyncio.Task[None] | None = None
        self._protobuf = ProtobufAnswers(self.schema)
        decoder = Decoder(self.schema)
        self._backend = Backend(
            storage=storage,
            catalogue=self.catalogue,
            schema=self.schema,
            decoder=decoder,
            protobuf=self._protobuf,
            validation=config.validation,
            customs=self._customs,
            admission=admission,
            authorizer=authorizer,
            clock=clock,
            ids=ids,
            kinds=ServedKinds(self.catalogue, self.schema, decoder, self._customs),
            responders=config.responders,
        )
        self._add_endpoints(config)

    def _add_endpoints(self, config: ApiServerConfig) -> None:
        version = json_response(version_info(config.kubernetes_version))
        self.endpoints.add("version", lambda _: version)
        for path in PATHS:
            self.endpoints.add(path, self.health.answer)
        self.endpoints.add("metrics", self._metrics)
        discovery = DiscoveryEndpoint(self.catalogue, config.address, config.aggregator)
        self.endpoints.add("api", discovery.answer)
        self.endpoints.add("apis", discovery.answer)
        documents = OpenApi(self.schema, self.catalogue)
        self.endpoints.add("openapi", OpenApiEndpoint(documents, config.aggregator).answer)

    def _metrics(self, _: Request) -> Response:
        cache = self.storage.cache
        gauges = {
            "apiserver_storage_objects": cache.counts(),
            "apiserver_longrunning_requests": {'verb="WATCH"': float(cache.subscriptions)},
            "apiserver_storage_revision": {"": float(cache.revision)},
        }
        if self._auditor is not None:
            gauges.update(self._auditor.counts())
        if self._gate is not None:
            gauges.update(self._gate.gauges())
        text = self.metrics.text(gauges).encode()
        return Response(200, [("content-type", "text/plain; version=0.0.4; charset=utf-8")], text)

    def error_page(self, status: int, message: str) -> Response:
        """What the socket's server answers when no request came to be (`lib.http.server`)."""
        errors = {400: BadRequest, 405: MethodNotAllowed, 413: RequestEntityTooLarge, 500: InternalError}
        return error_response(errors.get(status, ApiError)(message, code=status))

    async def start(self) -> None:
        """Load the cache; after this requests are answered."""
        await self.storage.cache.start()
        settling = self._definitions.run(PipelineWriter(self.handle))
        self._settling = asyncio.get_running_loop().create_task(settling, name="custom-resources")

    async def stop(self) -> None:
        """End all watches and stop following the ledger, which stays open."""
        self.health.stopping = True
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.wait([self._settling])
        await self.storage.cache.stop()
        await self._webhooks.close()

    def streams(self, target: str) -> bool:
        """Whether what is sent there is passed on, so that nothing here needs all of it."""
        if proxied(target):
            return True
        return self._aggregator is not None and self._aggregator.find(target.partition("?")[0]) is not None

    async def handle(self, request: Request) -> Response:
        """Answer; never raises."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        trail = self._auditor.open(request) if self._auditor else None
        try:
            info = read_request_info(request)
        except ApiError as error:
            info = RequestInfo(False, request.path, request.method.lower())
            response = self._refusal(request, error)
        else:
            response = await self._settled(request, self._answer(request, info, trail))
        self.metrics.observe(self._labels(info), response.status, loop.time() - started)
        if trail is not None:
            trail.finish(response)
            if trail.unkept:
                await trail.keep()
        return response

    async def _settled(self, request: Request, answer: Awaitable[Response]) -> Response:
        """The answer, or what a refusal of it is told as."""
        try:
            return await answer
        except ApiError as error:
            return self._refusal(request, error)
        except LedgerFull:
            return self._refusal(request, ServiceUnavailable(_LEDGER_FULL))
        except OutcomeUnknown as error:
            return self._refusal(request, Timeout(f"no word from the store: {error}"))
        except LedgerFailed as error:
            return self._refusal(request, InternalError(f"the ledger did not keep it: {error}"))
        except RecursionError:
            return self._refusal(request, BadRequest("what was sent is nested too deeply"))
        except LedgerClosed:
            return self._refusal(request, ServiceUnavailable("the server is shutting down"))
        except Exception:  # noqa: BLE001 - the last line of defence: a bug in one verb must not end others
            _log.exception("%s %s failed", request.method, request.path)
            return self._refusal(request, InternalError(_INTERNAL))

    def _refusal(self, request: Request, error: ApiError) -> Response:
        protobuf = refusal_type(request.headers.get("accept", "")) == PROTOBUF
        return error_response(error, self._protobuf if protobuf else None)

    async def _answer(self, request: Request, info: RequestInfo, trail: Trail | None) -> Response:
        user = await self._user(request, info, trail)
        if trail is not None:
            trail.begin(attributes_of(user, info))
            if trail.unkept and not await trail.keep():
                raise InternalError("Internal error occurred: failed to store audit event")
        if impersonates(request.headers):
            user, constraint = await self._impersonated(user, request, info)
            if trail is not None:
                trail.impersonate(user, constraint)
        if self._gate is None:
            return await self._worked_on(request, info, user, trail)
        return await self._gate.admit(
            user, info, request, lambda: self._settled(request, self._worked_on(request, info, user, trail))
        )

    async def _worked_on(
        self, request: Request, info: RequestInfo, user: User, trail: Trail | None
    ) -> Response:
        await self._authorize(user, info, request, trail)
        extension = self._aggregator.find(request.path) if self._aggregator else None
        if self._aggregator and extension:
            return await self._aggregator.pass_on(extension, request, user)
        if request.stream is not None and info.subresource != "proxy":
            request.body = await read_whole(request.stream)  # since it came, its APIService has gone
        if not info.resource_request:
            return await self.endpoints.answer(request)
        return await self._resource(request, info, user, trail)

    async def _impersonated(self, user: User, request: Request, info: RequestInfo) -> tuple[User, str]:
        """Whom the headers ask for, and the right that limits it."""
        headers = {name: request.values(name) for name in request.headers}
        authorizer = self._backend.authorizer
        if self._constrained_impersonation:
            return await impersonated_for(attributes_of(user, info), headers, authorizer)
        return await impersonated(user, headers, authorizer), ""

    async def _user(self, request: Request, info: RequestInfo, trail: Trail | None) -> User:
        if isinstance(request.identity, User):
            return request.identity
        try:
            user = await self._authenticator.authenticate(request)
            if user is None:
                raise Unauthorized("Unauthorized")
        except Unauthorized:
            if trail is not None:
                trail.reject_stranger(info)
            raise
        return user

    async def _authorize(self, user: User, info: RequestInfo, request: Request, trail: Trail | None) -> None:
        field_selector, label_selector = _selectors(request.query_string)
        attributes = Attributes(
            user,
            info.verb,
            info.group,
            info.version,
            info.resource,
            info.subresource,
            info.namespace,
            info.name or _selected_name(field_selector),
            info.path,
            info.resource_request,
            field_selector,
            label_selector,
        )
        decision = await self._backend.authorizer.authorize(attributes)
        if trail is not None:
            trail.decide(decision)
        if not decision.allowed:
            raise forbidden(attributes, decision.reason)

    async def _resource(
        self, request: Request, info: RequestInfo, user: User, trail: Trail | None
    ) -> Response:
        found = self.catalogue.find(info.group, info.version, info.resource)
        if self.storage.ledger.shared and (found is None or "resourceVersion=" not in request.query_string):
            await self.storage.refresh()
            found = self.catalogue.find(info.group, info.version, info.resource)
        if found is None:
            raise NotFound("the server could not find the requested resource", details={})
        if info.subresource == "proxy":  # query, Accept and body are for whom the request goes to
            return await route(Call(self._backend, request, info, found, user), self.subresources)
        options = read_options(request.query_string, _OPTION_KINDS.get(info.verb, "ListOptions"))
        form = negotiate(request.headers.get("accept", ""), custom=found.custom)
        call = Call(self._backend, request, info, found, user, options, form)
        accept_protobuf(call)
        if trail is not None:
            call.audit_annotations = trail.annotations
            trail.read(call.request)
        custom = self._customs.find(found.resource)
        if custom is not None and custom.deprecation_warning:
            call.warnings.append(custom.deprecation_warning)
        try:
            return await route(call, self.subresources)
        except ApiError as error:
            if not isinstance(error, UnsupportedMediaType) or info.verb != "patch":
                error.warnings = call.warnings  # upstream does not even look at a patch that is none
            raise

    def _covered(self, info: RequestInfo) -> int:
        """How many objects a list or watch is about."""
        found = self.catalogue.find(info.group, info.version, info.resource)
        if found is None or found.storage is None:
            return 0
        return self.storage.count(found.storage, info.namespace)

    def _labels(self, info: RequestInfo) -> tuple[str, str, str, str, str, str]:
        """How /metrics tells requests apart. What is not in the catalogue is not told apart: clients could
        make up any number of names."""
        found = self.catalogue.find(info.group, info.version, info.resource)
        if found is None:
            return info.verb.upper(), "", "", "", "", ""
        scope = "resource" if info.name else "namespace" if info.namespace else "cluster"
        subresource = info.subresource if info.subresource in found.subresources else ""
        return info.verb.upper(), info.group, info.version, info.resource, subresource, scope


def _selectors(query_string: str) -> tuple[str, str]:
    """The field and label selectors of a list, watch or deletion, which authorizers may look at."""
    if "Selector" not in query_string:
        return "", ""
    query = dict(parse_qsl(query_string))
    return query.get("fieldSelector", ""), query.get("labelSelector", "")


def _selected_name(field_selector: str) -> str:
    """A list or watch of one name asks about that object (upstream: RequestInfoFactory)."""
    _, found, name = field_selector.partition("metadata.name=")
    return name.removeprefix("=").partition(",")[0] if found else ""
