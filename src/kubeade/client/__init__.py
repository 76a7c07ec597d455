"""The road to any API server: kubeconfig, transport, typed verbs, watch."""
