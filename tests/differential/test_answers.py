"""kubeade answers as a real kube-apiserver did when it was asked the same.

One server for all kinds, as when the answers were recorded: some answers tell of other kinds (a definition's
objects, a claim's class).
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import answers
import pytest
import stand

CHAPTERS = answers.read()
Otherwise = list[tuple[str, Any, Any]]
"""What requests were about that are answered otherwise, with both answers."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Otherwise]]:
    """Asks all about one kind."""
    directory: Path = tmp_path_factory.mktemp("differential")
    chapters = [chapter for chapter, _ in CHAPTERS.values()]
    with asyncio.Runner() as runner:
        entered = stand.kubeade(directory)
        server = runner.run(entered.__aenter__())
        assert runner.run(stand.prepare(server, chapters, settle_seconds=0.5)) == []
        yield lambda kind: runner.run(_otherwise(server, kind))
        runner.run(entered.__aexit__(None, None, None))


async def _otherwise(server: stand.Asked, kind: str) -> Otherwise:
    chapter, recorded = CHAPTERS[kind]
    found = [(sent.about, recorded[sent.about], await server.ask(sent)) for sent in chapter.requests]
    return [each for each in found if each[1] != each[2]]


@pytest.mark.parametrize("kind", sorted(CHAPTERS))
def test_the_answers_are_those_that_were_recorded(kind: str, asked: Callable[[str], Otherwise]) -> None:
    assert asked(kind) == []
