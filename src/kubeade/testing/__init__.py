"""What users get for their own tests: a `Cluster` that starts in a second and forks in a moment.

In pytest, `pytest_plugins = ["kubeade.testing.fixtures"]` in the top `conftest.py` brings fixtures.
"""

from kubeade.testing.cluster import Cluster, ClusterFailed

__all__ = ["Cluster", "ClusterFailed"]
