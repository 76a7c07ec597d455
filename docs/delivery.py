"""Makes docs/delivery.svg: a real delivery, as the terminal showed it.

python docs/delivery.py
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
KUBEADE = [sys.executable, "-m", "kubeade.cli.main"]
COMMANDS = (
    (["up", "--detach"], "kubeade up --detach"),
    (
        ["kubectl", "--", "apply", "-f", "examples/lemonade/lemonade.yaml"],
        "kubeade kubectl apply -f examples/lemonade/lemonade.yaml",
    ),
    (["track", "deployment/lemonade"], "kubeade track deployment/lemonade"),
    (["receipt", "deployment/lemonade"], "kubeade receipt deployment/lemonade"),
)


def main() -> None:
    console = Console(record=True, width=104)
    with tempfile.TemporaryDirectory() as scratch:
        data = ["--data-dir", f"{scratch}/c"]
        try:
            for words, shown in COMMANDS:
                console.print(Text(f"$ {shown}", style="bold green"))
                command = [*KUBEADE, words[0], *data, *words[1:]]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
                said = (done.stderr + done.stdout).replace(f"{scratch}/c", "~/.local/share/kubeade")
                console.print(Text(said.rstrip()))
        finally:
            subprocess.run([*KUBEADE, "down", "--delete", *data], check=False, capture_output=True)
    picture = console.export_svg(title="kubeade")
    without_fonts = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)  # a picture fetches nothing
    (ROOT / "docs" / "delivery.svg").write_text(without_fonts)


if __name__ == "__main__":
    main()
