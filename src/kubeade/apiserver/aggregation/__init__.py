"""Groups that other servers serve, as if this one did (upstream: kube-aggregator).

An APIService with `spec.service` hands a group version to an extension API server. `registered` knows them,
`servers` reaches them, `availability` says whether they answer, `gateway` passes requests on with the user's
identity, `openapi` fetches their documents. `local` keeps an APIService for every group version of our own.
"""

from kubeade.apiserver.aggregation.aggregator import Aggregator, FrontProxy

__all__ = ["Aggregator", "FrontProxy"]
