"""Where a change lies in the ledger: its revision, and its step within it, as one number.

An empty ledger is at revision 1, as etcd is, so that the first change is revision 2 and 0 can mean
"none".
"""

EMPTY_REVISION = 1
STEP_BITS = 20
STEPS = 1 << STEP_BITS
"""At most so many changes have one revision."""

FIRST_PLACE = 0


def place_of(revision: int, step: int = 0) -> int:
    assert step < STEPS
    return revision << STEP_BITS | step


def oldest_readable(compacted: int, first: int) -> int:
    """0 where nothing was forgotten: `first`, the oldest change there is, is the first there was.

    So the changes of the oldest readable revision itself are there, and can be watched, too."""
    return max(compacted, first if first > EMPTY_REVISION + 1 else 0)
