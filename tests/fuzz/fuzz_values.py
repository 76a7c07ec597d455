"""Values that have broken servers before, and random objects of any kind, from its schema. All from one
seed."""

from random import Random
from typing import Any

from kubeade.api.schema_node import Node

WORDS = (
    *(
        "",
        " ",
        "a",
        "A",
        "0",
        "-",
        ".",
        "..",
        "/",
        "a/b",
        "a/b/c",
        "../../etc/passwd",
        "%2F",
        "%00",
        "\x00",
        "\x7f",
    ),
    *(
        "a" * 63,
        "a" * 64,
        "a" * 254,
        "é",
        "日本",
        "\u202e",
        "\ufffd",
        "\U0001f34b",
        "a\nb",
        "a\tb",
        "'",
        '"',
        "\\",
        "`",
    ),
    *(
        "true",
        "null",
        "NaN",
        "~",
        "0x10",
        "010",
        "1e3",
        "-1",
        "1.5",
        "+1",
        "1_000",
        "9" * 40,
        "=",
        "a=b",
        "{",
        "}",
    ),
    *(
        "100m",
        "1Gi",
        "1e400",
        "-5Ki",
        "1.5.5",
        "0.0000000001",
        "10E",
        "1Ei",
        "99999999999999999999Ei",
        "m",
        "1mm",
    ),
    *("* * * * *", "*/0 * * * *", "60 * * * *", "@every 1s", "@hourly", "TZ=X * * * * *", "0-59/7 1,2 L W ?"),
    *("a in (b,c)", "a notin (", "!a", "a>5", "a==b,c!=d", "a in ()", ",", "(", "in in (in)"),
    *(
        "10.0.0.1",
        "10.0.0.0/8",
        "::1",
        "fe80::1%eth0",
        "999.1.1.1",
        "10.0.0.0/33",
        "::/129",
        "0x7f.1",
        "127.0.0.1",
    ),
    *(
        "2026-01-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "9999-99-99",
        "0001-01-01T00:00:00Z",
        "1h",
        "-1s",
        "1h1",
        "P1D",
    ),
    *(
        "{.metadata.name}",
        "{range .items[*]}",
        ".spec.x[?(@.a=='b')]",
        "{..}",
        "[",
        "$",
        "^(a+)+$",
        "(?i)x",
        "[z-a]",
    ),
    *(
        "self == oldSelf",
        "self.all(x, x > 0)",
        "self",
        "1/0",
        "a.b.c(",
        "has(self.x)",
        "size(self) < 2",
        "[1,2,3].map(",
    ),
    *(
        "http://[::1",
        "https://x:99999/",
        "tcp://",
        "$(A)",
        "$$(A)",
        "${A}",
        "{{.}}",
        "*",
        "*.a",
        "a.*",
        "f:a",
        "k:{}",
    ),
)
NUMBERS = (
    0,
    1,
    -1,
    2,
    80,
    255,
    65535,
    65536,
    2**31 - 1,
    2**31,
    -(2**31) - 1,
    2**53,
    2**63 - 1,
    2**63,
    2**64,
    10**40,
)
FLOATS = (0.5, -0.0, 1e308, 1e-320, 1.0, 3e9)
_DEPTH = 9


def any_value(random: Random, depth: int = 0) -> Any:
    """Whatever JSON can hold."""
    roll = random.random()
    if roll < 0.45:
        return random.choice(WORDS)
    if roll < 0.65:
        return random.choice(NUMBERS)
    if roll < 0.85 or depth > 3:
        return random.choice((None, True, False, [], {}, *FLOATS))
    if roll < 0.92:
        return [any_value(random, depth + 1) for _ in range(random.randint(0, 4))]
    return {random.choice(WORDS): any_value(random, depth + 1) for _ in range(random.randint(0, 4))}


def value_of(random: Random, node: Node, depth: int = 0) -> Any:
    """A value that the schema allows, mostly: required fields, and some of the others."""
    if random.random() < 0.02:
        return any_value(random)
    kind = node.type
    if kind == "object":
        return _object(random, node, depth)
    if kind == "array":
        items = node.items
        count = 0 if depth > _DEPTH or items is None else random.choice((0, 1, 1, 1, 2, 3))
        return [value_of(random, items, depth + 1) for _ in range(count) if items is not None]
    return _scalar(random, node, kind)


def mutated(random: Random, value: Any) -> Any:
    """The value with something in it replaced, removed, doubled or added; containers are changed in place."""
    holder, key = _somewhere(random, value)
    if holder is None:
        return any_value(random)
    roll = random.random()
    if roll < 0.5:
        holder[key] = any_value(random)
    elif roll < 0.65:
        del holder[key]
    elif roll < 0.8 and isinstance(holder, list):
        holder.append(holder[key])
    elif isinstance(holder, dict):
        holder[random.choice(WORDS)] = holder[key]
    return value


def _object(random: Random, node: Node, depth: int) -> Any:
    fields = node.fields
    if not fields:
        if node.values is None or depth > _DEPTH:
            return {}
        return {_name(random): value_of(random, node.values, depth + 1) for _ in range(random.randint(0, 2))}
    required = set(node.schema.get("required", ()))
    wanted = 0.0 if depth > _DEPTH else 0.5 if len(fields) < 6 else 2.5 / len(fields)
    chosen = [name for name in fields if name in required or random.random() < wanted]
    return {name: value_of(random, fields[name], depth + 1) for name in chosen if name != "managedFields"}


def _scalar(random: Random, node: Node, kind: str) -> Any:
    choices = node.schema.get("enum")
    if choices and random.random() < 0.9:
        return random.choice(list(choices))
    if kind == "string":
        return _text(random, node.format)
    if kind == "integer":
        return random.choice(NUMBERS[:6]) if random.random() < 0.8 else random.choice(NUMBERS)
    if kind == "number":
        return random.choice(FLOATS)
    if kind == "boolean":
        return random.random() < 0.5
    if kind in {"quantity", "int-or-string"}:
        return random.choice(("100m", "1Gi", 1, 80, "50%", "http", 0))
    return any_value(random)


def _text(random: Random, form: str) -> str:
    if form == "date-time":
        return random.choice(
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00+25:00", "x")
        )
    if form == "byte":
        return random.choice(("", "YQ==", "YQ", "!!"))
    return _name(random) if random.random() < 0.6 else random.choice(WORDS)


def _name(random: Random) -> str:
    return random.choice(
        ("a", "b", "web", "data", "x-1", "example.com/a", "app", "http", "Always", "TCP", "default")
    )


def _somewhere(random: Random, value: Any) -> tuple[Any, Any]:
    """A container inside of the value and a key in it; (None, None) where there is none."""
    holder, key, here = None, None, value
    while isinstance(here, dict | list) and here:
        keys = list(here) if isinstance(here, dict) else range(len(here))
        holder, key = here, random.choice(keys)
        here = here[key]
        if random.random() < 0.25:
            break
    return holder, key
