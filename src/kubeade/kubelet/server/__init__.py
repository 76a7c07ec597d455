"""The node's HTTPS server: logs, exec, attach, port forwarding, metrics; reads through `pod_access`."""
