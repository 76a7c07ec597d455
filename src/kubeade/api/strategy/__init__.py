"""What each verb may touch, kind by kind: what only the server sets, and what stays as it was.

`create` and `update` are the two entries; `kinds` holds the facts as data; the other modules hold the
rules of single kinds. Everything changes the new object in place and only reads the old one.
"""

from kubeade.api.strategy.create import prepare_for_create
from kubeade.api.strategy.update import prepare_for_update

__all__ = ["prepare_for_create", "prepare_for_update"]
