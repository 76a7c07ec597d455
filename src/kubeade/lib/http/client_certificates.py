"""TLS that asks clients for certificates and lets others judge them.

Python's `ssl` can only refuse in the handshake what it cannot verify: the client then sees a broken
connection. An API server answers 401 instead, and lets a good token count beside a bad certificate, as Go's
`RequestClientCert` allows. So OpenSSL is told, behind Python's back, that every chain is fine; that the
client has the key of what it shows is still checked. Whoever reads `Request.peer_certificate` behind such a
context MUST verify it.

Where this cannot be done (another Python than those known), the handshake refuses as before.
"""

import ctypes
import logging
import ssl
import sys

_log = logging.getLogger(__name__)
_KNOWN = ((3, 11), (3, 14))

_every_chain_is_fine = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda *_: 1)
"""OpenSSL calls it as long as there are contexts."""


def ask_for_certificates(context: ssl.SSLContext) -> bool:
    """Whether certificates that the context cannot verify will be accepted, too.

    Sessions are not resumed: a resumed one would not show the intermediates again.
    """
    context.verify_mode = ssl.CERT_OPTIONAL
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    if sys.implementation.name != "cpython" or not _KNOWN[0] <= sys.version_info[:2] <= _KNOWN[1]:
        return False
    try:
        library = _libssl()
        library.SSL_CTX_set_cert_verify_callback.argtypes = [ctypes.c_void_p] * 3
        library.SSL_CTX_get_verify_mode.argtypes = [ctypes.c_void_p]
    except (OSError, AttributeError) as error:
        _log.info("client certificates are judged by TLS alone: %s", error)
        return False
    # What a context object holds first is its SSL_CTX (CPython's Modules/_ssl.c).
    native = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    if library.SSL_CTX_get_verify_mode(native) != ssl.CERT_OPTIONAL:
        return False
    judge = ctypes.cast(_every_chain_is_fine, ctypes.c_void_p)
    library.SSL_CTX_set_cert_verify_callback(native, judge, None)
    return True


def _libssl() -> ctypes.CDLL:
    """The library that Python's own module is linked to, or built into."""
    import _ssl

    return ctypes.CDLL(getattr(_ssl, "__file__", None))
