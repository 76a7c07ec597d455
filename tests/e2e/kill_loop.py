"""Kills and restarts at random moments, by hand and for as long as one likes; the same seed tries the same.

    python tests/e2e/kill_loop.py --seed 7 --rounds 50 --mode namespaces

What `test_found_again.py` asserts of one kill must hold after every round. Ends with 1 at the first that differs.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from island import Island, until
from test_found_again import identity, is_ready, open_stand, processes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--mode", choices=["namespaces", "process"], default="namespaces")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        island = Island(Path(directory))
        try:
            return run(island, random.Random(options.seed), options.rounds, options.mode)
        finally:
            island.close()


def run(island: Island, chance: random.Random, rounds: int, mode: str) -> int:
    open_stand(island, mode)
    before, running = identity(island), processes(island)
    for number in range(rounds):
        killed = chance.choice(["main", "launcher", "both"])
        time.sleep(chance.choice([0, chance.random() * 3]))
        island.kill(killed)
        time.sleep(chance.choice([0, chance.random() * 3, 15]))
        if killed != "launcher":
            island.up(mode)
        until(lambda: is_ready(island), "the pod is not ready again")
        after = identity(island), processes(island)
        same = after == (before, running)
        sys.stdout.write(f"round {number}: {killed} killed, {'same' if same else after}\n")
        sys.stdout.flush()
        if not same:
            sys.stdout.write(f"before: {before}, {running}\n")
            sys.stdout.write((island.file(island.data) / "kubeade.log").read_text())
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
