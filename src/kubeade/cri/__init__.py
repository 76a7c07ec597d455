"""The treaty between kubelet and container runtime: the Container Runtime Interface, version v1, as Python.

Names and meanings are those of the CRI's protobuf (cri-api, runtime/v1/api.proto) in snake_case; times
are integers in nanoseconds since the epoch, 0 for "not yet", as there. Only this package is shared by
`kubelet` and `runtime`. Modules: `types` (messages), `service` (the two protocols and the streaming session).
"""
