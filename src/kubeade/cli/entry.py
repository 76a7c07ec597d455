"""Where the `kubeade` script begins: until something runs that must be cleaned up, Ctrl-C just ends it.

Loading takes a moment, and an interrupt in it is nobody's error: no traceback for it.
"""

import signal


def main() -> int:
    """The console script. Returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from kubeade.cli.main import main as run

    return run()
