"""The pod's status as a function of what was ordered, what the runtime holds and what probes say. Pure.

`pod_status` is the entry; `containers`, `phase` and `conditions` are its steps. The rules are upstream's
(pkg/kubelet/kubelet_pods.go, status/generate.go); nothing here reads a clock or talks to anybody.
"""
