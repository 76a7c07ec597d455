"""Credentials that somebody else renews: a kubeconfig that is read again when it changes."""

import logging
from pathlib import Path

from kubeade.client.kubeconfig import KubeconfigError, load
from kubeade.client.socket import SocketTransport
from kubeade.lib.changed_file import ChangedFile

log = logging.getLogger(__name__)

CHECK_SECONDS = 60.0


async def follow_kubeconfig(path: Path, transport: SocketTransport) -> None:
    """Ends only by cancellation."""
    file = ChangedFile(path, CHECK_SECONDS)
    while True:
        await file.changed()
        try:
            await transport.use(load(path))
        except (KubeconfigError, ValueError, OSError) as error:
            log.warning("the changed kubeconfig is not used: %s", error)
        else:
            log.info("the changed kubeconfig is in use")
