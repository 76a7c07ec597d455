"""`make up`: start a cluster, order the lemonade with a real kubectl, watch it being delivered, print the receipt.

Everything here is what a user would type; the lines that are run are printed first.
"""

import argparse
import subprocess
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
KUBEADE = str(Path(sys.executable).with_name("kubeade"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", required=True)
    where = ["--data-dir", parser.parse_args().data_dir]
    if subprocess.run([KUBEADE, "status", *where], capture_output=True, check=False).returncode:
        type_in(KUBEADE, "up", "--detach", *where)
    kubectl = [KUBEADE, "kubectl", *where, "--"]
    type_in(*kubectl, "apply", "-f", str(HERE / "lemonade.yaml"))
    type_in(KUBEADE, "track", "deployment/lemonade", *where)
    type_in(KUBEADE, "track", "service/lemonade", *where)
    query = "jsonpath={.status.loadBalancer.ingress[0].ip}:{.spec.ports[0].port}"
    asked = [*kubectl, "get", "service", "lemonade", "-o", query]
    address = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    print(f"\n$ curl http://{address}/", flush=True)
    with urllib.request.urlopen(f"http://{address}/", timeout=10) as answer:
        print(answer.read().decode(), end="", flush=True)
    type_in(KUBEADE, "receipt", "deployment/lemonade", *where)
    return 0


def type_in(*command: str) -> None:
    """Show a command as a user would type it, run it, and stop here if it fails."""
    shown = " ".join("kubeade" if word == KUBEADE else word for word in command if word != "--")
    print(f"\n$ {shown}", flush=True)
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    sys.exit(main())
