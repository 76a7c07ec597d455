"""Logs, commands and files: bytes between kubectl and containers, over WebSocket and SPDY."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from terminal import Terminal

from conftest import Kubectl

SCRIPT = "for i in 1 2 3; do echo line $i; done; echo oops >&2; exec sleep 1000"


def start_pod(kubectl, script=SCRIPT, wait="condition=Ready", container=None, **spec):
    made = {"name": "c", "image": "kubeade.local/host", "command": ["sh", "-c", script], "stdin": True}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [made | (container or {})], **spec},
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
    assert len(kubectl("logs", "p", "--insecure-skip-tls-verify-backend").splitlines()) == 4


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


def test_exec_has_output_errors_and_exit_code(kubectl):
    start_pod(kubectl)
    done = kubectl.run("exec", "p", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.stdout, done.returncode) == ("out\n", 7)
    assert done.stderr.startswith("err\n")


def test_exec_passes_input_on_to_its_end(kubectl):
    start_pod(kubectl)
    text = "lemons\n" * 100_000
    assert kubectl("exec", "-i", "p", "--", "cat", stdin=text) == text


def test_a_command_that_reads_nothing_ends_all_the_same(kubectl):
    start_pod(kubectl)
    text = "lemons\n" * 1_000_000
    assert kubectl("exec", "-i", "p", "--", "sh", "-c", "seq 100000 | tail -1", stdin=text) == "100000\n"


def test_exec_of_what_is_not_there_says_so(kubectl):
    start_pod(kubectl)
    assert "no such file" in kubectl.run("exec", "p", "--", "/nonexistent").stderr
    assert 'pods "q" not found' in kubectl.run("exec", "q", "--", "true").stderr
    assert "container x is not valid" in kubectl.run("exec", "p", "-c", "x", "--", "true").stderr


def test_exec_on_a_terminal_of_the_client_s_size(kubectl):
    start_pod(kubectl)
    with Terminal(kubectl, "exec", "-it", "p", "--", "sh", rows=33, columns=99) as terminal:
        terminal.type("tty; until stty size | grep '33 99'; do sleep 0.05; done\n")
        terminal.expect(r"/dev/pts/\d+\s+33 99")
        terminal.type("echo rea''dy; until stty size | grep '44 111'; do sleep 0.05; done\n")
        terminal.expect("ready")
        terminal.resize(44, 111)
        terminal.expect(r"\n44 111")
        terminal.type("exit 3\n")
        assert terminal.wait() == 3


def test_a_client_that_disappears_leaves_no_process(kubectl):
    start_pod(kubectl)
    with Terminal(kubectl, "exec", "-i", "p", "--", "sh", "-c", "echo here; exec sleep 4321") as terminal:
        terminal.expect("here")
        terminal.process.kill()
        gone = "while grep -qs 4321 /proc/[0-9]*/cmdline; do sleep 0.05; done; echo gone"
        # The pattern is written so that the search does not find itself.
        assert kubectl("exec", "p", "--", "sh", "-c", gone.replace("4321", "432[1]")) == "gone\n"


@pytest.mark.parametrize("size_bytes", [300, 50_000_000])
def test_files_are_copied_both_ways(kubectl: Kubectl, tmp_path: Path, size_bytes: int):
    start_pod(kubectl)
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_bytes(os.urandom(size_bytes))
    copy = f"p:/tmp/{kubectl.namespace}"
    kubectl("cp", str(there), copy)
    kubectl("cp", copy, str(back))
    kubectl("exec", "p", "--", "rm", copy.removeprefix("p:"))
    assert digest(back) == digest(there)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_attach_reaches_the_process_of_the_container(kubectl):
    start_pod(kubectl, "read line; echo got $line", restartPolicy="Never")
    assert "got it" in kubectl("attach", "-i", "p", stdin="it\n")


def test_attach_on_a_terminal(kubectl):
    start_pod(kubectl, "exec sh", container={"tty": True}, restartPolicy="Never")
    with Terminal(kubectl, "attach", "-it", "p", rows=31, columns=77) as terminal:
        terminal.expect("try pressing enter")
        # The size comes on a channel of its own, perhaps after what is typed first.
        terminal.type("\nuntil stty size | grep '31 77'; do sleep 0.05; done\n")
        terminal.expect(r"31 77\r")
        terminal.type("echo by''e; exit\n")
        terminal.expect("bye")
        assert terminal.wait() == 0


def test_run_with_a_terminal_and_away(kubectl):
    run = ["run", "once", "-it", "--rm", "--restart=Never", "--image=kubeade.local/host", "--command"]
    with Terminal(kubectl, *run, "--", "sh", "-c", "read a; echo squeezed $a") as terminal:
        terminal.expect("press.*enter")
        terminal.type("lemon\n")
        terminal.expect("squeezed lemon")
        terminal.expect('pod "once" deleted')
        assert terminal.wait() == 0
    assert kubectl("get", "pods", "-o", "name") == ""


def test_run_passes_its_input_on(kubectl):
    run = ["run", "once", "-i", "--rm", "--restart=Never", "--image=kubeade.local/host", "--quiet"]
    assert "lemon" in kubectl(*run, "--command", "--", "cat", stdin="lemon\n")
