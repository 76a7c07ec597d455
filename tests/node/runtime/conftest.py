"""A runtime on this very machine; skipped, with the reason, where namespaces are refused."""

import errno
import os

import pytest
from runtime_lab import Lab, make_runtime

from kubeade.runtime.mode import Mode, ModeRefused, detect_mode


@pytest.fixture
def namespaces(tmp_path):
    """Skips where this user may not make them; anything else in the way of them is a fault."""
    try:
        detect_mode("namespaces", tmp_path)
    except ModeRefused as refused:
        if os.geteuid() == 0 and os.strerror(errno.EPERM) not in str(refused):
            raise
        pytest.skip(str(refused))


@pytest.fixture
async def lab(request, tmp_path):
    """In namespaces, or in the mode that an indirect parameter says."""
    mode = getattr(request, "param", Mode.NAMESPACES)
    if mode is Mode.NAMESPACES:
        request.getfixturevalue("namespaces")
    runtime = make_runtime(tmp_path, mode)
    await runtime.open()
    made = Lab(tmp_path, runtime, mode)
    made.sandbox_id = await runtime.run_pod_sandbox(made.sandbox)
    yield made
    await made.runtime.purge()
