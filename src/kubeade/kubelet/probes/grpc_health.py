"""The standard gRPC health check (grpc.health.v1.Health/Check), without generated code.

Its two messages have one field each, so they are written and read by hand; grpcio is imported only where a
pod has such a probe.
"""

SERVING = 1
STATUS_NAMES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


async def check(address: str, port: int, service: str, timeout_seconds: float) -> tuple[bool, str]:
    """Whether the service serves, and words for people where it does not."""
    import grpc.aio

    host = f"[{address}]" if ":" in address else address
    try:
        async with grpc.aio.insecure_channel(f"{host}:{port}") as channel:
            call = channel.unary_unary("/grpc.health.v1.Health/Check", _encode, _decode)
            status = await call(service, timeout=timeout_seconds, wait_for_ready=True)
    except grpc.aio.AioRpcError as error:
        return False, _explain(error.code().name, host, port, error.details() or "")
    if status == SERVING:
        return True, "service healthy"
    name = STATUS_NAMES.get(status, str(status))
    return False, f'service unhealthy (responded with "{name}")'


def _explain(code: str, host: str, port: int, details: str) -> str:
    if code == "UNIMPLEMENTED":
        return f"this server does not implement the grpc health protocol (grpc.health.v1.Health): {details}"
    if code in ("DEADLINE_EXCEEDED", "UNAVAILABLE"):
        return f'timeout: failed to connect service "{host}:{port}" within the timeout: {details}'
    return f"health rpc probe failed: {details}"


def _encode(service: str) -> bytes:
    name = service.encode()
    return b"\x0a" + _varint(len(name)) + name if name else b""


def _decode(message: bytes) -> int:
    return message[1] if len(message) >= 2 and message[0] == 0x08 else 0


def _varint(number: int) -> bytes:
    encoded = b""
    while number >= 0x80:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])
