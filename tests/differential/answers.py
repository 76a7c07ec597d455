"""The recorded answers: what a real kube-apiserver answered, kept for runs without one.

`answers.xz` holds one JSON line a request: those that kubeade answers alike, with the answer; of the others
only how they differ. `differences.json` counts the latter by kind, and says what the classes mean.
"""

import json
import lzma
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from corpus import Chapter, Sent

_HERE = Path(__file__).parent
_ANSWERS, _DIFFERENCES = _HERE / "answers.xz", _HERE / "differences.json"
REASONS = {
    "accepted": "kubeade accepts what upstream refuses: a rule is missing",
    "refused": "kubeade refuses what upstream accepts: a rule is too strict, or a conversion is not lenient",
    "code": "both refuse, for another reason: wrong types in strategic merge patches and apply, mostly",
    "message": "both refuse with the same code, and say or list it otherwise",
    "body": "the object differs: empty values that upstream's types leave out, or fields of switched-off features",
    "warnings": "the same answer with other warnings",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request and its answer; `differs` names the class where kubeade's is another."""

    chapter: str
    setup: bool
    sent: Sent
    answer: dict[str, Any] | None = None
    differs: str = ""


def difference(real: dict[str, Any], ours: dict[str, Any]) -> str:
    """How our answer differs; "" where it does not."""
    if real == ours:
        return ""
    if real["code"] != ours["code"]:
        if real["code"] >= 400 > ours["code"]:
            return "accepted"
        return "refused" if real["code"] < 400 <= ours["code"] else "code"
    if real["body"] == ours["body"]:
        return "warnings"
    return "message" if real["code"] >= 400 else "body"


def write(found: list[Recorded]) -> None:
    lines = [json.dumps(_line(each), separators=(",", ":"), ensure_ascii=False) for each in found]
    packed = lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)
    _ANSWERS.write_bytes(packed)
    _DIFFERENCES.write_text(json.dumps(_summary(found), indent=1) + "\n")


def _line(recorded: Recorded) -> dict[str, Any]:
    sent = {key: value for key, value in asdict(recorded.sent).items() if value}
    found = {"chapter": recorded.chapter, "setup": recorded.setup, **sent}
    return found | ({"differs": recorded.differs} if recorded.differs else {"answer": recorded.answer})


def _summary(found: Iterable[Recorded]) -> dict[str, Any]:
    asked = [each for each in found if not each.setup]
    by_kind: dict[str, Counter[str]] = {}
    for each in asked:
        if each.differs:
            by_kind.setdefault(each.chapter, Counter())[each.differs] += 1
    differing = sum(counts.total() for counts in by_kind.values())
    return {
        "requests": len(asked),
        "agreeing": len(asked) - differing,
        "reasons": REASONS,
        "differing": dict(sorted(by_kind.items())),
    }


@cache
def read() -> dict[str, tuple[Chapter, dict[str, dict[str, Any]]]]:
    """By name: a chapter with the requests that agree, and their answers by what they are about."""
    found: dict[str, tuple[Chapter, dict[str, dict[str, Any]]]] = {}
    for line in lzma.decompress(_ANSWERS.read_bytes()).splitlines():
        each = json.loads(line)
        chapter, answers = found.setdefault(each.pop("chapter"), (Chapter("", [], []), {}))
        setup, answer = each.pop("setup"), each.pop("answer", None)
        if each.pop("differs", "") == "" or setup:
            sent = Sent(**each)
            (chapter.setup if setup else chapter.requests).append(sent)
            answers[sent.about] = answer or {}
    return found
