"""Why an answer differs: each cause with its reason, and how it is told from the others.

The first that fits counts. What fits none is not explained, and counted as that.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """What was asked of whom, and both answers."""

    kind: str
    about: str
    real: Answer
    ours: Answer

    @property
    def messages(self) -> tuple[str, str]:
        return _message(self.real), _message(self.ours)

    @property
    def both_refuse(self) -> bool:
        return self.real["code"] >= 400 and self.ours["code"] >= 400

    def errors(self) -> tuple[list[str], list[str]]:
        """What is wrong with which field, as each says."""
        return _errors(self.real), _errors(self.ours)

    def paths(self) -> list[tuple[str, Any, Any]]:
        return list(_differing(self.real["body"], self.ours["body"], ""))


def _message(answer: Answer) -> str:
    body = answer["body"]
    return str(body.get("message", "")) if isinstance(body, dict) else str(body)


def _errors(answer: Answer) -> list[str]:
    body = answer["body"]
    details = body.get("details", {}) if isinstance(body, dict) and body.get("kind") == "Status" else {}
    causes = details.get("causes", ()) if isinstance(details, dict) else ()
    return [f"{each.get('field', '')}: {each.get('message', '')}" for each in causes]


_ABSENT = "<absent>"


def _differing(real: Any, ours: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(real, dict) and isinstance(ours, dict):
        for name in real.keys() | ours.keys():
            yield from _differing(real.get(name, _ABSENT), ours.get(name, _ABSENT), f"{path}.{name}")
    elif isinstance(real, list) and isinstance(ours, list) and len(real) == len(ours):
        for one, other in zip(real, ours, strict=True):
            yield from _differing(one, other, f"{path}[]")
    elif real != ours:
        yield path, real, ours


def _only(found: Difference, fits: Callable[[str, Any, Any], bool]) -> bool:
    """Whether every place where two objects differ fits."""
    same_code = found.real["code"] == found.ours["code"] < 400
    return (
        same_code and found.real["body"] != found.ours["body"] and all(fits(*each) for each in found.paths())
    )


def _ends_in_a_diff(found: Difference) -> bool:
    real, ours = found.messages
    return "\n@@ " in real and real.partition("\n")[0].lstrip("[") == ours.partition("\n")[0].lstrip("[")


def _has_a_diff(found: Difference) -> bool:
    real, ours = ([each.partition("\n")[0] for each in side] for side in found.errors())
    return "\n@@ " in found.messages[0] and set(real) == set(ours)


def _compares_text(found: Difference) -> bool:
    kinds = ("controllerrevisions", "resourceclaims", "resourceclaimtemplates")
    changed = re.search(r"(data|spec): Invalid value: .*field is immutable", found.messages[0], re.DOTALL)
    return found.kind.endswith(kinds) and changed is not None


def _same_errors(found: Difference) -> bool:
    real, ours = found.errors()
    return bool(real) and sorted(real) == sorted(ours)


_VALUE = re.compile(r"Invalid value: [\[{].*[\]}]: ", re.DOTALL)


def _same_but_values(found: Difference) -> bool:
    real, ours = ([_VALUE.sub("", each) for each in side] for side in found.errors())
    return bool(real) and sorted(real) == sorted(ours)


def _is_undecodable(found: Difference) -> bool:
    real, ours = found.messages
    why = real.rpartition(f"Kind={ours.partition(' ')[0]}: ")[2]
    return "unable to convert unstructured object" in real and found.ours["code"] == 400 and bool(why)


def _fewer_errors(found: Difference) -> bool:
    real, ours = found.errors()
    return bool(ours) and set(ours) < set(real)


def _more_errors(found: Difference) -> bool:
    real, ours = found.errors()
    return bool(real) and set(real) < set(ours)


def _same_fields(found: Difference) -> bool:
    real, ours = ([each.partition(":")[0] for each in side] for side in found.errors())
    return bool(real) and sorted(set(real)) == sorted(set(ours))


def _counts_text(path: str, real: Any, ours: Any) -> bool:
    return path.endswith(".generation")


def _empty_lists(path: str, real: Any, ours: Any) -> bool:
    return real == _ABSENT and ours in ([], {})


@dataclass(frozen=True, slots=True)
class Cause:
    name: str
    reason: str
    fits: Callable[[Difference], bool]


CAUSES = (
    Cause(
        "a revision that is no number",
        "upstream answers a GET with 500; kubeade with 400, as upstream does for a list: no request of a client "
        "may lead to an internal error",
        lambda found: found.about == "get too new",
    ),
    Cause(
        "embedded JSON compared as text",
        "upstream compares JSON that it does not look into byte by byte with what it has stored in another "
        "form: any patch of such an object is a change to it, and refused; kubeade compares values",
        lambda found: _compares_text(found) or ("deviceclasses" in found.kind and _only(found, _counts_text)),
    ),
    Cause(
        "a generation counted before fields are dropped",
        "upstream compares what was sent, and drops fields that may not be set only then; kubeade counts changes",
        lambda found: _only(found, _counts_text),
    ),
    Cause(
        "a diff of internal types",
        "what may not be changed is told with a diff of upstream's internal types, which no client reads and "
        "kubeade does not have: it shows the diff where it can, of what it has",
        lambda found: _ends_in_a_diff(found) or _has_a_diff(found),
    ),
    Cause(
        "words of the CEL compiler",
        "kubeade has another compiler, which refuses the same expressions and points at them in other words",
        lambda found: found.both_refuse and "compilation failed" in found.messages[0],
    ),
    Cause(
        "an apply to a custom resource's scale",
        "upstream fails with 500, a known fault; kubeade applies it",
        lambda found: "request to convert CR to an invalid group/version" in found.messages[0],
    ),
    Cause(
        "a Scale as a table",
        "upstream has a column for what the Scale is of; kubeade answers with the Scale itself, as upstream does "
        "for other subresources",
        lambda found: found.about == "get scale as table",
    ),
    Cause(
        "an apply that cannot be decoded",
        "upstream answers with 500 what its decoder refuses after the configuration was merged; kubeade with 400: "
        "no request of a client may lead to an internal error",
        _is_undecodable,
    ),
    Cause(
        "the order of errors",
        "the same errors in another order: upstream's is that of its code, and changes between versions",
        lambda found: found.both_refuse and _same_errors(found),
    ),
    Cause(
        "a value in its internal form",
        "upstream shows an object that is refused as its internal type, with all fields that were not sent; kubeade "
        "shows what was sent, for types whose internal form it does not know",
        lambda found: found.both_refuse and _same_but_values(found),
    ),
    Cause(
        "an empty list",
        "upstream's storage makes a null of an empty list that must be there; kubeade keeps the list as sent",
        lambda found: _only(found, _empty_lists),
    ),
    Cause(
        "fewer errors",
        "refused for the same error; upstream lists further ones of the same object, which show when the first "
        "are mended",
        lambda found: found.both_refuse and _fewer_errors(found),
    ),
    Cause(
        "more errors",
        "refused for the same errors; kubeade lists further ones, which upstream tells when the first are mended",
        lambda found: found.both_refuse and _more_errors(found),
    ),
    Cause(
        "other words for the same field",
        "the same fields are refused with the same code; what is said of them is worded otherwise",
        lambda found: found.both_refuse and _same_fields(found),
    ),
)


def cause_of(found: Difference) -> str:
    """A cause's name, or "" for a difference that is not explained."""
    return next((cause.name for cause in CAUSES if cause.fits(found)), "")
