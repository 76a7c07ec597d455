"""What is wrong with an expression, from the engine's words to those of Go's CEL, which are upstream's."""

import re

_ISSUE = re.compile(
    r"^ERROR: <input>:(?P<row>\d+):(?P<column>\d+): (?P<told>.*)\n \| (?P<line>.*)\n \| \.*\^$", re.MULTILINE
)
_APPLIED = re.compile(r"found no matching overload for '(?P<name>[\w.]+)' applied to '\((?P<types>.*)\)'")
_UNDECLARED = re.compile(r"undeclared reference to '(?P<root>\w+)\.[\w.]+'")
_RECEIVER = re.compile(r"(?P<path>[\w.`]*)\.\s*\w+\s*$")
_NAMESPACES = frozenset({"sets", "lists", "strings", "format", "ip", "jsonpatch", "optional"})
_WORDS = (
    (re.compile(r" not found in struct '[^']*'"), ""),
    (re.compile(r"\bnull_type\b"), "null"),
    (re.compile(r"\bgoogle\.protobuf\.Timestamp\b"), "timestamp"),
    (re.compile(r"\bgoogle\.protobuf\.Duration\b"), "duration"),
    (re.compile(r"cannot be the range of"), "cannot be range of"),
    (
        re.compile(r"expression of type '(.*)' cannot be the operand of a select operation"),
        r"type '\1' does not support field selection",
    ),
    (re.compile(r"has\(\) argument must be a field selection"), "invalid argument to has() macro"),
)


def told_as_go_does(message: str, text: str) -> str:
    """The issues in the order of their places. An empty text ends before the first column, says Go."""
    message = message.removeprefix("INVALID_ARGUMENT: ").removesuffix(" [INVALID_ARGUMENT]")
    issues = [(int(found["row"]), int(found["column"]), found) for found in _ISSUE.finditer(message)]
    if not issues:
        return message.replace("<input>:1:1:", "<input>:1:0:") if not text else message
    translated = [_translated(row, column, found["told"], found["line"]) for row, column, found in issues]
    return "\n".join(text for _, _, text in sorted(translated))


def issue(row: int, column: int, told: str, line: str) -> str:
    return f"ERROR: <input>:{row}:{column}: {told}\n | {line}\n | {'.' * (column - 1)}^"


def _translated(row: int, column: int, told: str, line: str) -> tuple[int, int, str]:
    for pattern, instead in _WORDS:
        told = pattern.sub(instead, told)
    told = _APPLIED.sub(lambda found: _applied(found, line[: column - 1]), told)
    undeclared = _UNDECLARED.fullmatch(told.removesuffix(" (in container '')"))
    if undeclared:
        root = undeclared["root"]
        told = f"undeclared reference to '{root}' (in container '')"
        column = line.rfind(root, 0, column) + 1 or column
    return row, column, issue(row, column, told, line)


def _applied(found: re.Match[str], before: str) -> str:
    """A method's receiver stands before its other parameters: `string.(int)`."""
    receiver = _RECEIVER.search(before)
    if receiver is None or receiver["path"] in _NAMESPACES:
        return found[0]
    first, rest = _first_of(found["types"])
    return f"found no matching overload for '{found['name']}' applied to '{first}.({rest})'"


def _first_of(types: str) -> tuple[str, str]:
    depth = 0
    for at, letter in enumerate(types):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            return types[:at], types[at + 2 :]
    return types, ""
