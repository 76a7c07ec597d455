"""Which objects a list, watch or deletecollection is about: label and field selectors over stored bytes.

Names and namespaces are known from the key; labels are read without decoding the rest of an object; only
other fields need the whole of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec

from kubeade.api.errors import BadRequest
from kubeade.api.field_selectors import FieldSelector, parse_field_selector, path_getter
from kubeade.api.resource import Object
from kubeade.api.selector_parsing import parse_label_selector
from kubeade.api.selectors import LabelSelector
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object, encode
from kubeade.apiserver.versions import served_bytes


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, str] | None = None


class _Labelled(msgspec.Struct, gc=False):
    metadata: _Metadata


_read_labels = msgspec.json.Decoder(_Labelled).decode


@dataclass(frozen=True, slots=True)
class Selection:
    """`name` is set where only one object can match (`metadata.name=...`, or a name in the path).

    `served` is set where fields are asked for that only a conversion webhook can tell: stored bytes then have
    to be prepared (`versions.prepare`) before they are matched, and are matched as that made them.
    `mark` is in the bytes of whatever matches: a thousand kubelets ask for their pods among all others.
    """

    labels: LabelSelector
    fields: FieldSelector
    name: str = ""
    served: Callable[[bytes], bytes] | None = None
    mark: bytes = b""

    @property
    def everything(self) -> bool:
        return self.labels.everything and self.fields.everything

    def matches_bytes(self, value: bytes) -> bool:
        """Whether an object, given as stored, is selected."""
        if self.served is not None:
            value = self.served(value)
        elif self.mark not in value:
            return False
        if not self.labels.everything and not self.labels.matches(_read_labels(value).metadata.labels):
            return False
        return self.fields.everything or self.fields.matches(decode_object(value))

    def matches(self, obj: Object) -> bool:
        """Whether an object, given as stored and decoded, is selected."""
        metadata = obj["metadata"]
        return self.labels.matches(metadata.get("labels")) and self.fields.matches(obj)


def selection_of(call: Call) -> Selection:
    """Raises BadRequest for a selector that cannot be read or asks for an unknown field."""
    options = call.options
    labels = parse_label_selector(options.label_selector)
    custom = call.backend.customs.find(call.resource)
    selectable = {path: path_getter(path) for path in custom.selectable_fields} if custom else None
    fields = parse_field_selector(options.field_selector, call.resource, selectable)
    name = fields.exact("metadata.name") or ""
    if call.info.name:
        if name and name != call.info.name:
            raise BadRequest("fieldSelector metadata.name doesn't match requested name")
        name = call.info.name
    converted = selectable and not fields.everything and call.backend.customs.conversion(call.resource)
    node = fields.exact("spec.nodeName")
    mark = encode(node) if node and custom is None else b""
    return Selection(labels, fields, name, partial(served_bytes, call) if converted else None, mark)
