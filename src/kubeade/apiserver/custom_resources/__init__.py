"""CustomResourceDefinitions at work: what they define is served, judged, and goes with them.

`served` keeps the catalogue and the schema in line with the definitions in the ledger; `settling` accepts
their names and carries out their deletion; `objects` holds custom objects to their rules on the way in and on
the way out. All that is decided purely is decided in `api.crd`.
"""

from kubeade.apiserver.custom_resources.served import CustomResources

__all__ = ["CustomResources"]
