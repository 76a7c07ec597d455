"""File descriptors for many nodes in one process: each has a socket of its own to be asked on."""

_SPARE = 1024


def allow(nodes: int) -> None:
    """Raise this process's own limit, as far as it may, for the sockets of so many nodes and of who asks."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(_SPARE + 2 * nodes, hard) if hard != resource.RLIM_INFINITY else _SPARE + 2 * nodes
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
