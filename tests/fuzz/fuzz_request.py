"""One request of the fuzzer's."""

from dataclasses import dataclass, field

NAMESPACE = "fuzz"


@dataclass(slots=True)
class FuzzRequest:
    """One request to be sent; `authenticated` with the administrator's certificate."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    authenticated: bool = True
    after: bytes = b""
    """What is sent on a connection that was upgraded."""
