"""Server-side apply: who manages which field, and how an applied configuration merges with an object.

The reader's way in is `field_manager.FieldManager`. Below it: `managed` (the entries of managedFields),
`field_set` (sets of fields), `shape` (what the schema says about merging), and one module for each walk:
`compare`, `merge`, `prune`, `owned_fields`, `check`. The rules are those of upstream's structured-merge-diff,
described at https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from kubeade.api.apply.field_manager import FieldManager
from kubeade.api.apply.managed import same_but_times
from kubeade.api.apply.manager_name import manager_name

__all__ = ["FieldManager", "manager_name", "same_but_times"]
