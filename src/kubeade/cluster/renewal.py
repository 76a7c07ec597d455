"""Certificates are exchanged while a cluster runs: its own before they expire, brought ones when their files
change (as kube-apiserver does it). New connections are shown the new one; nobody has to start anything again.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger(__name__)

CHECK_SECONDS = 60.0

Renew = Callable[[], bool]
"""Whether there was something to exchange. Raises OSError, ValueError (ssl.SSLError is the former)."""


class Renewal:
    """Everything that is shown to somebody, by name."""

    def __init__(self) -> None:
        self._held: dict[str, Renew] = {}

    def hold(self, name: str, renew: Renew) -> None:
        self._held[name] = renew

    def check(self) -> None:
        """Exchange what is due. What fails is told of and tried again the next time."""
        for name, renew in self._held.items():
            try:
                if renew():
                    _log.info("the certificate of %s was renewed", name)
            except (OSError, ValueError) as error:
                _log.error("the certificate of %s cannot be renewed: %s", name, error)

    async def run(self) -> None:
        """Ends only by cancellation."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            self.check()


class ShownPair:
    """A certificate and key in two files, as a TLS context shows them. `issue` writes the files anew if they
    are ours and it is time. Raises OSError, ssl.SSLError."""

    def __init__(
        self,
        context: ssl.SSLContext,
        certificate: str | Path,
        key: str | Path,
        issue: Callable[[], object] | None = None,
    ) -> None:
        self._context = context
        self._files = (Path(certificate), Path(key or certificate))
        self._issue = issue
        if issue is not None:
            issue()
        self._seen = self._read()
        context.load_cert_chain(*self._files)

    def renew(self) -> bool:
        if self._issue is not None:
            self._issue()
        found = self._read()
        if found == self._seen:
            return False
        # Half of a pair must not get into a context that is in use.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._files)
        self._context.load_cert_chain(*self._files)
        self._seen = found
        return True

    def _read(self) -> list[bytes]:
        return [file.read_bytes() for file in self._files]
