"""The recorded answers: what a real kube-apiserver answered, kept for runs without one.

`answers.xz` holds one JSON line a request: those that kubeade answers alike, with the answer; of the others
only how they differ. `differences.json` counts the latter by cause, each with its reason, and lists those that
nothing explains.
"""

import json
import lzma
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import causes
from corpus import Chapter, Sent

_HERE = Path(__file__).parent
_SHOWN = 100
_ANSWERS, _DIFFERENCES = _HERE / "answers.xz", _HERE / "differences.json"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request and its answer; `differs` names the class where kubeade's is another, `cause` why, if known."""

    chapter: str
    setup: bool
    sent: Sent
    answer: dict[str, Any] | None = None
    differs: str = ""
    cause: str = ""


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
    differing = [each for each in asked if each.differs]
    explained = [each for each in differing if each.cause]
    return {
        "requests": len(asked),
        "agreeing": len(asked) - len(differing),
        "explained": len(explained),
        "unexplained": len(differing) - len(explained),
        "causes": {cause.name: _told(cause, explained) for cause in causes.CAUSES},
        "not explained": _listed(each for each in differing if not each.cause),
    }


def _told(cause: causes.Cause, explained: list[Recorded]) -> dict[str, Any]:
    by_kind = Counter(each.chapter for each in explained if each.cause == cause.name)
    return {"reason": cause.reason, "requests": by_kind.total(), "by kind": dict(sorted(by_kind.items()))}


def _listed(found: Iterable[Recorded]) -> dict[str, list[str]]:
    """By kind, what the requests were about, and in what the answers differ."""
    by_kind: dict[str, list[str]] = {}
    for each in found:
        by_kind.setdefault(each.chapter, []).append(f"{each.differs}: {each.sent.about[:_SHOWN]}")
    return dict(sorted(by_kind.items()))


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
