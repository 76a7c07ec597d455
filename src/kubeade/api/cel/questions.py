"""What an expression asks the authorizer, and what it is told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """What may be done? By the user of the request, unless a service account is named."""

    verb: str = ""
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    field_selector: str = ""
    label_selector: str = ""
    service_account: str = ""
    """As `namespace/name`."""


@dataclass(frozen=True, slots=True)
class Answer:
    allowed: bool
    reason: str = ""
    error: str = ""
