"""Images from files, and what a hostile file must not be able to do."""

import tarfile

import pytest
from image_parts import Image, digest, entry, layer, write_docker_archive, write_layout

from kubeade.runtime.images.archive import load
from kubeade.runtime.images.manifest import BadImage
from kubeade.runtime.images.store import ImageStore


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path / "images")


def one_file(content: bytes = b"fizzy") -> Image:
    return Image([layer(entry("etc/", type=tarfile.DIRTYPE, mode=0o755), entry("etc/lemon", content))])


def test_docker_archive_is_loaded_with_its_tags(store, tmp_path):
    image = one_file()
    write_docker_archive(image, tmp_path / "image.tar", "lemonade:1")
    assert load(store, tmp_path / "image.tar") == ["docker.io/library/lemonade:1"]
    found = store.find("lemonade:1")
    assert found is not None
    assert found.id == digest(image.config)
    assert found.config.cmd == ("/bin/true",)
    assert found.config.user == "12:34"
    assert (store.layer_path(found.layers[0]) / "etc/lemon").read_bytes() == b"fizzy"


def test_layout_directory_is_loaded_for_this_platform(store, tmp_path):
    write_layout(one_file(), tmp_path / "layout", "registry.example/lemonade:2")
    assert load(store, tmp_path / "layout") == ["registry.example/lemonade:2"]
    assert store.find("registry.example/lemonade:2") is not None


def test_loading_twice_changes_nothing(store, tmp_path):
    write_docker_archive(one_file(), tmp_path / "image.tar", "lemonade:1")
    load(store, tmp_path / "image.tar")
    load(store, tmp_path / "image.tar")
    assert len(store.images()) == 1


def test_a_tag_moves_to_the_newer_image(store, tmp_path):
    for content in (b"old", b"new"):
        write_docker_archive(one_file(content), tmp_path / "image.tar", "lemonade:1")
        load(store, tmp_path / "image.tar")
    found = store.find("lemonade:1")
    assert found is not None
    assert (store.layer_path(found.layers[0]) / "etc/lemon").read_bytes() == b"new"
    assert [image.tags for image in store.images() if image.id != found.id] == [[]]


def test_removing_the_last_name_frees_the_layers(store, tmp_path):
    write_docker_archive(one_file(), tmp_path / "image.tar", "lemonade:1", "lemonade:2")
    load(store, tmp_path / "image.tar")
    assert store.remove("lemonade:1")
    assert store.find("lemonade:2") is not None
    assert store.remove("lemonade:2")
    assert store.images() == []
    assert store.collect() == 1
    assert list(store.layers_directory.iterdir()) == []


def test_a_layer_with_another_digest_is_refused(store, tmp_path):
    image = one_file()
    write_layout(image, tmp_path / "layout", "lemonade:1")
    blob = tmp_path / "layout/blobs/sha256" / digest(image.blobs[0]).partition(":")[2]
    blob.write_bytes(Image([layer(entry("evil", b"x"))]).blobs[0])
    with pytest.raises(BadImage, match="not sha256"):
        load(store, tmp_path / "layout")
    assert list(store.layers_directory.iterdir()) == []


def symlink(name: str, target: str):
    return entry(name, type=tarfile.SYMTYPE, linkname=target, mode=0o777)


HOSTILE = {
    "a parent directory": [entry("../escaped", b"x")],
    "a parent in the middle": [entry("a/../../escaped", b"x")],
    "a hard link out": [entry("link", type=tarfile.LNKTYPE, linkname="../../escaped")],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_layer_that_leads_out_is_refused(store, tmp_path, name):
    write_docker_archive(Image([layer(*HOSTILE[name])]), tmp_path / "image.tar", "evil:1")
    with pytest.raises(BadImage):
        load(store, tmp_path / "image.tar")
    assert not list(tmp_path.rglob("escaped"))


def test_a_symlink_out_of_the_layer_is_not_followed(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    entries = [symlink("out", str(outside)), entry("out/file", b"x")]
    write_docker_archive(Image([layer(*entries)]), tmp_path / "image.tar", "evil:1")
    with pytest.raises(BadImage):
        load(store, tmp_path / "image.tar")
    assert list(outside.iterdir()) == []


def test_an_absolute_symlink_means_the_root_of_the_layer(store, tmp_path):
    entries = [
        entry("usr/bin/", type=tarfile.DIRTYPE, mode=0o755),
        symlink("bin", "/usr/bin"),
        entry("bin/sh", b"x"),
    ]
    write_docker_archive(Image([layer(*entries)]), tmp_path / "image.tar", "merged:1")
    load(store, tmp_path / "image.tar")
    (image,) = store.images()
    assert (store.layer_path(image.layers[0]) / "usr/bin/sh").read_bytes() == b"x"


def test_an_archive_that_leads_out_is_refused(store, tmp_path):
    (tmp_path / "evil.tar").write_bytes(layer(entry("../escaped", b"x")))
    with pytest.raises(BadImage, match="leads out"):
        load(store, tmp_path / "evil.tar")
    assert not (tmp_path / "escaped").exists()


def test_what_is_no_image_is_refused_by_name(store, tmp_path):
    (tmp_path / "text").write_text("lemonade")
    with pytest.raises(BadImage, match="not an image archive"):
        load(store, tmp_path / "text")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadImage, match="no image found"):
        load(store, tmp_path / "empty")
