"""The refusal of an admission policy."""

from kubeade.api.resource import Object
from kubeade.apiserver.admission.plugin import refused
from kubeade.apiserver.admission.webhooks.review import Refused
from kubeade.apiserver.seams import AdmissionAttributes

_CODES = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}


def denied(attributes: AdmissionAttributes, whose: str, message: str, reason: str) -> Refused:
    """What a validating policy's denial looks like to the client."""
    reason = reason or "Invalid"
    told = f"{whose} denied request: {message}"
    status: Object = refused(attributes, told).to_status()
    status["reason"], status["code"] = reason, _CODES.get(reason, 422)
    status["details"] = {**status["details"], "causes": [{"message": told}]}
    return Refused(status)


def denied_by(attributes: AdmissionAttributes, causes: list[tuple[str, str]]) -> Refused:
    """What mutating policies that failed look like: the first one's message and reason, causes for all.

    Each cause is a message and a reason, "" for Forbidden. The code stays 403, as upstream's does."""
    status: Object = refused(attributes, "admission request denied by policy").to_status()
    message, reason = causes[0]
    status["message"], status["reason"] = message, reason or status["reason"]
    status["details"] = {**status["details"], "causes": [{"message": each} for each, _ in causes]}
    return Refused(status)
