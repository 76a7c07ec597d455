"""What there is on this machine that a cluster could leave behind: JSON, sorted lines by kind.

Run on an island (`island.py`), whose root is the argument.
"""

import json
import os
import socket
import struct
import sys
from pathlib import Path

VOLATILE_SYSCTLS = (
    "/proc/sys/fs/", "/proc/sys/kernel/random/", "/proc/sys/kernel/ns_last_pid", "/proc/sys/net/netfilter/",
    "/proc/sys/kernel/pty/nr", "/proc/sys/kernel/perf", "/proc/sys/kernel/sched", "/proc/sys/vm/",
)  # fmt: skip


def main(root: str) -> None:
    found = {
        "processes": processes(),
        "mounts": mounts(),
        "network namespaces": network_namespaces(),
        "interfaces": [line.split(":")[0].strip() for line in lines("/proc/net/dev")[2:]],
        "routes": [*lines("/proc/net/route"), *lines("/proc/net/fib_trie"), *lines("/proc/net/ipv6_route")],
        "firewall tables": firewall_tables(),
        "sockets": sockets(),
        "named sockets": [line.split()[7] for line in lines("/proc/net/unix")[1:] if len(line.split()) > 7],
        "resource groups": resource_groups(),
        "ipc": [*lines("/proc/sysvipc/shm"), *lines("/proc/sysvipc/sem"), *lines("/proc/sysvipc/msg")],
        "sysctls": sysctls(),
        "files": files(root),
    }
    json.dump({kind: sorted(each) for kind, each in found.items()}, sys.stdout)


def lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []


def processes() -> list[str]:
    """Command lines and states, but this one's and the island's first."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in (1, os.getpid()):
            command = " ".join(lines(f"/proc/{name}/cmdline")).replace("\0", " ")
            found.append(" ".join([*lines(f"/proc/{name}/stat")[0:1], command]))
    return found


def mounts() -> list[str]:
    return [" ".join(line.split()[3:]) for line in lines("/proc/self/mountinfo")]


def network_namespaces() -> list[str]:
    """Those that any process is in or holds; named ones are files."""
    held = set()
    for path in [*Path("/proc").glob("[0-9]*/ns/net"), *Path("/proc").glob("[0-9]*/fd/*")]:
        try:
            target = os.readlink(path)
        except OSError:
            continue
        if target.startswith("net:"):
            held.add(target)
    return list(held)


def sockets() -> list[str]:
    """Listening TCP and all UDP and raw sockets, by local address."""
    found = []
    for kind in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        for line in lines(f"/proc/net/{kind}")[1:]:
            fields = line.split()
            if not kind.startswith("tcp") or fields[3] == "0A":
                found.append(f"{kind} {fields[1]}")
    return found


def resource_groups() -> list[str]:
    return [directory for directory, _, _ in os.walk("/sys/fs/cgroup")]


def sysctls() -> list[str]:
    found = []
    for directory, _, names in os.walk("/proc/sys"):
        for name in names:
            path = os.path.join(directory, name)
            if not path.startswith(VOLATILE_SYSCTLS):
                found += [f"{path} {line}" for line in lines(path)]
    return found


def files(root: str) -> list[str]:
    """All below the island's own directory, which is what has been written to /tmp, /run, /var and home. Not
    kubectl's cache."""
    found = []
    for directory, folders, names in os.walk(root):
        found += [os.path.join(directory, name) for name in [*folders, *names]]
    unwanted = (f"{root}/written", f"{root}/kubectl")
    written = [path for path in found if not path.startswith(unwanted)]
    for upper in Path(root).glob("written/upper*"):
        # Directories are copied for what is written in them; Python keeps its own bytecode.
        files = [path for path in upper.rglob("*") if not path.is_dir()]
        written += [str(path) for path in files if path.suffix != ".pyc"]
    return written


def firewall_tables() -> list[str]:
    """Tables of nf_tables, of every family, asked for over netlink."""
    header = struct.pack("=IHHII", 20, 10 << 8 | 1, 0x301, 1, 0) + struct.pack("!BBH", 0, 0, 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as connection:
            connection.settimeout(2)
            connection.send(header)
            answer = connection.recv(1 << 16)
    except OSError as error:
        return [str(error)]
    names = []
    while len(answer) >= 20:
        length, kind = struct.unpack_from("=IH", answer)
        if kind == 10 << 8:
            names.append(answer[20:length].decode("latin-1"))
        answer = answer[(length + 3) & ~3 :]
    return names


main(sys.argv[1])
