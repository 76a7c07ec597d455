"""Words without Kubernetes in them: clock, ids, backoff, timestamps, HTTP."""
