"""What a dead launcher leaves behind is found or cleared up by the next one, and nobody else is harmed."""

import asyncio
import os
import signal
import socket
import subprocess

import pytest
from runtime_lab import make_runtime

from kubeade.cri.service import CriError
from kubeade.cri.types import ContainerState, SandboxState
from kubeade.runtime.launcher.container import Container
from kubeade.runtime.launcher.processes import start_ticks
from kubeade.runtime.launcher.records import Records
from kubeade.runtime.mode import Mode
from kubeade.runtime.purge import launchers, purge

both = pytest.mark.parametrize("lab", [Mode.PROCESS, Mode.NAMESPACES], indirect=True)
process = pytest.mark.parametrize("lab", [Mode.PROCESS], indirect=True)


async def restart(lab) -> None:
    """Everything is killed and starts anew."""
    await lab.runtime.close()
    (pid,) = launchers((lab.directory / "runtime").resolve())
    os.kill(pid, signal.SIGKILL)
    while start_ticks(pid):
        await asyncio.sleep(0.01)
    lab.runtime = make_runtime(lab.directory, lab.mode)


async def open_again(lab) -> None:
    await lab.runtime.open()


def rewrite(lab, container_id: str, **changes) -> None:
    records = Records(str(lab.directory / "runtime" / "containers"))
    (found,) = (record for record in records.load() if record["id"] == container_id)
    records.save({**found, **changes})


@pytest.fixture
def stranger():
    """A process that leads a session, and that kubeade has nothing to do with."""
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as process:
        yield process
        process.kill()


@process
@pytest.mark.parametrize("boot", ["this one", "an earlier one"])
async def test_process_that_got_a_containers_id_is_left_alone(lab, stranger, boot):
    container_id = await lab.start("exit 0")
    await lab.end(container_id)
    await restart(lab)
    ticks = start_ticks(stranger.pid)
    if boot == "this one":
        rewrite(lab, container_id, state="running", pid=stranger.pid, start_ticks=ticks - 1)
    else:
        rewrite(lab, container_id, state="running", pid=stranger.pid, start_ticks=ticks, boot_id=boot)
    await open_again(lab)
    status = await lab.runtime.container_status(container_id)
    assert (status.state, status.reason) == (ContainerState.EXITED, "Unknown")
    await lab.runtime.remove_pod_sandbox(lab.sandbox_id)
    await lab.runtime.close()
    purge(lab.directory / "runtime")
    assert stranger.poll() is None


@process
async def test_purge_leaves_a_process_alone_that_got_a_containers_id(lab, stranger):
    container_id = await lab.start("exit 0")
    await lab.end(container_id)
    await restart(lab)
    rewrite(lab, container_id, state="running", pid=stranger.pid, start_ticks=start_ticks(stranger.pid) - 1)
    purge(lab.directory / "runtime")
    assert stranger.poll() is None


@both
async def test_sandbox_that_died_with_its_launcher_gives_its_network_back(lab):
    """In namespaces nobody holds them any more; in process mode there is nothing that could be lost."""
    await restart(lab)
    removed = []

    async def remove(sandbox_id: str) -> None:
        removed.append(sandbox_id)

    lab.runtime._network.remove = remove
    await open_again(lab)
    state = (await lab.runtime.pod_sandbox_status(lab.sandbox_id)).state
    lost = lab.mode is Mode.NAMESPACES
    assert state is (SandboxState.NOT_READY if lost else SandboxState.READY)
    assert removed == ([lab.sandbox_id] if lost else [])


@both
async def test_sandbox_lost_while_it_is_made_is_never_ready(lab):
    made = asyncio.Event()
    killed = asyncio.Event()

    async def add(request):
        made.set()
        await killed.wait()
        raise CriError("the network came too late")

    lab.runtime._network.add = add
    making = asyncio.create_task(lab.runtime.run_pod_sandbox(lab.sandbox))
    await made.wait()
    making.cancel()
    await restart(lab)
    killed.set()
    await open_again(lab)
    assert [each.id for each in await lab.runtime.list_pod_sandboxes()] == [lab.sandbox_id]


@both
async def test_directories_that_no_record_names_are_removed(lab):
    container_id = await lab.start("exit 0")
    await lab.end(container_id)
    for kind in ("containers", "sandboxes"):
        (lab.directory / "runtime" / kind / "half-made" / "volumes").mkdir(parents=True)
    await restart(lab)
    await open_again(lab)
    assert [path.name for path in (lab.directory / "runtime" / "containers").iterdir()] == [container_id]
    assert [path.name for path in (lab.directory / "runtime" / "sandboxes").iterdir()] == [lab.sandbox_id]


def child_of(container: Container) -> tuple[int, socket.socket]:
    """A forked child that waits for its launcher's word."""
    container.status, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            container.await_go(theirs)
        finally:
            os._exit(0)
    theirs.close()
    return pid, container.status


def test_child_becomes_the_container_once_it_is_on_record(tmp_path):
    container = Container({}, str(tmp_path), lambda: 0)
    pid, status = child_of(container)
    container.go()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    status.close()


def test_child_ends_with_a_launcher_that_has_not_put_it_on_record(tmp_path):
    pid, status = child_of(Container({}, str(tmp_path), lambda: 0))
    status.close()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 127
