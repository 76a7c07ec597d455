"""What kubeade says when it cannot: one line, exit code 1 or 2, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubeade.cli.component import seconds
from kubeade.cli.main import COMMANDS, build_parser, main

CLUSTER = "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nusers: [{name: u}]\n"
BROKEN_KUBECONFIGS = {
    "empty": "",
    "no YAML": "{\n",
    "no mapping": "[]",
    "other types": "clusters: 3\ncontexts: {}\n",
    "no server": f"{CLUSTER}clusters: [{{name: c, cluster: {{}}}}]",
    "no URL": f"{CLUSTER}clusters: [{{name: c, cluster: {{server: foo}}}}]",
    "no base64": f"{CLUSTER}clusters: [{{name: c, cluster: {{server: 'https://x:1', certificate-authority-data: '!'}}}}]",
    "no certificate": f"{CLUSTER}clusters: [{{name: c, cluster: {{server: 'https://x:1', certificate-authority-data: YWJj}}}}]",
    "nobody listens": f"{CLUSTER}clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]",
}
USAGES = [
    "up --port 99999",
    "up --simulated-nodes -1",
    "up --runtime rootless",
    "up --runtime cri:unix:///run/containerd.sock",
    "up --runtime lemons",
    "up --kubernetes-version 1.12",
    "apiserver --kubernetes-version 1.12",
    "up --advertise-address lemons",
    "up --etcd-prefix /x",
    "up --store etcd --etcd-servers http://127.0.0.1:1 --etcd-prefix x",
    "up --history-budget -1",
    "up --store etcd --etcd-servers http://127.0.0.1:1 --history-budget 1",
    "snapshot save --force",
    "snapshot ls --etcd-servers http://127.0.0.1:1",
    "snapshot restore x --force",
    "apiserver --secure-port 0",
    "apiserver --authorization-mode AlwaysAllow",
    "apiserver --authorization-mode Node,RBAC,Webhook",
    "apiserver --authorization-mode Node,RBAC,ABAC",
    "apiserver --authorization-policy-file x",
    "apiserver --authorization-config x --authorization-mode Node,RBAC",
    "apiserver --encryption-provider-config-automatic-reload",
    "apiserver --oidc-issuer-url https://issuer.example",
    "apiserver --audit-log-path x",
    "apiserver --audit-webhook-config-file x",
    "apiserver --audit-policy-file p --audit-webhook-config-file x --audit-webhook-batch-max-size 0",
    (
        "apiserver --audit-policy-file p --audit-log-path x --audit-log-truncate-enabled "
        "--audit-log-truncate-max-event-size 0"
    ),
    "apiserver --authentication-config x --anonymous-auth false",
    "up --authentication-token-webhook-cache-ttl lemons",
    "apiserver --tls-cert-file x",
    "apiserver --bind-address lemons",
    "kubelet --port 99999",
    "kubelet --node-ip lemons",
    "kubelet --pod-cidr lemons",
    "kubelet --tls-cert-file x",
    "join localhost --token x --discovery-token-ca-cert-hash sha256:0",
    "token create lemons",
    "token delete",
    "image pull",
    "why lemons --data-dir /nonexistent",
]


@pytest.fixture(autouse=True)
def no_output_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` may close the process's output for good: not that of the tests."""
    monkeypatch.setattr("kubeade.cli.main._drop_output", lambda: None)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.startswith("kubeade: ")
    assert error.count("\n") == 1, error
    return error


@pytest.mark.parametrize(
    ("what", "command"),
    [
        *((what, "gap") for what in BROKEN_KUBECONFIGS),
        ("no mapping", "token list"),
        ("nobody listens", "track deployment/x"),
        ("no certificate", "scheduler"),
        ("no URL", "controllers"),
        ("no server", "kubelet"),
    ],
)
def test_a_broken_kubeconfig_is_an_error_of_one_line(what: str, command: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "kubeconfig").write_text(BROKEN_KUBECONFIGS[what])
    assert main([*command.split(), "--data-dir", str(tmp_path)]) == 1
    said(capsys)


@pytest.mark.parametrize("usage", USAGES)
def test_bad_usage_is_refused_by_name(usage: str, tmp_path: Path, capsys) -> None:
    arguments = [*usage.split(), *([] if "--data-dir" in usage else ["--data-dir", str(tmp_path / "none")])]
    code = main(arguments)
    assert code == (1 if "nonexistent" in usage else 2)
    said(capsys)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", [each for each in COMMANDS if each != "kubectl"])
def test_unknown_flags_are_refused_by_name(command: str, capsys) -> None:
    with pytest.raises(SystemExit) as left:
        build_parser().parse_args([command, "--lemons"])
    assert left.value.code == 2


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, capsys) -> None:
    (tmp_path / "file").write_text("")
    assert main(["up", "--data-dir", str(tmp_path / "file" / "data")]) == 1
    assert str(tmp_path / "file") in said(capsys)


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "kubeade.cli.main", *arguments]
    kept = {key: value for key, value in os.environ.items() if key not in ("HOME", "XDG_DATA_HOME")}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env={**kept, **environment})


def test_without_a_home_the_user_database_says_where_data_is_kept() -> None:
    assert Path(run("status").stdout.split()[-1]).parts[-3:] == (".local", "share", "kubeade")


def test_letters_that_the_locale_lacks_do_no_harm(tmp_path: Path) -> None:
    done = run("status", "--data-dir", str(tmp_path / "zitronenpresse-ä"), PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert "zitronenpresse-\\xe4" in done.stdout


def test_arguments_that_are_no_text_are_refused() -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run("why", "deployment/ä", **plain)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "LC_ALL=C.UTF-8" in done.stderr


@pytest.mark.parametrize("where", ["/dev/full", "a closed pipe"])
def test_output_that_nobody_can_take_ends_the_command_quietly(where: str, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    output = os.open(where, os.O_WRONLY) if where.startswith("/") else writer
    command = [sys.executable, "-m", "kubeade.cli.main", "status", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, timeout=30)
    os.close(writer)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.count("\n") <= 1


@pytest.mark.parametrize(
    ("text", "expected"), [("15s", 15), ("1m30s", 90), ("1h", 3600), ("500ms", 0.5), ("0s", 0)]
)
def test_durations_are_upstreams(text: str, expected: float) -> None:
    assert seconds(text) == expected


def test_an_interrupt_leaves_no_traceback() -> None:
    """While everything is still being loaded: the first import of ours tells when."""
    script = (
        "import os, signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'kubeade.cli.errors':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from kubeade.cli.entry import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (-2, "")


def test_a_command_loads_no_other() -> None:
    script = "import sys; from kubeade.cli.main import main; main(['status']); print('kubeade.cli.up' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert done.stdout.splitlines()[-1] == "False"
