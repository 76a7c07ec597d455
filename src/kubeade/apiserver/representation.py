"""Objects as Tables and as metadata only: what `kubectl get` and metadata informers ask for.

For a Table the object's bytes are decoded, once per answer or, in a watch, once per change for all watchers;
the metadata is taken from them as it is.
"""

from collections.abc import Sequence

import msgspec

from kubeade.api import tables
from kubeade.api.errors import BadRequest, NotAcceptable
from kubeade.api.resource import Object
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.negotiation import Form


class _OnlyMetadata(msgspec.Struct):
    metadata: msgspec.Raw


_read_metadata = msgspec.json.Decoder(_OnlyMetadata).decode

_PARTIAL = "PartialObjectMetadata"


def represent(call: Call, values: Sequence[bytes]) -> Object:
    """One object's bytes as the form asks."""
    if call.form.transform == "Table":
        revision = decode_object(values[0])["metadata"].get("resourceVersion")  # a dry run's object has none
        return table_of(call, values, {"resourceVersion": revision} if revision else {})
    if call.form.transform == _PARTIAL:
        return partial_metadata(call.form, values[0])
    raise _unfit(call, "not a list", "")


def represent_list(call: Call, values: Sequence[bytes], list_metadata: Object) -> Object:
    """A list's objects as the form asks."""
    if call.form.transform == "Table":
        return table_of(call, values, list_metadata)
    if call.form.transform == _PARTIAL:
        raise _unfit(call, "a list", "List")
    items = [partial_metadata(call.form, value) for value in values]
    api_version = f"meta.k8s.io/{call.form.version}"
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": api_version,
        "metadata": list_metadata,
        "items": items,
    }


def table_of(call: Call, values: Sequence[bytes], list_metadata: Object, *, headless: bool = False) -> Object:
    """A Table with a row per object; `headless` leaves the columns out (all but a watch's first event)."""
    include = call.options.include_object or "Metadata"
    if include not in {"None", "Metadata", "Object"}:
        raise BadRequest(f'unrecognized includeObject value: "{include}"')
    resource, now = call.resource, call.backend.clock.now()
    printer = call.backend.customs.printer(resource)
    rows = []
    for value in values:
        obj = decode_object(value)
        shown = tables.object_part(obj, include)
        cells = printer.cells(obj, now) if printer else tables.cells(resource, obj, now)
        rows.append(tables.row(cells, shown, tables.row_conditions(resource, obj)))
    columns = () if headless else printer.columns if printer else tables.columns(resource)
    found = tables.table(columns, rows, list_metadata)
    return {**found, "apiVersion": f"meta.k8s.io/{call.form.version}"}


def partial_metadata(form: Form, value: bytes) -> Object:
    """`PartialObjectMetadata`: the metadata and nothing else, still encoded (`msgspec.Raw`)."""
    metadata = _read_metadata(value).metadata
    return {"kind": _PARTIAL, "apiVersion": f"meta.k8s.io/{form.version}", "metadata": metadata}


def _unfit(call: Call, what: str, suffix: str) -> NotAcceptable:
    """A list asked for as one object, or the other way round; upstream names the answer's type in Go."""
    group, kind = call.resource.group, call.resource.kind
    package = group.partition(".")[0] or "core"
    go_type = (
        f"{package}.{kind}"
        if call.backend.customs.printer(call.resource) is None
        else "unstructured.Unstructured"
    )
    message = f"you requested {call.form.transform}, but the requested object is {what} (*{go_type}{suffix})"
    return NotAcceptable(message, details={})
