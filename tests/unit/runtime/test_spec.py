"""From the CRI's configuration to the launcher's orders, and what is refused by name."""

import pytest

from kubeade.cri.service import InvalidArgument, NotSupported
from kubeade.cri.types import (
    ContainerConfig,
    ContainerMetadata,
    DnsConfig,
    Mount,
    MountPropagation,
    NamespaceMode,
    NamespaceOptions,
    SandboxConfig,
    SandboxMetadata,
    SecurityContext,
    SecurityProfile,
)
from kubeade.runtime.images.config import ImageConfig
from kubeade.runtime.launcher import capabilities
from kubeade.runtime.spec import Places, command_of, isolated_spec, plain_spec, resolv_conf, sandbox_spec

IMAGE = ImageConfig(entrypoint=("/entry",), cmd=("serve",), env=("PATH=/bin", "A=image"), user="app:staff")
PLACES = Places({"merged": "/m", "scratch": "/s"}, "/sandbox", "/volumes", "/log", "/sandbox/shm")


def container(**fields) -> ContainerConfig:
    return ContainerConfig(ContainerMetadata("c"), "lemonade:1", **fields)


def sandbox(**fields) -> SandboxConfig:
    return SandboxConfig(SandboxMetadata("web", "uid", "shop"), **fields)


def isolated(image: ImageConfig = IMAGE, **fields):
    return isolated_spec(container(**fields), image, sandbox(hostname="web-0"), PLACES)


@pytest.mark.parametrize(
    ("command", "args", "expected"),
    [
        ([], [], ["/entry", "serve"]),
        ([], ["drink"], ["/entry", "drink"]),
        (["/bin/sh"], [], ["/bin/sh"]),
        (["/bin/sh"], ["-c"], ["/bin/sh", "-c"]),
    ],
)
def test_command_and_args_override_the_image(command, args, expected):
    assert command_of(container(command=command, args=args), IMAGE) == expected


def test_an_image_without_command_is_refused():
    with pytest.raises(InvalidArgument, match="no command specified"):
        command_of(container(), ImageConfig())


def test_environment_of_the_pod_wins():
    assert dict(isolated(envs=[("A", "pod"), ("B", "")])["env"]) == {
        "HOSTNAME": "web-0",
        "PATH": "/bin",
        "A": "pod",
        "B": "",
    }


@pytest.mark.parametrize(
    ("security", "user", "group"),
    [
        (SecurityContext(), "app", "staff"),
        (SecurityContext(run_as_user=7), "7", ""),
        (SecurityContext(run_as_user=7, run_as_group=8), "7", "8"),
        (SecurityContext(run_as_group=8), "app", "8"),
        (SecurityContext(run_as_username="bob"), "bob", ""),
    ],
)
def test_user_of_the_pod_wins(security, user, group):
    spec = isolated(security=security)
    assert (spec["user"]["user"], spec["user"]["group"]) == (user, group)


def test_capabilities_start_from_the_default():
    spec = isolated(security=SecurityContext(add_capabilities=["NET_ADMIN"], drop_capabilities=["CAP_CHOWN"]))
    wanted = capabilities.mask_of([*capabilities.DEFAULT, "NET_ADMIN"]) & ~capabilities.mask_of(["CHOWN"])
    assert spec["capabilities"] == wanted


def test_dropping_all_leaves_what_is_added():
    spec = isolated(
        security=SecurityContext(add_capabilities=["NET_BIND_SERVICE"], drop_capabilities=["ALL"])
    )
    assert spec["capabilities"] == capabilities.mask_of(["NET_BIND_SERVICE"])


def test_privileged_has_every_capability_and_no_filter():
    security = SecurityContext(privileged=True, seccomp=SecurityProfile("RuntimeDefault"))
    spec = isolated(security=security)
    assert spec["capabilities"] == capabilities.ALL
    assert not spec["seccomp"]


def test_volumes_become_mounts_beside_the_files_of_the_sandbox():
    mount = Mount("/data/../etc/hosts", "/h", readonly=True, propagation=MountPropagation.HOST_TO_CONTAINER)
    mounts = {item["target"]: item for item in isolated(mounts=[mount])["mounts"]}
    assert mounts["/etc/hosts"]["source"] == "/h"
    assert mounts["/etc/hosts"]["readonly"]
    assert mounts["/etc/hosts"]["propagation"] == "slave"
    assert mounts["/etc/resolv.conf"]["source"] == "/sandbox/resolv.conf"


@pytest.mark.parametrize("path", ["/", "/proc", "/proc/sys", "//proc/./1", "/x/../proc"])
def test_mounts_over_root_and_proc_are_refused(path):
    with pytest.raises(InvalidArgument, match="nothing may be mounted"):
        isolated(mounts=[Mount(path, "/h")])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"security": SecurityContext(seccomp=SecurityProfile("Localhost", "mine.json"))}, "mine.json"),
        ({"security": SecurityContext(apparmor=SecurityProfile("Localhost", "strict"))}, "strict"),
        ({"security": SecurityContext(namespaces=NamespaceOptions(host_users=False))}, "hostUsers"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(fields, named):
    with pytest.raises(NotSupported, match=named):
        isolated(**fields)


def test_unknown_capability_is_refused_by_name():
    with pytest.raises(InvalidArgument, match="FLY"):
        isolated(security=SecurityContext(add_capabilities=["FLY"]))


@pytest.mark.parametrize(
    "name", ["kernel.panic", "vm.swappiness", "net.ipv4/../../kernel/panic", "kernel.shm..x"]
)
def test_sysctls_of_the_host_are_refused(name):
    with pytest.raises(InvalidArgument, match="sysctl"):
        sandbox_spec(sandbox(sysctls={name: "1"}), "/d")


def test_sysctls_need_a_namespace_of_their_own():
    options = NamespaceOptions(network=NamespaceMode.NODE)
    with pytest.raises(InvalidArgument, match="host's namespace"):
        sandbox_spec(sandbox(sysctls={"net.core.somaxconn": "1"}, namespaces=options), "/d")


def test_host_namespaces_are_not_made():
    options = NamespaceOptions(network=NamespaceMode.NODE, ipc=NamespaceMode.NODE, pid=NamespaceMode.NODE)
    spec = sandbox_spec(sandbox(namespaces=options), "/d")
    assert (spec["namespaces"], spec["shm"], spec["shared_pid"]) == ([], "", False)


def test_plain_container_is_told_where_its_volumes_are():
    spec = plain_spec(container(), IMAGE, sandbox(), PLACES, "id-1")
    assert dict(spec["env"])["CONTAINER_SANDBOX_MOUNT_POINT"] == "/volumes"
    assert spec["cwd"] == "/volumes"


def test_resolver_is_the_pods_or_else_the_hosts():
    dns = DnsConfig(["10.96.0.10"], ["shop.svc.cluster.local"], ["ndots:5"])
    text = resolv_conf(sandbox(dns_config=dns), "nameserver 1.1.1.1\n")
    assert text == "search shop.svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    assert resolv_conf(sandbox(), "nameserver 1.1.1.1\n") == "nameserver 1.1.1.1\n"
