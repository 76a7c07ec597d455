"""Image references as people write them."""

import pytest

from kubeade.runtime.images.reference import parse_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("docker.io/redis", "docker.io/library/redis:latest"),
        ("index.docker.io/library/redis", "docker.io/library/redis:latest"),
        ("localhost/x", "localhost/x:latest"),
        ("localhost:5000/x/y:z", "localhost:5000/x/y:z"),
        ("[::1]:5000/x:y", "[::1]:5000/x:y"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
        (f"busybox@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"),
        (f"quay.io/a/b:c@{DIGEST}", f"quay.io/a/b:c@{DIGEST}"),
    ],
)
def test_short_forms_are_completed(text, full):
    assert str(parse_reference(text)) == full


@pytest.mark.parametrize(
    "text",
    ["", "UPPER", "a b", "x:", "x@sha256:12", "x//y", "../x", "x:-tag", "-x", "a/../b", "x@md5:" + "a" * 32],
)
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(ValueError, match="invalid reference format"):
        parse_reference(text)
