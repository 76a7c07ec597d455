"""Of the records of a range, those that a query wants, as it wants them. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from kubeade.store.ledger import Range, Record
from kubeade.store.transaction import Query


def select(records: Sequence[Record], query: Query, revision: int) -> Range:
    """Filter, sort, cut. `records` is the whole range in key order; the count is without filters."""
    count = len(records)
    if query.count_only:
        return Range((), revision, count, more=False)
    if not query.unfiltered:
        records = [
            each
            for each in records
            if each.mod_revision in query.modified and each.create_revision in query.created
        ]
    if not query.plain:
        field = query.sort.value
        records = sorted(records, key=lambda each: getattr(each, field), reverse=query.descending)
    more = bool(query.limit) and len(records) > query.limit
    return shape(Range(records[: query.limit] if more else records, revision, count, more), query)


def shape(found: Range, query: Query) -> Range:
    """Without values, where only keys were asked for."""
    if not query.keys_only:
        return found
    return replace(found, records=[structs.replace(record, value=b"") for record in found.records])
