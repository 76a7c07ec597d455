"""Commands over every protocol that clients speak."""

import asyncio
import base64
import json

import pytest
from stream_lab import (
    Client,
    Command,
    SpdyStreams,
    WebSocketClient,
    serve,
    spdy_request,
    websocket_request,
)

from kubeade.cri.service import CriError
from kubeade.kubelet.server import spdy_channels
from kubeade.kubelet.server.remote_command import Wanted
from kubeade.kubelet.server.upgrades import command_response
from kubeade.lib.http import keepalive
from kubeade.lib.http.message import HandshakeError, Request
from kubeade.lib.http.spdy.frames import GoAway, RstStream

EVERYTHING = Wanted(stdin=True, stdout=True, stderr=True, tty=False)
TERMINAL = Wanted(stdin=True, stdout=True, stderr=False, tty=True)


def started(protocol: str, command: Command, wanted: Wanted = EVERYTHING):
    async def start() -> Command:
        return command

    client = Client()
    return SpdyStreams(client), serve(command_response(spdy_request(protocol), start, wanted), client)


def started_socket(protocol: str, command: Command, wanted: Wanted = EVERYTHING):
    async def start() -> Command:
        return command

    client = Client()
    request = websocket_request(protocol)
    return WebSocketClient(client), serve(command_response(request, start, wanted), client)


async def left(streams: SpdyStreams, task: "asyncio.Task[None]") -> None:
    """The client goes, and nothing of the session stays."""
    streams.client.send_bytes(b"")
    await asyncio.wait_for(task, 10)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert streams.client.closed


@pytest.mark.parametrize("protocol", ["v4.channel.k8s.io", "v3.channel.k8s.io", "channel.k8s.io"])
async def test_spdy_carries_every_stream_and_the_end(protocol: str) -> None:
    command = Command(exit_code=7)
    streams, task = started(f"v9.channel.k8s.io, {protocol}", command)
    for number, kind in ((1, "error"), (3, "stdin"), (5, "stdout"), (7, "stderr")):
        streams.open(number, kind)
    streams.send(3, b"lemon")
    streams.send(3, b"ade", fin=True)
    await streams.until(lambda found: found.ended >= {1, 5, 7})
    assert streams.data[5] == b"lemonade"
    assert streams.data[7] == b"oops"
    if protocol.startswith("v4"):
        status = json.loads(streams.data[1])
        assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "7"}]
    else:
        assert streams.data[1] == b"command terminated with non-zero exit code: exit status 7"
    await streams.until(lambda found: GoAway(7) in found.others)
    await left(streams, task)
    assert command.closed


async def test_success_is_said_in_v4_and_silent_before() -> None:
    for protocol, expected in (
        ("v4.channel.k8s.io", b'{"metadata": {}, "status": "Success"}'),
        ("v2.channel.k8s.io", b""),
    ):
        streams, task = started(protocol, Command())
        for number, kind in ((1, "error"), (3, "stdin"), (5, "stdout"), (7, "stderr")):
            streams.open(number, kind)
        streams.send(3, b"", fin=True)
        await streams.until(lambda found: 1 in found.ended)
        assert streams.data[1] == expected
        await left(streams, task)


async def test_a_terminal_s_size_has_a_stream_of_its_own() -> None:
    command = Command()
    streams, task = started("v4.channel.k8s.io", command, TERMINAL)
    for number, kind in ((1, "error"), (3, "stdin"), (5, "stdout"), (7, "resize")):
        streams.open(number, kind)
    streams.send(7, b'{"Width":99,"Height":33}')
    streams.send(7, b"{nonsense")
    streams.send(7, b'{"Width":100,"Height":34}\n')
    streams.send(3, b"", fin=True)
    await streams.until(lambda found: 1 in found.ended)
    assert command.sizes[0] == (99, 33)
    await left(streams, task)


async def test_a_spdy_client_that_leaves_ends_the_command() -> None:
    command = Command()
    streams, task = started("v4.channel.k8s.io", command)
    for number, kind in ((1, "error"), (3, "stdin"), (5, "stdout"), (7, "stderr")):
        streams.open(number, kind)
    streams.send(3, b"last words")
    await left(streams, task)
    assert (command.heard, command.closed) == (b"last words", True)


