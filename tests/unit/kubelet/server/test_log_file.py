"""What a reader gets of a CRI log file."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kubeade.kubelet.server.log_file import read_log
from kubeade.kubelet.server.log_lines import LogOptions, parse

LINES = [
    "2026-01-01T00:00:01.000000001Z stdout F one",
    "2026-01-01T00:00:02.5Z stderr P tw",
    "2026-01-01T00:00:03Z stderr F o",
    "2026-01-01T00:00:04.000000004Z stdout F three",
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "0.log"
    path.write_text("".join(f"{line}\n" for line in LINES))
    return path


async def ended() -> bool:
    return False


async def read(path: Path, options: LogOptions, running: Callable[[], Awaitable[bool]] = ended) -> str:
    parts = [part async for part in read_log(path, options, running, asyncio.Event())]
    return b"".join(parts).decode()


async def test_partial_lines_are_joined(log: Path) -> None:
    assert await read(log, LogOptions()) == "one\ntwo\nthree\n"


async def test_a_timestamp_stands_only_where_a_line_begins(log: Path) -> None:
    lines = (await read(log, LogOptions(timestamps=True))).splitlines()
    assert lines[1] == "2026-01-01T00:00:02.5Z two"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (LogOptions(tail_lines=1), "three\n"),
        (LogOptions(tail_lines=0), ""),
        (LogOptions(tail_lines=100), "one\ntwo\nthree\n"),
        (LogOptions(limit_bytes=5), "one\nt"),
        (LogOptions(stream="stdout"), "one\nthree\n"),
        (LogOptions(since=datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)), "o\nthree\n"),
    ],
)
async def test_only_what_was_asked_for(log: Path, options: LogOptions, expected: str) -> None:
    assert await read(log, options) == expected


async def test_the_tail_is_found_across_many_blocks(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_text("".join(f"2026-01-01T00:00:01Z stdout F {number} {'x' * 90}\n" for number in range(5000)))
    got = await read(path, LogOptions(tail_lines=3000))
    assert [line.split()[0] for line in got.splitlines()] == [str(number) for number in range(2000, 5000)]


async def test_following_sees_new_lines_rotation_and_the_end(log: Path) -> None:
    running = True

    async def is_running() -> bool:
        return running

    changed = asyncio.Event()
    parts = read_log(log, LogOptions(follow=True, tail_lines=0), is_running, changed)
    first = asyncio.ensure_future(anext(parts))
    await asyncio.sleep(0)
    with log.open("a") as file:
        file.write("2026-01-01T00:00:05Z stdout F four\n")
    assert await asyncio.wait_for(first, 5) == b"four\n"
    second = asyncio.ensure_future(anext(parts))
    log.rename(log.with_suffix(".old"))
    log.write_text("2026-01-01T00:00:06Z stdout F five\n")
    assert await asyncio.wait_for(second, 5) == b"five\n"
    running = False
    changed.set()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(parts), 5)


@pytest.mark.parametrize("line", [b"", b"x", b"2026 nowhere F x", b"\xff\xfe\xfd"])
def test_a_damaged_line_is_left_out(line: bytes) -> None:
    assert parse(line) is None
