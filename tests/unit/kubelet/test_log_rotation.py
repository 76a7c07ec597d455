"""Logs stay bounded, and nothing of them is lost but the oldest."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kubelet_lab import Lab, pod_manifest

from kubeade.cri.service import CriError
from kubeade.kubelet.log_rotation import LogRotation, log_path, pack, rotated


class Clock:
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self):
        self.moment += timedelta(seconds=1)
        return self.moment


@pytest.fixture
async def lab(tmp_path):
    made = Lab(tmp_path)
    made.config = replace(
        made.config, simulated=False, container_log_max_bytes=100, container_log_max_files=3
    )
    made.reopened = []

    async def reopen(container_id):
        made.reopened.append(container_id)
        made.log.write_bytes(b"")

    made.runtime.reopen_container_log = reopen
    await made.start()
    made.order(pod_manifest("web"))
    await made.until_phase("web", "Running")
    (context,) = made.kubelet.access.contexts()
    (status,) = (await context.observe()).running()
    made.log = log_path(context, status)
    made.log.parent.mkdir(parents=True, exist_ok=True)
    made.rotation = LogRotation(made.config, made.runtime, Clock(), made.kubelet.access.contexts)
    yield made
    await made.stop()


async def test_short_log_is_left_alone(lab):
    lab.log.write_bytes(b"x" * 99)
    await lab.rotation.look()
    assert lab.reopened == []
    assert rotated(lab.log) == []


async def test_long_log_is_put_aside_and_the_one_before_is_compressed(lab):
    for number in range(4):
        lab.log.write_bytes(b"%d" % number * 100)
        await lab.rotation.look()
    oldest, newest = rotated(lab.log)
    assert gzip.decompress(oldest.read_bytes()) == b"2" * 100
    assert newest.read_bytes() == b"3" * 100
    assert oldest.name == "0.log.20260101-000003.gz"
    assert lab.log.read_bytes() == b""


async def test_log_that_cannot_be_reopened_stays_where_it_is(lab):
    async def refuse(container_id):
        raise CriError("gone")

    lab.runtime.reopen_container_log = refuse
    lab.log.write_bytes(b"x" * 100)
    await lab.rotation.look()
    assert lab.log.read_bytes() == b"x" * 100
    assert rotated(lab.log) == []


def test_compression_that_was_interrupted_is_begun_again(tmp_path):
    path = tmp_path / "0.log"
    (tmp_path / "0.log.20260101-000000").write_bytes(b"kept")
    (tmp_path / ".0.log.20260101-000000.gz").write_bytes(b"half")
    pack(path, 5)
    (packed,) = rotated(path)
    assert gzip.decompress(packed.read_bytes()) == b"kept"
