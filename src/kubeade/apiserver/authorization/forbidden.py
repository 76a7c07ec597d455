"""The words of a refusal, as every client knows them."""

from kubeade.api.errors import Forbidden, qualified
from kubeade.apiserver.seams import Attributes

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def forbidden(attributes: Attributes, reason: str = "") -> Forbidden:
    """The 403 for a refused request; `reason` is what the authorizers had to say."""
    why = _sentence(attributes).translate(_ESCAPED)
    return forbidden_because(
        attributes.group, attributes.resource, attributes.name, f"{why}: {reason}" if reason else why
    )


def forbidden_because(group: str, resource: str, name: str, why: str) -> Forbidden:
    """A 403 about one object, or about a resource where `name` is empty (upstream: NewForbidden)."""
    about = " ".join(part for part in (qualified(resource, group), f'"{name}"' if name else "") if part)
    message = f"{about} is forbidden: {why}" if resource or group else f"forbidden: {why}"
    details = {"name": name, "group": group, "kind": resource}
    return Forbidden(message, details={key: value for key, value in details.items() if value})


def _sentence(attributes: Attributes) -> str:
    who = f'User "{attributes.user.name}" cannot {attributes.verb}'
    if not attributes.resource_request:
        return f'{who} path "{attributes.path}"'
    resource = attributes.resource
    if attributes.subresource:
        resource += f"/{attributes.subresource}"
    place = f'in the namespace "{attributes.namespace}"' if attributes.namespace else "at the cluster scope"
    return f'{who} resource "{resource}" in API group "{attributes.group}" {place}'
