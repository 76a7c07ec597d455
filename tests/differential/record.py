"""Ask a real kube-apiserver and kubeade the same, and keep the answers.

    python tests/differential/record.py --etcd /usr/bin/etcd --kube-apiserver PATH

Writes answers.xz and differences.json anew; nothing is downloaded. `--check` writes nothing and prints what
differs.
"""

# ruff: noqa: T201, E402 - a command that tells how it goes; the tests' folder is no package

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "benchmarks")]
import answers
import causes
import servers
import stand
from corpus import Chapter, chapters

_SETTLE_SECONDS = 3.0
Answers = dict[tuple[str, str], dict[str, Any]]


async def main() -> None:
    parser = argparse.ArgumentParser(prog="record.py", description=__doc__)
    parser.add_argument("--etcd", required=True)
    parser.add_argument("--kube-apiserver", required=True)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    told = list(chapters())
    with tempfile.TemporaryDirectory() as directory:
        real_server = servers.start_real(Path(directory) / "real", arguments.etcd, arguments.kube_apiserver)
        try:
            real = await ask_all(stand.OverTls(real_server.target.port, servers.TOKEN), told)
        finally:
            real_server.stop()
        async with stand.kubeade(Path(directory)) as ours_server:
            ours = await ask_all(ours_server, told)
    report(told, real, ours, write=not arguments.check)


async def ask_all(server: stand.Asked, told: list[Chapter]) -> Answers:
    for sent, answer in await stand.prepare(server, told, _SETTLE_SECONDS):
        print(f"{sent.path} was not created: {answer}")
    return {(each.name, sent.about): await server.ask(sent) for each in told for sent in each.requests}


def report(asked_of: list[Chapter], real: Answers, ours: Answers, *, write: bool) -> None:
    found = []
    for chapter in asked_of:
        found += [answers.Recorded(chapter.name, True, sent) for sent in chapter.setup]
        for sent in {each.about: each for each in chapter.requests}.values():
            key = (chapter.name, sent.about)
            if real[key]["code"] == 0:
                continue
            differs = answers.difference(real[key], ours[key])
            told = causes.Difference(chapter.name, sent.about, real[key], ours[key])
            cause = causes.cause_of(told) if differs else ""
            found.append(answers.Recorded(chapter.name, False, sent, real[key], differs, cause))
            if differs and not write:
                why = cause or "not explained"
                print(f"{chapter.name}: {sent.about} ({why})\n  real    {real[key]}\n  kubeade {ours[key]}")
    asked = [each for each in found if not each.setup]
    explained = sum(bool(each.cause) for each in asked)
    alike = sum(not each.differs for each in asked)
    print(f"{len(asked)} requests, {alike} answered alike, {explained} otherwise for a known reason")
    if write:
        answers.write(found)


if __name__ == "__main__":
    asyncio.run(main())
