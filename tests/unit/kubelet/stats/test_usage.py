"""What is measured, and how often."""

import os

from kubelet_lab import Lab, pod_manifest

from kubeade.kubelet.stats.usage import Size, measure_size


async def test_running_containers_are_measured_with_their_rate(tmp_path):
    lab = Lab(tmp_path)
    await lab.start()
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    reader = lab.kubelet.usage
    usage = await reader.read()
    (pod,) = usage.pods
    assert [each.status.metadata.name for each in pod.containers] == ["app"]
    assert usage.nano_cores >= 0
    await lab.stop()


async def test_rate_is_what_was_used_since_the_look_before(tmp_path):
    reader = Lab(tmp_path)
    await reader.start()
    usage = reader.kubelet.usage
    second = 1_000_000_000
    assert usage._rate("c", 10 * second, 5 * second, 0) == second // 2
    assert usage._rate("c", 12 * second, 6 * second, 0) == second // 2
    assert usage._rate("c", 14 * second, 10 * second, 0) == 2 * second
    assert usage._rate("c", 14 * second + 1, 99 * second, 0) == 2 * second, "too soon to say"
    await reader.stop()


def test_size_counts_blocks_of_one_filesystem(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 10_000)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "b").write_bytes(b"y" * 10_000)
    os.symlink("/", tmp_path / "everything")
    size = measure_size(tmp_path)
    assert 20_000 <= size.used_bytes < 100_000
    assert size.inodes == 5


def test_size_of_nothing_is_nothing(tmp_path):
    assert measure_size(tmp_path / "gone") == Size()
