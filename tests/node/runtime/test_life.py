"""Streams, ends, restarts and traces, in both modes that have processes."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from runtime_lab import make_runtime

from kubeade.cri.service import CriError, InvalidArgument, NotSupported
from kubeade.cri.types import ContainerState, LinuxResources, Mount, SandboxState, SecurityContext
from kubeade.runtime.launcher.processes import start_ticks
from kubeade.runtime.mode import Mode
from kubeade.runtime.purge import launchers, purge

both = pytest.mark.parametrize("lab", [Mode.PROCESS, Mode.NAMESPACES], indirect=True)
process = pytest.mark.parametrize("lab", [Mode.PROCESS], indirect=True)


def launcher_of(lab) -> int:
    (pid,) = launchers((lab.directory / "runtime").resolve())
    return pid


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


@both
async def test_exit_code_and_reason_are_told(lab):
    status = await lab.end(await lab.start("exit 7"))
    assert (status.exit_code, status.reason, status.state) == (7, "Error", ContainerState.EXITED)
    status = await lab.end(await lab.start("exit 0"))
    assert (status.exit_code, status.reason) == (0, "Completed")


@both
async def test_command_that_does_not_exist_is_a_start_error(lab):
    container_id = await lab.create("true")
    lab.runtime._inventory.container(container_id)
    config = lab.runtime._inventory.container_config(container_id)
    config.command = ["no-such-command"]
    container_id = await lab.runtime.create_container(lab.sandbox_id, config, lab.sandbox)
    with pytest.raises(CriError, match="executable file not found in"):
        await lab.runtime.start_container(container_id)
    status = await lab.runtime.container_status(container_id)
    assert (status.exit_code, status.reason) == (128, "StartError")


@both
async def test_one_that_cannot_be_put_on_record_does_not_start(lab):
    container_id = await lab.create("sleep 1000")
    record = lab.directory / "runtime" / "containers" / container_id / "record.json"
    record.unlink()
    record.mkdir()
    with pytest.raises(CriError, match="directory"):
        await lab.runtime.start_container(container_id)
    launcher = launcher_of(lab)
    await until(lambda: not Path(f"/proc/{launcher}/task/{launcher}/children").read_text())


@both
async def test_one_that_ignores_the_signal_is_killed(lab):
    container_id = await lab.start("trap '' TERM; echo deaf; while :; do sleep 0.1; done")
    log = lab.directory / "logs" / "c.log"
    await until(lambda: log.exists() and "deaf" in log.read_text())
    await lab.runtime.stop_container(container_id, 1)
    status = await lab.runtime.container_status(container_id)
    assert (status.exit_code, status.signal) == (137, 9)


@both
async def test_stopping_ends_every_descendant(lab):
    marker = lab.directory / "pid"
    mounts = [Mount("/out", str(lab.directory))]
    place = "${CONTAINER_SANDBOX_MOUNT_POINT}/out"
    script = f"setsid sh -c 'sleep 1000' & readlink /proc/self > {place}/ignored; echo $! > {place}/pid; sleep 1000"
    container_id = await lab.start(script, mounts=mounts)
    await until(lambda: marker.exists() and marker.read_text().strip())
    record = lab.runtime._inventory.container(container_id)
    before = record["pid"]
    await lab.runtime.stop_container(container_id, 0)
    assert start_ticks(before) == 0
    if lab.mode is Mode.PROCESS:
        assert start_ticks(int(marker.read_text())) == 0


@both
async def test_terminal_has_a_size_and_echoes(lab):
    container_id = await lab.start()
    session = await lab.runtime.exec(container_id, ["sh"], stdin=True, tty=True)
    await session.resize(91, 17)
    await session.write_stdin(b"stty size; tty; exit 4\n")
    output = b"".join([chunk async for chunk in session.stdout()])
    assert b"17 91" in output
    assert b"/dev/pts/" in output
    assert await session.wait() == 4
    await session.close()


@both
async def test_input_reaches_a_command_until_it_is_closed(lab):
    container_id = await lab.start()
    session = await lab.runtime.exec(container_id, ["cat"], stdin=True, tty=False)
    reading = asyncio.create_task(_all(session.stdout()))
    await session.write_stdin(b"sour" * 100_000)
    await session.close_stdin()
    assert await reading == b"sour" * 100_000
    assert await session.wait() == 0
    await session.close()


async def _all(stream) -> bytes:
    return b"".join([chunk async for chunk in stream])


@both
async def test_attach_hears_and_speaks_and_ends_with_the_container(lab):
    container_id = await lab.start("read line; echo got $line", stdin=True, stdin_once=True)
    session = await lab.runtime.attach(container_id, stdin=True, tty=False)
    await session.write_stdin(b"lemons\n")
    assert await _all(session.stdout()) == b"got lemons\n"
    assert await session.wait() == 0
    await session.close()


@both
async def test_attach_to_a_terminal(lab):
    container_id = await lab.start("read line; echo got $line", stdin=True, tty=True)
    session = await lab.runtime.attach(container_id, stdin=True, tty=True)
    await session.resize(80, 24)
    await session.write_stdin(b"lemons\n")
    assert b"got lemons" in await _all(session.stdout())
    await session.close()


@both
async def test_stdin_once_ends_with_the_first_attach(lab):
    container_id = await lab.start("cat; echo over", stdin=True, stdin_once=True)
    session = await lab.runtime.attach(container_id, stdin=True, tty=False)
    await session.write_stdin(b"x\n")
    await session.close_stdin()
    assert await _all(session.stdout()) == b"x\nover\n"
    await session.close()


@both
async def test_log_goes_on_in_a_new_file(lab):
    container_id = await lab.start("echo one; read x; echo two", stdin=True)
    log = lab.directory / "logs" / "c.log"
    await until(lambda: log.exists() and "one" in log.read_text())
    log.rename(log.with_suffix(".old"))
    await lab.runtime.reopen_container_log(container_id)
    session = await lab.runtime.attach(container_id, stdin=True, tty=False)
    await session.write_stdin(b"\n")
    await lab.end(container_id)
    assert log.read_text().endswith("stdout F two\n")
    await session.close()


@both
async def test_port_is_reached_from_inside(lab):
    script = (
        "exec python -c \"import socket; s=socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); "
        "c,_=s.accept(); c.sendall(b''.join(iter(lambda: c.recv(9), b'')).upper())\""
    )
    container_id = await lab.start(script)
    log = lab.directory / "logs" / "c.log"
    await until(lambda: log.exists() and log.read_text())
    port = int(log.read_text().split()[-1])
    connection = await lab.runtime.port_forward(lab.sandbox_id, port)
    await connection.write(b"lemon")
    connection.end()
    assert (await connection.read(), await connection.read()) == (b"LEMON", b"")
    await connection.close()
    await lab.end(container_id)
    with pytest.raises(OSError, match="connection refused"):
        await lab.runtime.port_forward(lab.sandbox_id, port)


@both
async def test_restarted_runtime_finds_everything_and_starts_nothing_twice(lab):
    container_id = await lab.start()
    before = await lab.runtime.container_status(container_id)
    await lab.runtime.close()
    lab.runtime = make_runtime(lab.directory, lab.mode)
    await lab.runtime.open()
    assert await lab.runtime.container_status(container_id) == before
    assert (await lab.runtime.pod_sandbox_status(lab.sandbox_id)).state is SandboxState.READY
    with pytest.raises(CriError):
        await lab.runtime.start_container(container_id)
    assert (await lab.runtime.exec_sync(container_id, ["echo", "here"], 5))[0] == b"here\n"


@both
async def test_containers_survive_the_launcher_and_are_adopted(lab):
    container_id = await lab.start("i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done")
    pid = lab.runtime._inventory.container(container_id)["pid"]
    first = launcher_of(lab)
    os.kill(first, signal.SIGKILL)
    await until(lambda: start_ticks(first) == 0)
    log = lab.directory / "logs" / "c.log"
    directory = (lab.directory / "runtime").resolve()
    await until(lambda: lab.runtime._connection.connected and first not in launchers(directory))
    assert start_ticks(pid)
    size = log.stat().st_size
    await until(lambda: log.stat().st_size > size)
    assert (await lab.runtime.exec_sync(container_id, ["echo", "here"], 5))[0] == b"here\n"
    await lab.runtime.stop_container(container_id, 0)
    status = await lab.runtime.container_status(container_id)
    assert (status.exit_code, status.reason) == (255, "Unknown")
    assert start_ticks(pid) == 0
    await lab.start("sleep 1")


@both
async def test_purge_from_outside_leaves_nothing_after_everything_was_killed(lab):
    container_id = await lab.start("setsid sleep 1000 & sleep 1000")
    pid = lab.runtime._inventory.container(container_id)["pid"]
    await lab.runtime.close()
    os.kill(launcher_of(lab), signal.SIGKILL)
    purge(lab.directory / "runtime")
    assert start_ticks(pid) == 0
    assert not (lab.directory / "runtime").exists()
    assert str(lab.directory) not in Path("/proc/self/mountinfo").read_text()
    assert not list(Path("/sys/fs/cgroup").glob(f"*/{lab.runtime._connection._group}"))


@both
async def test_launcher_is_small(lab):
    await lab.start()
    text = Path(f"/proc/{launcher_of(lab)}/status").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("VmRSS")]
    assert int(line.split()[1]) < 13_500


@process
async def test_volumes_of_a_plain_process_are_links(lab):
    source = lab.directory / "volume"
    (source / "sub").mkdir(parents=True)
    (source / "menu").write_text("lemonade\n")
    mounts = [Mount("/data", str(source)), Mount("/data/inner", str(source / "sub"))]
    script = "cat $CONTAINER_SANDBOX_MOUNT_POINT/data/menu; ls $CONTAINER_SANDBOX_MOUNT_POINT/data"
    assert await lab.output(script, mounts=mounts) == ["lemonade", "inner", "menu", "sub"]


@process
async def test_other_images_and_users_are_refused_by_name(lab):
    config = lab.runtime._inventory.container_config(await lab.create("true"))
    with pytest.raises(NotSupported, match="4242"):
        await lab.create("true", security=SecurityContext(run_as_user=4242))
    config.image = "lemonade:1"
    with pytest.raises(CriError, match="lemonade:1"):
        await lab.runtime.create_container(lab.sandbox_id, config, lab.sandbox)


@process
async def test_ignored_limits_are_said_aloud(lab, caplog):
    await lab.create("true", resources=LinuxResources(memory_limit_in_bytes=1 << 20))
    assert "limits are not enforced" in caplog.text


@both
async def test_exec_in_a_container_that_has_ended_is_refused(lab):
    container_id = await lab.start("exit 0")
    await lab.end(container_id)
    with pytest.raises(InvalidArgument, match="not running"):
        await lab.runtime.exec_sync(container_id, ["true"], 5)
