"""Logs, commands and files: bytes between kubectl and containers."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

SCRIPT = "for i in 1 2 3; do echo line $i; done; echo oops >&2; exec sleep 1000"


# Commands travel over WebSocket: kubectl before 1.31 knows nothing but SPDY, which is not there yet.
over_websocket = pytest.mark.parametrize("kubectl", ["newest"], indirect=True)


def start_pod(kubectl, script=SCRIPT, wait="condition=Ready", **spec):
    container = {"name": "c", "image": "kubeade.local/host", "command": ["sh", "-c", script], "stdin": True}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **spec},
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    kubectl("wait", f"--for={wait}", "pod/p", "--timeout=30s")


def test_logs_whole_and_by_their_end(kubectl):
    start_pod(
        kubectl,
        f"{SCRIPT.replace('exec sleep 1000', 'true')}",
        "jsonpath={.status.phase}=Succeeded",
        restartPolicy="Never",
    )
    assert sorted(kubectl("logs", "p").splitlines()) == ["line 1", "line 2", "line 3", "oops"]
    assert len(kubectl("logs", "p", "--tail=2").splitlines()) == 2
    assert kubectl("logs", "p", "--limit-bytes=4") in ("line", "oops")
    assert kubectl("logs", "p", "--timestamps").startswith("20")


def test_following_a_log_ends_with_the_container(kubectl):
    start_pod(kubectl, "echo first; sleep 2; echo last", restartPolicy="Never")
    assert kubectl("logs", "-f", "p") == "first\nlast\n"


def test_the_log_of_the_run_before(kubectl):
    restarted = "jsonpath={.status.containerStatuses[0].restartCount}=1"
    start_pod(kubectl, "echo run; exit 1", restarted)
    assert kubectl("logs", "p", "--previous") == "run\n"


def test_logs_of_what_is_not_there(kubectl):
    start_pod(kubectl)
    assert "is not valid for pod p" in kubectl.run("logs", "p", "-c", "other").stderr
    refused = kubectl.run("logs", "p", "--previous").stderr
    assert 'previous terminated container "c" in pod "p" not found' in refused


@over_websocket
def test_exec_has_output_errors_and_exit_code(kubectl):
    start_pod(kubectl)
    done = kubectl.run("exec", "p", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.stdout, done.returncode) == ("out\n", 7)
    assert done.stderr.startswith("err\n")


@over_websocket
def test_exec_passes_input_on_to_its_end(kubectl):
    start_pod(kubectl)
    text = "lemons\n" * 100_000
    assert kubectl("exec", "-i", "p", "--", "cat", stdin=text) == text


@over_websocket
def test_exec_of_what_is_not_there_says_so(kubectl):
    start_pod(kubectl)
    assert "no such file" in kubectl.run("exec", "p", "--", "/nonexistent").stderr


@over_websocket
def test_exec_on_a_terminal(kubectl):
    start_pod(kubectl)
    ours, theirs = pty.openpty()
    arguments = ["exec", "-it", "p", "--", "sh", "-c", "tty; exit 3"]
    client = kubectl
    command = [
        str(client.program),
        "--kubeconfig",
        str(client.kubeconfig),
        "-n",
        client.namespace,
        *arguments,
    ]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    assert process.wait(timeout=40) == 3
    assert b"/dev/pts/" in os.read(ours, 4096)
    os.close(ours)


@over_websocket
def test_files_are_copied_both_ways(kubectl, tmp_path: Path):
    start_pod(kubectl)
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_bytes(os.urandom(300_000))
    copy = f"p:/tmp/{kubectl.namespace}"
    kubectl("cp", str(there), copy)
    kubectl("cp", copy, str(back))
    assert back.read_bytes() == there.read_bytes()


@over_websocket
def test_attach_reaches_the_process_of_the_container(kubectl):
    start_pod(kubectl, "read line; echo got $line", restartPolicy="Never")
    assert "got it" in kubectl("attach", "-i", "p", stdin="it\n")
