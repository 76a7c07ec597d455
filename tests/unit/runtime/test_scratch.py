"""What a killed pull or load leaves behind goes at the next start; what is in use stays."""

import subprocess
import sys
from pathlib import Path

from kubeade.runtime.images.scratch import scratch
from kubeade.runtime.images.store import ImageStore

WORK = """
import sys, signal
from pathlib import Path
from kubeade.runtime.images.scratch import scratch
with scratch(Path(sys.argv[1])) as directory:
    (directory / "blob").write_text("half")
    print(directory, flush=True)
    signal.pause()
"""


def killed_in(directory: Path) -> Path:
    with subprocess.Popen(
        [sys.executable, "-c", WORK, str(directory)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        process.kill()
    assert (left / "blob").exists()
    return left


def test_abandoned_work_is_removed_and_the_rest_stays(tmp_path):
    store = ImageStore(tmp_path)
    (store.layers_directory / "layer").mkdir(parents=True)
    abandoned = [killed_in(store.directory), killed_in(store.layers_directory)]
    with scratch(store.layers_directory) as used:
        store.remove_abandoned()
        assert used.exists()
        store.collect()
        assert used.exists()
    assert not any(path.exists() for path in [*abandoned, used])


def test_what_was_renamed_stays(tmp_path):
    with scratch(tmp_path) as directory:
        (directory / "file").touch()
        directory.rename(tmp_path / "layer")
    assert (tmp_path / "layer" / "file").exists()
