"""What a container in namespaces sees, and what it must not reach."""

import os
from pathlib import Path

import pytest

from kubeade.cri.service import CriError
from kubeade.cri.types import (
    Device,
    LinuxResources,
    Mount,
    NamespaceMode,
    NamespaceOptions,
    SecurityContext,
    SecurityProfile,
)

DEFAULT = SecurityContext(seccomp=SecurityProfile("RuntimeDefault"))


async def test_it_has_its_own_processes_host_name_and_interfaces(lab):
    script = "echo $$; hostname; ls /sys/class/net; cat /etc/hostname"
    assert await lab.output(script) == ["1", "web-0", "lo", "web-0"]


async def test_what_it_writes_stays_in_its_scratch_layer(lab):
    name = f"/kubeade-test-{os.getpid()}"
    assert await lab.output(f"echo sour > {name}; cat {name}") == ["sour"]
    assert not Path(name).exists()


async def test_secrets_and_own_data_of_the_host_are_hidden(lab):
    script = f"cat /etc/shadow; ls -A {lab.directory}; ls -A /run; echo end"
    assert await lab.output(script) == ["end"]


async def test_capabilities_are_the_default_ones(lab):
    assert await lab.output("grep CapEff /proc/self/status", security=DEFAULT) == [
        "CapEff:\t00000000a80425fb"
    ]


async def test_no_new_privileges_and_seccomp_are_on(lab):
    security = SecurityContext(no_new_privs=True, seccomp=SecurityProfile("RuntimeDefault"))
    script = "grep -E 'NoNewPrivs|Seccomp:' /proc/self/status; unshare -U true && echo escaped"
    lines = await lab.output(script, security=security)
    assert lines[:2] == ["NoNewPrivs:\t1", "Seccomp:\t2"]
    assert "escaped" not in lines


async def test_user_and_groups_are_set_without_capabilities(lab):
    security = SecurityContext(run_as_user=1234, run_as_group=77, supplemental_groups=[88])
    lines = await lab.output("id -u; id -G; grep CapEff /proc/self/status", security=security)
    assert lines == ["1234", "77 88", "CapEff:\t0000000000000000"]


async def test_read_only_root_is_read_only(lab):
    security = SecurityContext(readonly_rootfs=True)
    lines = await lab.output("touch /x && echo wrote; touch /dev/shm/x && echo shm", security=security)
    assert "wrote" not in lines
    assert "shm" in lines


async def test_masked_and_read_only_paths(lab):
    security = SecurityContext(
        masked_paths=["/proc/timer_list", "/proc/acpi", "/proc/none"], readonly_paths=["/proc/sys"]
    )
    script = (
        "wc -c < /proc/timer_list; ls -A /proc/acpi; echo 1 > /proc/sys/net/ipv4/ip_forward || echo denied"
    )
    lines = await lab.output(script, security=security)
    assert lines[0] == "0"
    assert "denied" in lines


async def test_device_nodes_that_it_makes_are_dead(lab):
    lines = await lab.output(
        "mknod /x c 1 5 && head -c1 /x || echo dead; mknod /dev/x c 1 5 && head -c1 /dev/x || echo dead"
    )
    assert lines.count("dead") == 2


async def test_given_device_works(lab):
    devices = [Device("/dev/lemon", "/dev/zero", "rwm")]
    assert await lab.output("head -c3 /dev/lemon | wc -c", devices=devices) == ["3"]


async def test_volumes_are_there_and_read_only_if_asked(lab):
    source = lab.directory / "volume"
    source.mkdir()
    (source / "menu").write_text("lemonade\n")
    mounts = [Mount("/data/rw", str(source)), Mount("/data/ro", str(source), readonly=True)]
    script = "cat /data/ro/menu; echo new > /data/rw/new; echo bad > /data/ro/bad || echo denied"
    lines = await lab.output(script, mounts=mounts)
    assert lines[0] == "lemonade"
    assert "denied" in lines
    assert (source / "new").read_text() == "new\n"
    assert not (source / "bad").exists()


