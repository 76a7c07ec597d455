"""What a verb works with: the request as understood so far, and the parts of the server it may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubeade.api.catalogue import Catalogue
from kubeade.api.decoding import Decoder
from kubeade.api.errors import NotFound
from kubeade.api.resource import Object, Resource
from kubeade.api.resource_type import ResourceType
from kubeade.api.schema import Schema
from kubeade.api.validation import ValidationOptions
from kubeade.apiserver.custom_resources import CustomResources
from kubeade.apiserver.negotiation import PLAIN, Form
from kubeade.apiserver.options import Options, operation_options
from kubeade.apiserver.protobuf_answers import ProtobufAnswers
from kubeade.apiserver.request_info import RequestInfo
from kubeade.apiserver.seams import (
    Admission,
    AdmissionAttributes,
    Authorizer,
    Kinds,
    Operation,
    Responder,
    User,
)
from kubeade.apiserver.storage import Storage
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Request
from kubeade.lib.ids import Ids
from kubeade.store.ledger import Record


@dataclass(frozen=True, slots=True)
class Backend:
    """The parts of the server that all verbs share."""

    storage: Storage
    catalogue: Catalogue
    schema: Schema
    decoder: Decoder
    protobuf: ProtobufAnswers
    validation: ValidationOptions
    customs: CustomResources
    admission: Admission
    authorizer: Authorizer
    clock: Clock
    ids: Ids
    kinds: Kinds
    responders: Mapping[tuple[str, str, str], Responder]


@dataclass(slots=True)
class Call:
    """One authorized request for a resource. `warnings` become Warning headers, `audit_annotations` part of
    the audit log."""

    backend: Backend
    request: Request
    info: RequestInfo
    type: ResourceType
    user: User
    options: Options = field(default_factory=Options)
    form: Form = PLAIN
    warnings: list[str] = field(default_factory=list)
    audit_annotations: dict[str, str] = field(default_factory=dict)
    converted: dict[bytes, bytes] = field(default_factory=dict)
    """What a conversion webhook made of stored bytes, for the answer that is being made."""

    @property
    def resource(self) -> Resource:
        """As the request names it."""
        return self.type.resource

    @property
    def stored(self) -> Resource:
        """As the ledger keeps it."""
        assert self.type.storage is not None
        return self.type.storage

    def record(self) -> Record:
        """The object that the request names. Raises NotFound."""
        found = self.backend.storage.find(self.stored, self.info.name, self.info.namespace)
        if found is None:
            raise self.not_found(self.info.name)
        return found

    def not_found(self, name: str) -> NotFound:
        return NotFound.of(self.type.plural, name, self.type.group)

    def admission_attributes(
        self, operation: Operation, obj: Object | None, old: Object | None, name: str = "", kind: str = ""
    ) -> AdmissionAttributes:
        return AdmissionAttributes(
            operation=operation,
            user=self.user,
            resource=self.resource,
            kind=kind or self.type.kind,
            namespace=self.info.namespace,
            name=name or self.info.name,
            subresource=self.info.subresource,
            object=obj,
            old_object=old,
            options=operation_options(operation, self.info.verb, self.options),
            dry_run=self.options.dry_run,
            warnings=self.warnings,
            audit_annotations=self.audit_annotations,
            kinds=self.backend.kinds,
        )
