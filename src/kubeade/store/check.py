"""Does the ledger's file hold together? For its owner: `kubeade ledger check`.

Replaying the history from what each change says was before must lead to the present state, without
a gap or a revision out of order. Safe on a ledger in use: it reads one snapshot and locks nobody out.
"""
# ruff: noqa: S608 - the statements are made of our own constants

import sqlite3
from contextlib import closing
from pathlib import Path

from kubeade.store.ledger import LedgerUnusable
from kubeade.store.place import EMPTY_REVISION, STEP_BITS
from kubeade.store.schema import open_reader

FINDINGS_PER_RULE = 10

_PREDECESSOR = "(SELECT max(place) FROM history WHERE key = h.key AND place < h.place)"
_NEWEST_OF_KEY = "(SELECT max(place) FROM history WHERE key = h.key)"
_NEWEST = f"coalesce((SELECT max(place) FROM history) >> {STEP_BITS}, {EMPTY_REVISION})"
_STAMPED = "substr(value, stamp_at + 1, length(mod_revision)) != CAST(CAST(mod_revision AS TEXT) AS BLOB)"

RULES = {
    "history has a gap before this revision": f"""
        SELECT revision FROM (SELECT place, revision, lag(revision) OVER (ORDER BY place) AS last,
            lag(place) OVER (ORDER BY place) AS before FROM history)
        WHERE last IS NOT NULL AND place != before + 1
        AND NOT (revision = last + 1 AND place = revision << {STEP_BITS})""",
    "history's byte count does not grow at this revision": """
        SELECT revision FROM (
            SELECT revision, bytes_total - lag(bytes_total) OVER (ORDER BY place) AS more FROM history)
        WHERE more <= 0""",
    "change does not follow from the one before it": f"""
        SELECT h.revision FROM history AS h JOIN history AS b ON b.place = {_PREDECESSOR}
        WHERE CASE WHEN b.deleted_by IS NULL THEN h.mod_revision IS NOT b.revision
                   ELSE h.mod_revision IS NOT NULL END""",
    "change is not later than what was before it": """
        SELECT revision FROM history WHERE mod_revision >= revision""",
    "key's last change is not its present state": f"""
        SELECT h.key FROM history AS h LEFT JOIN current AS c ON c.key = h.key
        WHERE h.place = {_NEWEST_OF_KEY}
        AND CASE WHEN h.deleted_by IS NULL THEN c.mod_revision IS NOT h.revision
                 ELSE c.key IS NOT NULL END""",
    "present state has no change that led to it": f"""
        SELECT c.key FROM current AS c WHERE c.mod_revision >= (SELECT min(place) FROM history) >> {STEP_BITS}
        AND NOT EXISTS (SELECT 1 FROM history WHERE key = c.key AND revision = c.mod_revision)""",
    "key's revisions or version are out of order": f"""
        SELECT key FROM current
        WHERE create_revision > mod_revision OR version < 1
        OR mod_revision > {_NEWEST}""",
    "value does not carry its revision": f"""
        SELECT key FROM current WHERE stamp_at IS NOT NULL AND {_STAMPED}""",
    "old value does not carry its revision": f"""
        SELECT revision FROM history WHERE stamp_at IS NOT NULL AND {_STAMPED}""",
    "key belongs to a lease that is not there": """
        SELECT key FROM current WHERE lease != 0 AND lease NOT IN (SELECT id FROM leases)""",
    "compacted at a revision that has not happened": f"""
        SELECT revision FROM compaction WHERE revision > {_NEWEST}""",
}


def check_file(path: Path) -> list[str]:
    """Everything that is wrong, a line each; empty if all is well. Reads the whole file."""
    if not path.exists():
        raise LedgerUnusable(f"{path} does not exist")
    with closing(open_reader(path)) as connection:
        try:
            damage = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            return damage or _check_rules(connection)
        except sqlite3.DatabaseError as error:
            return [f"the file cannot be read: {error}"]


def _check_rules(connection: sqlite3.Connection) -> list[str]:
    connection.execute("BEGIN")
    findings = []
    for rule, query in RULES.items():
        rows = connection.execute(f"{query} LIMIT {FINDINGS_PER_RULE}")
        findings += [f"{rule}: {row[0]!r}" for row in rows]
    return findings
