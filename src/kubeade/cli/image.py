"""`kubeade image pull|load|ls|rm`: the node's images, whether the cluster runs or not."""

import argparse
import asyncio
from pathlib import Path

from kubeade.cli.errors import CommandError
from kubeade.cli.terminal import Progress
from kubeade.cluster.progress import Step

HELP = "pull, load, list or remove the node's images"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["pull", "load", "ls", "rm"])
    parser.add_argument(
        "what", nargs="?", default="", help="an image (pull, rm), or a tar file or OCI layout (load)"
    )


def run(options: argparse.Namespace) -> int:
    from kubeade.cri.service import CriError

    if options.action != "ls" and not options.what:
        raise CommandError(f"image {options.action} needs to know which image", exit_code=2)
    try:
        return asyncio.run(_act(options))
    except CriError as error:
        raise CommandError(str(error)) from error


async def _act(options: argparse.Namespace) -> int:
    from kubeade.cluster.shop import open_images

    images = open_images(options.data)
    if options.action == "ls":
        for image in await images.list_images():
            names = [*image.repo_tags, *image.repo_digests] or ["<none>"]
            print(f"{names[0]}\t{image.id}\t{image.size}")
    elif options.action == "rm":
        await images.remove_image(options.what)
    elif options.action == "load":
        for name in await images.load(Path(options.what)):
            print(name)
    else:
        await _pull(options.what, images)
    return 0


async def _pull(name: str, images: object) -> None:
    from kubeade.runtime.images.service import Images

    assert isinstance(images, Images)
    progress = Progress(f"pulling {name}")
    began = asyncio.get_running_loop().time()

    def show(digest: str, done: int, total: int) -> None:
        if done == total:
            seconds = asyncio.get_running_loop().time() - began
            progress.show(Step("step", f"{digest[:19]}  {total / 1e6:.1f} MB", seconds))

    try:
        print(await images.pull(name, None, show))
    finally:
        progress.close()
