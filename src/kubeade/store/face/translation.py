"""Between etcd's messages and the ledger's transactions. Pure."""

from collections.abc import Sequence

from kubeade.store.etcd import messages as m
from kubeade.store.etcd.refusals import (
    DUPLICATE_KEY,
    EMPTY_KEY,
    INVALID_SORT,
    LEASE_PROVIDED,
    REQUEST_TOO_LARGE,
    TOO_MANY_OPERATIONS,
    UNKNOWN_COMPARISON,
    VALUE_PROVIDED,
)
from kubeade.store.ledger import EventType, LedgerEvent, Range, Record
from kubeade.store.transaction import (
    LAST_KEY,
    Between,
    Condition,
    DeleteRange,
    Operation,
    PutKey,
    Query,
    Relation,
    Result,
    Sort,
    Transacted,
    Transaction,
    WasPut,
    WereDeleted,
    key_range,
)

MOST_OPERATIONS = 128
MOST_BYTES = 1536 * 1024
_SORTS = (Sort.KEY, Sort.VERSION, Sort.CREATED, Sort.MODIFIED, Sort.VALUE)
_DESCENDING = 2
_RELATIONS = (Relation.EQUAL, Relation.GREATER, Relation.LESS, Relation.NOT_EQUAL)
_FIELDS = ("version", "create_revision", "mod_revision", "value", "lease")


def span(key: bytes, range_end: bytes) -> tuple[bytes, bytes]:
    """The range that the two fields mean. Raises Refusal."""
    if not key:
        raise EMPTY_KEY.anew()
    if not range_end:
        return key_range(key)
    return key, LAST_KEY if range_end == b"\0" else range_end


def query(request: m.RangeRequest) -> Query:
    if not (0 <= request.sort_target < len(_SORTS) and 0 <= request.sort_order <= _DESCENDING):
        raise INVALID_SORT.anew()
    return Query(
        *span(request.key, request.range_end),
        revision=max(request.revision, 0),
        limit=max(request.limit, 0),
        sort=_SORTS[request.sort_target],
        descending=request.sort_order == _DESCENDING,
        keys_only=request.keys_only,
        count_only=request.count_only,
        created=Between(request.min_create_revision, request.max_create_revision),
        modified=Between(request.min_mod_revision, request.max_mod_revision),
    )


def put(request: m.PutRequest) -> PutKey:
    if not request.key:
        raise EMPTY_KEY.anew()
    if request.ignore_value and request.value:
        raise VALUE_PROVIDED.anew()
    if request.ignore_lease and request.lease:
        raise LEASE_PROVIDED.anew()
    if len(request.key) + len(request.value) > MOST_BYTES or request.key >= LAST_KEY:
        raise REQUEST_TOO_LARGE.anew()
    return PutKey(
        request.key,
        None if request.ignore_value else request.value,
        None if request.ignore_lease else request.lease,
    )


def transaction(request: m.TxnRequest) -> Transaction:
    """Raises Refusal."""
    made = _transaction(request)
    if made.size > MOST_BYTES:
        raise REQUEST_TOO_LARGE.anew()
    for branch in (made.then, made.otherwise):
        _check_written_once(branch)
    return made


def _transaction(request: m.TxnRequest) -> Transaction:
    if max(len(request.compare), len(request.success), len(request.failure)) > MOST_OPERATIONS:
        raise TOO_MANY_OPERATIONS.anew()
    return Transaction(
        [_condition(compare) for compare in request.compare],
        [_operation(each) for each in request.success],
        [_operation(each) for each in request.failure],
    )


def _condition(compare: m.Compare) -> Condition:
    start, end = span(compare.key, compare.range_end)
    if not (0 <= compare.target < len(_FIELDS) and 0 <= compare.result < len(_RELATIONS)):
        raise UNKNOWN_COMPARISON.anew()
    field = _FIELDS[compare.target]
    return Condition(start, end, field, _RELATIONS[compare.result], getattr(compare, field))


