"""LIST: the stored bytes of many objects, joined.

Without pages the newest state is read from the cache. A page is read from the cache as long as nothing of
the resource has changed since the first page, and from the ledger at the first page's revision after that: so
all pages together are one consistent list.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

from kubeade.api.errors import BadRequest, Expired, FieldError, Invalid
from kubeade.api.resource import Object
from kubeade.apiserver.call import Call
from kubeade.apiserver.continuation import (
    INCONSISTENT,
    Continuation,
    decode_continuation,
    encode_continuation,
    with_newest_revision,
)
from kubeade.apiserver.encoding import encode
from kubeade.apiserver.negotiation import JSON, PROTOBUF
from kubeade.apiserver.options import read_revision
from kubeade.apiserver.representation import represent_list
from kubeade.apiserver.responses import encoded_response, headers
from kubeade.apiserver.selection import Selection, selection_of
from kubeade.apiserver.storage import prefix_end, resource_prefix, scope_prefix
from kubeade.apiserver.verbs.freshness import wait_until_fresh
from kubeade.apiserver.versions import prepare, served_bytes
from kubeade.lib.http.message import Response
from kubeade.store.ledger import Compacted, Record

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
    "that were created, modified, or deleted between the time the first chunk was returned and now may show "
    "up in the list."
)


@dataclass(slots=True)
class _Page:
    """What a list answers with. `remaining` is None where it is not known."""

    values: list[bytes]
    revision: int
    continue_token: str = ""
    remaining: int | None = None

    def metadata(self) -> Object:
        found: Object = {"resourceVersion": str(self.revision)}
        if self.continue_token:
            found["continue"] = self.continue_token
        if self.remaining:
            found["remainingItemCount"] = self.remaining
        return found


async def list_objects(call: Call) -> Response:
    page = await read_page(call, selection_of(call))
    if call.type.custom or call.type.storage != call.type.resource:
        await prepare(call, page.values)
        page.values = [served_bytes(call, value) for value in page.values]
    if call.form.transform:
        shown = represent_list(call, page.values, page.metadata())
        return encoded_response(call, encode(shown), 200)
    if call.form.media_type == PROTOBUF:
        body = await call.backend.protobuf.list_body(
            call.resource, _list_kind(call), page.metadata(), page.values
        )
        return Response(200, headers(call), body)
    if call.options.pretty or call.form.media_type != JSON:
        return encoded_response(call, b"".join(_parts(call, page)), 200)
    return Response(200, headers(call), _parts(call, page))


async def read_page(call: Call, selection: Selection) -> _Page:
    """The selected objects in stored form. Raises Expired, BadRequest, Invalid, Timeout."""
    _check(call)
    options = call.options
    if options.continue_token:
        return await _next_page(call, selection)
    revision = read_revision(options.resource_version) if options.resource_version else 0
    if options.resource_version_match == "Exact":
        return await _page_at(call, selection, Continuation(b"", revision, _now(call)))
    if revision:
        await wait_until_fresh(call, revision)
    newest = call.backend.storage.cache.revision
    return await _cached_page(call, selection, Continuation(b"", newest, _now(call)))


async def _cached_page(call: Call, selection: Selection, place: Continuation) -> _Page:
    """A page of what the cache holds, which is the state at `place.revision`."""
    storage, revision = call.backend.storage, place.revision
    if selection.name and (call.info.namespace or not call.resource.namespaced):
        record = storage.find(call.stored, selection.name, call.info.namespace)
        found = await _matchable(call, selection, [record] if record is not None else [])
        return _Page([r.value for r in found if selection.matches_bytes(r.value)], revision)
    prefix = scope_prefix(call.stored, call.info.namespace)
    records = storage.resource(call.stored).range(place.start or prefix, prefix_end(prefix))
    if not _limit(call) and selection.everything:
        return _Page([record.value for record in records], revision)
    return _cut(call, selection, await _matchable(call, selection, records), place)


async def _matchable(call: Call, selection: Selection, records: Iterable[Record]) -> Iterable[Record]:
    """The records, those converted whose fields the selection can only tell then. Raises ConversionFailed."""
    if selection.served is None:
        return records
    found = list(records)
    await prepare(call, [record.value for record in found])
    return found


async def _next_page(call: Call, selection: Selection) -> _Page:
    prefix = _token_prefix(call)
    token = decode_continuation(call.options.continue_token, prefix)
    if not token.start.startswith(scope_prefix(call.stored, call.info.namespace)):
        raise BadRequest("continue key is not valid: it belongs to another list")
    storage = call.backend.storage
    if token.revision == INCONSISTENT:
        return await _cached_page(
            call, selection, replace(token, revision=storage.cache.revision, began=_now(call))
        )
    if token.is_expired(_now(call)):
        raise _expired(call, token.revision)
    if storage.resource(call.stored).generation <= token.revision <= storage.cache.revision:
        return await _cached_page(call, selection, token)
    return await _page_at(call, selection, token)


async def _page_at(call: Call, selection: Selection, place: Continuation) -> _Page:
    await wait_until_fresh(call, place.revision)
    prefix = scope_prefix(call.stored, call.info.namespace)
    limit = _limit(call) if selection.everything else 0
    try:
        found = await call.backend.storage.ledger.range(
            place.start or prefix,
            prefix_end(prefix),
            revision=place.revision,
            limit=limit + 1 if limit else 0,
        )
    except Compacted:
        raise _expired(call, place.revision) from None
    page = _cut(call, selection, await _matchable(call, selection, found.records), place)
    if page.remaining is not None:
        page.remaining = found.count - len(page.values)
    return page


def _cut(call: Call, selection: Selection, records: Iterable[Record], place: Continuation) -> _Page:
    """As many of the records as match and fit into the page."""
    limit = _limit(call)
    matching = records if selection.everything else (r for r in records if selection.matches_bytes(r.value))
    iterator = iter(matching)
    taken = list(islice(iterator, limit or None))
    values = [record.value for record in taken]
    rest = next(iterator, None) if limit else None
    if rest is None:
        return _Page(values, place.revision)
    token = encode_continuation(taken[-1].key, _token_prefix(call), place.revision, place.began)
    remaining = 1 + sum(1 for _ in iterator) if selection.everything else None
    return _Page(values, place.revision, token, remaining)


def _now(call: Call) -> int:
    return int(call.backend.clock.now().timestamp())


def _limit(call: Call) -> int:
    return max(call.options.limit, 0)


def _token_prefix(call: Call) -> bytes:
    return resource_prefix(call.stored.group, call.stored.plural)


def _expired(call: Call, revision: int) -> Expired:
    token = call.options.continue_token
    if not token:
        return Expired(f"The resourceVersion for the provided list is too old: {revision}")
    error = Expired(_EXPIRED)
    error.metadata["continue"] = with_newest_revision(token, _token_prefix(call))
    return error


def _parts(call: Call, page: _Page) -> list[bytes]:
    """The list's JSON, in parts: the stored bytes themselves, so that a list costs no memory of its own."""
    head = {"kind": _list_kind(call), "apiVersion": call.resource.api_version, "metadata": page.metadata()}
    parts = [b","] * max(2 * len(page.values) - 1, 0)
    parts[::2] = page.values
    return [encode(head)[:-1] + b',"items":[', *parts, b"]}\n"]


def _list_kind(call: Call) -> str:
    return call.type.list_kind or f"{call.type.kind}List"


def _check(call: Call) -> None:
    """What may not be asked together (upstream: meta/internalversion/validation)."""
    options, errors = call.options, []
    match = options.resource_version_match
    if match:
        if not options.resource_version:
            errors.append("resourceVersionMatch is forbidden unless resourceVersion is provided")
        if options.continue_token:
            errors.append("resourceVersionMatch is forbidden when continue is provided")
        if match == "Exact" and options.resource_version == "0":
            errors.append('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    found = [FieldError("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {e}") for e in errors]
    if match and match not in {"Exact", "NotOlderThan"}:
        message = f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""'
        found.append(FieldError("resourceVersionMatch", "FieldValueNotSupported", message))
    if options.send_initial_events is not None:
        message = "Forbidden: sendInitialEvents is forbidden for list"
        found.append(FieldError("sendInitialEvents", "FieldValueForbidden", message))
    if found:
        raise Invalid.of("ListOptions", "", found, "meta.k8s.io")
    if options.continue_token and options.resource_version not in {"", "0"}:
        raise BadRequest("specifying resource version is not allowed when using continue")
