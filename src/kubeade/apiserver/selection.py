"""Which objects a list, watch or deletecollection is about: label and field selectors over stored bytes.

Names and namespaces are known from the key; labels are read without decoding the rest of an object; only
other fields need the whole of it.
"""

from dataclasses import dataclass

import msgspec

from kubeade.api.errors import BadRequest
from kubeade.api.field_selectors import FieldSelector, parse_field_selector, path_getter
from kubeade.api.resource import Object
from kubeade.api.selector_parsing import parse_label_selector
from kubeade.api.selectors import LabelSelector
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object


class _Metadata(msgspec.Struct, gc=False):
    labels: dict[str, str] | None = None


class _Labelled(msgspec.Struct, gc=False):
    metadata: _Metadata


_read_labels = msgspec.json.Decoder(_Labelled).decode


@dataclass(frozen=True, slots=True)
class Selection:
    """`name` is set where only one object can match (`metadata.name=...`, or a name in the path)."""

    labels: LabelSelector
    fields: FieldSelector
    name: str = ""

    @property
    def everything(self) -> bool:
        return self.labels.everything and self.fields.everything

    def matches_bytes(self, value: bytes) -> bool:
        """Whether an object, given as stored, is selected."""
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
    return Selection(labels, fields, name)