class Deaf(Command):
    """Takes what there is and then reads nothing more."""

    async def write_stdin(self, data: bytes) -> None:
        await super().write_stdin(data)
        await asyncio.Future()


@pytest.mark.parametrize("over", ["spdy", "websocket"])
async def test_a_client_that_leaves_while_nobody_reads_is_noticed(
    over: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepalive, "PERIOD_SECONDS", 0.01)
    command = Deaf()
    if over == "spdy":
        streams, task = started("v4.channel.k8s.io", command)
        wire = streams.client
        for number, kind in ((1, "error"), (3, "stdin"), (5, "stdout"), (7, "stderr")):
            streams.open(number, kind)
        streams.send(3, b"lemon")
    else:
        client, task = started_socket("v5.channel.k8s.io", command)
        wire = client.wire
        client.send(b"\x00lemon")
    await wire.settle_until(lambda: command.heard == b"lemon")
    wire.gone = True
    await wire.settle_until(lambda: command.closed)
    wire.send_bytes(b"")
    await asyncio.wait([task], timeout=10)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_nothing_starts_before_every_stream_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spdy_channels, "CREATION_SECONDS", 0.01)
    command = Command()
    streams, task = started("v4.channel.k8s.io", command)
    streams.open(1, "error")
    streams.open(3, "error")
    streams.open(5, "juice")
    await streams.until(lambda found: GoAway(5) in found.others)
    assert RstStream(3) in streams.others
    assert RstStream(5) in streams.others
    await left(streams, task)
    assert not command.closed


async def test_what_hinders_the_start_is_told() -> None:
    async def start() -> Command:
        raise CriError("no such lemon")

    client = Client()
    streams = SpdyStreams(client)
    task = serve(command_response(spdy_request("v4.channel.k8s.io"), start, TERMINAL), client)
    for number, kind in ((1, "error"), (3, "stdin"), (5, "stdout"), (7, "resize")):
        streams.open(number, kind)
    await streams.until(lambda found: 1 in found.ended)
    assert json.loads(streams.data[1])["message"] == "Internal error occurred: no such lemon"
    await left(streams, task)


async def test_v5_over_websocket_ends_the_input_by_a_message() -> None:
    command = Command(exit_code=3)
    client, task = started_socket("v5.channel.k8s.io", command)
    client.send(b"\x00lemon")
    client.send(b"\x03not for you")
    client.send(b"\xff\x00")
    messages = await client.receive_all()
    assert {b"\x01lemon", b"\x02oops"} <= set(messages)
    assert json.loads(messages[-1][1:])["reason"] == "NonZeroExitCode"
    await asyncio.wait_for(task, 10)
    assert client.code == 1000


@pytest.mark.parametrize("protocol", ["v4.channel.k8s.io", "channel.k8s.io", ""])
async def test_older_websockets_are_greeted_and_know_no_end_of_input(protocol: str) -> None:
    command = Command()
    client, task = started_socket(protocol, command)
    assert await client.receive() == b"\x01"
    client.send(b"\xff\x00")
    client.send(b"\x00lemon")
    assert b"\x01lemon" in [await client.receive(), await client.receive()]
    client.leave()
    await asyncio.wait_for(task, 10)
    assert (command.heard, command.closed) == (b"lemon", True)


@pytest.mark.parametrize("protocol", ["v4.base64.channel.k8s.io", "base64.channel.k8s.io"])
async def test_base64_is_text(protocol: str) -> None:
    command = Command()
    client, task = started_socket(protocol, command, Wanted(True, True, False, tty=True))
    assert await client.receive() == "1"
    client.send("0not base64!")
    client.send("0" + base64.b64encode(b"lemon").decode())
    assert await client.receive() == "1" + base64.b64encode(b"lemon").decode()
    client.leave()
    await asyncio.wait_for(task, 10)
    assert command.heard == b"lemon"


def test_a_request_that_asks_for_no_upgrade_starts_nothing() -> None:
    async def start() -> Command:
        raise AssertionError("started")

    with pytest.raises(HandshakeError):
        command_response(Request("POST", "/"), start, EVERYTHING)
    assert command_response(spdy_request("v9"), start, EVERYTHING).status == 403
    with pytest.raises(HandshakeError):
        command_response(websocket_request("v9"), start, EVERYTHING)
