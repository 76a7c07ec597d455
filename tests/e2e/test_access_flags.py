"""Who may come in and what is kept of it, ordered by flags from a whole API server."""

import json
import sqlite3
import subprocess
from pathlib import Path

from test_lone_components import free_port, running

from kubeade.client.kubeconfig import Credentials, load, render

POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: [alice]
"""
ENCRYPTION = """
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - aesgcm: {keys: [{name: key1, secret: c2VjcmV0IGlzIHNlY3VyZQ==}]}
"""


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_a_token_from_a_file_an_audit_log_and_sealed_secrets(
    tmp_path: Path, programs: dict[str, Path]
) -> None:
    data, port, log = tmp_path / "data", free_port(), tmp_path / "audit.log"
    flags = ["--data-dir", str(data), "--secure-port", str(port), "--audit-log-path", str(log)]
    flags += ["--token-auth-file", written(tmp_path / "tokens.csv", "secret,alice,1,system:masters\n")]
    flags += ["--audit-policy-file", written(tmp_path / "policy.yaml", POLICY)]
    flags += ["--encryption-provider-config", written(tmp_path / "encryption.yaml", ENCRYPTION)]
    with running("apiserver", *flags, until="KUBECONFIG"):
        own = load(data / "kubeconfig")
        kubeconfig = tmp_path / "alice.kubeconfig"
        kubeconfig.write_bytes(render("alice", Credentials(own.server, own.ca_pem, token="secret")))
        alice = f"--kubeconfig={kubeconfig}"
        ask(programs["newest"], alice, "create", "secret", "generic", "recipe", "--from-literal=a=lemons")
        assert (
            ask(programs["newest"], alice, "get", "secret", "recipe", "-o", "jsonpath={.data.a}")
            == "bGVtb25z"
        )
    events = [json.loads(line) for line in log.read_text().splitlines()]
    made = [
        event for event in events if event["verb"] == "create" and event["objectRef"]["resource"] == "secrets"
    ]
    assert {event["user"]["username"] for event in events} == {"alice"}
    assert made[0]["objectRef"]["name"] == "recipe"
    assert made[0]["responseStatus"]["code"] == 201
    with sqlite3.connect(data / "ledger.db") as ledger:
        query = "SELECT value FROM current WHERE CAST(key AS TEXT) LIKE '%/recipe'"
        (value,) = ledger.execute(query).fetchone()
    assert bytes(value).startswith(b"k8s:enc:aesgcm:v1:key1:")


def ask(program: Path, *arguments: str) -> str:
    return subprocess.run(
        [program, *arguments], check=True, capture_output=True, text=True, timeout=30
    ).stdout
