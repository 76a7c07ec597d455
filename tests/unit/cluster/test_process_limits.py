"""The process's limits: wider where the system lets us, never narrower."""

import resource
import subprocess
import sys

PROGRAM = """
import resource, sys
from kubeade.cluster import process_limits
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
process_limits.widen()
process_limits.give_back_memory()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def widened(soft: int, hard: int) -> int:
    command = [sys.executable, "-c", PROGRAM, str(soft), str(hard)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_as_many_files_as_the_system_allows() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    allowed = 2048 if hard == resource.RLIM_INFINITY else min(2048, hard)
    assert widened(256, allowed) == allowed


def test_a_hard_limit_stays_a_limit() -> None:
    assert widened(200, 200) == 200
