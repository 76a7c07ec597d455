"""When a bootstrap token's time is up. Pure."""

from base64 import b64decode
from datetime import datetime

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.lib.timestamps import parse_time

TYPE = "bootstrap.kubernetes.io/token"


def seconds_left(secret: Object, now: datetime) -> float | None:
    """How long the token may still be used, 0 or less when it is over; None for one that has no end.

    An end that is no date is over, as it is for whoever shows such a token.
    """
    if secret.get("type") != TYPE or is_being_deleted(secret):
        return None
    encoded = text(part(secret, "data"), "expiration")
    if not encoded:
        return None
    try:
        return (parse_time(b64decode(encoded).decode()) - now).total_seconds()
    except ValueError:
        return 0.0