async def test_volume_target_behind_a_symlink_stays_inside(lab):
    volume, outside = lab.directory / "volume", lab.directory / "outside"
    volume.mkdir()
    outside.mkdir()
    (volume / "link").symlink_to(outside)
    mounts = [Mount("/v", str(volume)), Mount("/v/link/deep", str(volume))]
    with pytest.raises(CriError):
        await lab.start(mounts=mounts)
    assert list(outside.iterdir()) == []


async def test_missing_working_directory_is_made(lab):
    assert await lab.output("pwd", working_dir="/no/such/place") == ["/no/such/place"]


async def test_working_directory_through_a_magic_link_is_refused(lab):
    with pytest.raises(CriError):
        await lab.start(working_dir="/proc/self/fd/3")


async def test_no_descriptor_of_the_launcher_leaks(lab):
    assert await lab.output("ls /proc/$$/fd; true") == ["0", "1", "2"]


async def test_privileged_sees_the_devices_of_the_host(lab):
    security = SecurityContext(privileged=True)
    lines = await lab.output("ls /dev; grep CapBnd /proc/self/status", security=security)
    assert len(lines) > 20


async def test_containers_of_a_sandbox_share_memory_and_not_processes(lab):
    await lab.start("echo shared > /dev/shm/x; sleep 1000")
    first = (await lab.runtime.list_containers())[0].id
    await lab.runtime.exec_sync(first, ["sh", "-c", "while [ ! -s /dev/shm/x ]; do sleep 0.01; done"], 5)
    assert await lab.output("cat /dev/shm/x; echo $$") == ["shared", "1"]


async def test_processes_of_another_container_can_be_joined(lab):
    target = await lab.start()
    options = NamespaceOptions(pid=NamespaceMode.TARGET, target_id=target)
    lines = await lab.output("tr '\\0' ' ' < /proc/1/cmdline", security=SecurityContext(namespaces=options))
    assert "trap" in lines[0]


async def test_shared_process_namespace_outlives_each_container(lab):
    config = lab.sandbox
    config.namespaces = NamespaceOptions(pid=NamespaceMode.POD)
    lab.sandbox_id = await lab.runtime.run_pod_sandbox(config)
    security = SecurityContext(namespaces=config.namespaces)
    for _ in range(2):
        lines = await lab.output("echo $$; sleep 1000 &", security=security)
        assert int(lines[0]) > 1


async def test_memory_limit_kills_and_says_so_or_is_said_to_be_missing(lab, caplog):
    """Where this machine has no memory controller for us, the limit is not passed over in silence."""
    resources = LinuxResources(memory_limit_in_bytes=32 << 20)
    limited = await lab.start("read go; exec tail /dev/zero", resources=resources, stdin=True)
    if lab.runtime._inventory.container(limited)["unlimited"]:
        assert "a resource limit could not be set: memory." in caplog.text
        return
    session = await lab.runtime.attach(limited, stdin=True, tty=False)
    await session.write_stdin(b"go\n")
    status = await lab.end(limited)
    await session.close()
    assert (status.reason, status.exit_code) == ("OOMKilled", 137)


async def test_usage_is_measured(lab):
    container_id = await lab.start()
    stats = await lab.runtime.container_stats(container_id)
    assert stats.memory_usage_bytes > 0
    assert stats.cpu_usage_core_nano_seconds > 0


async def test_limits_of_a_pod_bound_its_containers_together(lab):
    config = lab.sandbox
    config.resources = LinuxResources(memory_limit_in_bytes=64 << 20, cpu_period=100_000, cpu_quota=50_000)
    lab.sandbox_id = await lab.runtime.run_pod_sandbox(config)
    limited = await lab.start()
    record = lab.runtime._inventory.container(limited)
    if record["unlimited"]:
        return  # said aloud, which another test sees to
    groups = {Path(path).parent for path in record["cgroup_paths"].values()}
    assert {group.name for group in groups} == {lab.sandbox_id}
    limits = [group / name for group in groups for name in ("memory.limit_in_bytes", "memory.max")]
    (limit,) = [path for path in limits if path.exists()]
    assert limit.read_text() == f"{64 << 20}\n"
    await lab.runtime.remove_pod_sandbox(lab.sandbox_id)
    assert not any(group.exists() for group in groups)
