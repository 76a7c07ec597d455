"""Log files in the CRI's format."""

import pytest

from kubeade.runtime.launcher.logs import LINE_LIMIT_BYTES, LogFile

NOON = 1_769_860_800_000_000_005
STAMP = "2026-01-31T12:00:00.000000005Z"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "c.log"


@pytest.fixture
def log(path):
    log = LogFile(str(path), lambda: NOON)
    yield log
    log.close()


def test_lines_carry_time_and_stream(log, path):
    log.write("stdout", b"one\ntwo\n")
    log.write("stderr", b"oops\n")
    assert path.read_text() == f"{STAMP} stdout F one\n{STAMP} stdout F two\n{STAMP} stderr F oops\n"


def test_a_line_in_pieces_is_one_line(log, path):
    for piece in (b"le", b"mon", b"ade\n"):
        log.write("stdout", piece)
    assert path.read_text() == f"{STAMP} stdout F lemonade\n"


def test_the_end_without_newline_is_kept(log, path):
    log.write("stdout", b"last words")
    log.finish("stdout")
    assert path.read_text() == f"{STAMP} stdout P last words\n"


def test_long_lines_are_written_in_parts(log, path):
    log.write("stdout", b"x" * (LINE_LIMIT_BYTES + 3) + b"\n")
    first, second = path.read_text().splitlines()
    assert first == f"{STAMP} stdout P " + "x" * LINE_LIMIT_BYTES
    assert second == f"{STAMP} stdout F xxx"


def test_reopening_follows_a_rename(log, path):
    log.write("stdout", b"old\n")
    path.rename(path.with_suffix(".1"))
    log.reopen()
    log.write("stdout", b"new\n")
    assert path.read_text() == f"{STAMP} stdout F new\n"


def test_a_log_that_is_a_symlink_is_refused(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "link.log").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        LogFile(str(tmp_path / "link.log"), lambda: NOON)