def _operation(request: m.RequestOp) -> Operation:
    if request.request_put is not None:
        return put(request.request_put)
    if request.request_delete_range is not None:
        deleted = request.request_delete_range
        return DeleteRange(*span(deleted.key, deleted.range_end))
    if request.request_txn is not None:
        return _transaction(request.request_txn)
    return query(request.request_range or m.RangeRequest())


Written = tuple[set[bytes], list[tuple[bytes, bytes]]]
"""The keys that are put, and the ranges that are deleted."""


def _check_written_once(operations: Sequence[Operation]) -> Written:
    """No key is put twice, or put and deleted. Raises Refusal."""
    puts: set[bytes] = set()
    deletes: list[tuple[bytes, bytes]] = []
    for operation in operations:
        more_puts, more_deletes = _written(operation)
        if not puts.isdisjoint(more_puts) or _overlap(puts, more_deletes) or _overlap(more_puts, deletes):
            raise DUPLICATE_KEY.anew()
        puts |= more_puts
        deletes += more_deletes
    return puts, deletes


def _written(operation: Operation) -> Written:
    if isinstance(operation, PutKey):
        return {operation.key}, []
    if isinstance(operation, DeleteRange):
        return set(), [(operation.start, operation.end)]
    if isinstance(operation, Transaction):
        then, otherwise = _check_written_once(operation.then), _check_written_once(operation.otherwise)
        return then[0] | otherwise[0], then[1] + otherwise[1]
    return set(), []


def _overlap(keys: set[bytes], spans: Sequence[tuple[bytes, bytes]]) -> bool:
    return any(start <= key < end for key in keys for start, end in spans)


# -- answers -------------------------------------------------------------------------------------------


def key_value(record: Record) -> m.KeyValue:
    return m.KeyValue(
        record.key,
        record.create_revision,
        record.mod_revision,
        record.version,
        record.value,
        record.lease,
    )


def event(change: LedgerEvent, *, with_previous: bool) -> m.Event:
    """Of a deleted key etcd tells the name and the revision."""
    previous = key_value(change.previous) if with_previous and change.previous else None
    if change.type is EventType.PUT:
        return m.Event(0, key_value(change.record), previous)
    deleted = m.KeyValue(key=change.record.key, mod_revision=change.record.mod_revision)
    return m.Event(1, deleted, previous)


def range_response(found: Range, header: m.ResponseHeader) -> m.RangeResponse:
    return m.RangeResponse(header, [key_value(record) for record in found.records], found.more, found.count)


def put_response(result: WasPut, request: m.PutRequest, header: m.ResponseHeader) -> m.PutResponse:
    wanted = request.prev_kv and result.previous
    return m.PutResponse(header, key_value(result.previous) if wanted and result.previous else None)


def delete_response(
    result: WereDeleted, request: m.DeleteRangeRequest, header: m.ResponseHeader
) -> m.DeleteRangeResponse:
    previous = [key_value(record) for record in result.previous] if request.prev_kv else []
    return m.DeleteRangeResponse(header, len(result.previous), previous)


def txn_response(result: Transacted, request: m.TxnRequest, header: m.ResponseHeader) -> m.TxnResponse:
    asked = request.success if result.succeeded else request.failure
    answers = [_response(each, to) for each, to in zip(result.results, asked, strict=True)]
    return m.TxnResponse(header, result.succeeded, answers)


def _response(result: Result, request: m.RequestOp) -> m.ResponseOp:
    """Of a nested transaction etcd does not tell the revision."""
    if isinstance(result, Transacted):
        assert request.request_txn is not None
        answer = txn_response(result, request.request_txn, m.ResponseHeader())
        return m.ResponseOp(response_txn=answer)
    header = m.ResponseHeader(revision=result.revision)
    if isinstance(result, Range):
        return m.ResponseOp(response_range=range_response(result, header))
    if isinstance(result, WasPut):
        assert request.request_put is not None
        return m.ResponseOp(response_put=put_response(result, request.request_put, header))
    assert request.request_delete_range is not None
    deleted = delete_response(result, request.request_delete_range, header)
    return m.ResponseOp(response_delete_range=deleted)
