"""A part of a volume is mounted, and nothing else, whatever is swapped in meanwhile; images as volumes."""

import os
import sys
import threading
from pathlib import Path

import pytest

from kubeade.cri.service import CriError, NotFound, NotSupported
from kubeade.cri.types import Mount
from kubeade.runtime.mode import Mode

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "runtime"))

from image_parts import Image, entry, layer, write_docker_archive


@pytest.fixture
def volume(lab):
    volume = lab.directory / "volume"
    (volume / "a" / "b").mkdir(parents=True)
    (volume / "a" / "b" / "mark").write_text("mine\n")
    outside = lab.directory / "outside"
    (outside / "b").mkdir(parents=True)
    (outside / "b" / "mark").write_text("stolen\n")
    return volume


async def test_part_of_a_volume_is_all_that_is_seen(lab, volume):
    mounts = [Mount("/v", str(volume), sub_path="a/b"), Mount("/f", str(volume), sub_path="a/b/mark")]
    assert await lab.output("ls /v; cat /f", mounts=mounts) == ["mark", "mine"]


@pytest.mark.parametrize("link", ["a", "a/b", "a/b/mark"])
async def test_link_anywhere_on_the_way_is_refused(lab, volume, link):
    place = volume / link
    os.rename(place, lab.directory / "moved")
    place.symlink_to(lab.directory / "outside" if link == "a" else lab.directory / "outside" / "b")
    with pytest.raises(CriError, match="mount"):
        await lab.start(mounts=[Mount("/v", str(volume), sub_path="a/b/mark")])


@pytest.mark.parametrize("way", ["../outside/b", "a/../../outside/b", "/etc"])
async def test_way_out_of_the_volume_is_refused(lab, volume, way):
    with pytest.raises(CriError, match="mount"):
        await lab.start(mounts=[Mount("/v", str(volume), sub_path=way)])


async def test_link_swapped_in_and_out_never_leads_outside(lab, volume):
    """The race of CVE-2021-25741: each try either sees the volume's own part or is refused."""
    over = threading.Event()
    spare, link = volume / "spare", volume / "link"
    link.symlink_to(lab.directory / "outside")

    def swap():
        while not over.is_set():
            os.rename(volume / "a", spare)
            os.rename(link, volume / "a")
            os.rename(volume / "a", link)
            os.rename(spare, volume / "a")

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen, refused = set(), 0
    try:
        for _ in range(25):
            try:
                seen.update(
                    await lab.output("cat /v/mark", mounts=[Mount("/v", str(volume), sub_path="a/b")])
                )
            except CriError:
                refused += 1
    finally:
        over.set()
        swapper.join()
    assert seen <= {"mine"}
    assert seen or refused


async def test_image_is_a_read_only_volume(lab):
    lower = layer(entry("etc/menu", b"water\n"), entry("etc/old", b"x"))
    upper = layer(entry("etc/menu", b"lemonade\n"), entry("etc/.wh.old"))
    await load(lab, Image([lower, upper]), "menu:two")
    await load(lab, Image([lower]), "menu:one")
    mounts = [
        Mount("/two", "", image="menu:two"),
        Mount("/part", "", image="menu:two", image_sub_path="etc"),
        Mount("/one", "", image="menu:one"),
    ]
    script = (
        "cat /two/etc/menu /part/menu /one/etc/menu; ls /part; touch /one/x /two/x 2>&1 | grep -c Read-only"
    )
    lines = await lab.output(script, mounts=mounts)
    assert lines == ["lemonade", "lemonade", "water", "menu", "2"]


async def test_image_that_is_not_here_is_named(lab):
    with pytest.raises(NotFound, match="menu:none"):
        await lab.create("true", mounts=[Mount("/v", "", image="menu:none")])


async def test_part_that_an_image_does_not_have_is_refused(lab):
    await load(lab, Image([layer(entry("a", b"x"))]), "menu:a")
    with pytest.raises(CriError, match="No such file"):
        await lab.start(mounts=[Mount("/v", "", image="menu:a", image_sub_path="b")])


@pytest.mark.parametrize("lab", [Mode.PROCESS], indirect=True)
async def test_plain_process_has_parts_as_links_and_no_images(lab, volume):
    mounts = [Mount("/v", str(volume), sub_path="a/b")]
    assert await lab.output("cat $CONTAINER_SANDBOX_MOUNT_POINT/v/mark", mounts=mounts) == ["mine"]
    with pytest.raises((NotSupported, NotFound)):
        await lab.create("true", mounts=[Mount("/v", "", image="menu:none")])


async def load(lab, image, name):
    path = lab.directory / "image.tar"
    write_docker_archive(image, path, name)
    await lab.runtime._images.load(path)


async def test_options_of_a_mount_hold(lab, volume):
    (volume / "run").write_text("#!/bin/sh\necho ran\n")
    (volume / "run").chmod(0o755)
    mounts = [Mount("/v", str(volume), options=["noexec", "nosuid"]), Mount("/w", str(volume))]
    lines = await lab.output("/v/run 2>/dev/null || echo denied; /w/run", mounts=mounts)
    assert lines == ["denied", "ran"]
