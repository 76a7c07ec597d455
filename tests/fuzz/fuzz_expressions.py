"""Random expressions in CEL and random schemas with rules in them, mostly of the right types."""

from random import Random
from typing import Any

_ATOMS = {
    "bool": ("true", "self.f", "has(self.n)", "has(object.metadata)", "self == oldSelf", "request.dryRun"),
    "int": ("1", "0", "-1", "9223372036854775807", "self.n", "size(self.s)", "object.spec.replicas", "x"),
    "string": (
        "'a'",
        "''",
        "self.s",
        "string(self.n)",
        "request.name",
        "object.metadata.name",
        "y",
        "'(a*)*b'",
    ),
    "list": ("[]", "[1, 2]", "self.l", "self.s.split('')", "object.metadata.finalizers", "lists.range(99)"),
}
_FORMS = {
    "bool": (
        *(
            "({bool}) && ({bool})",
            "({bool}) || ({bool})",
            "!({bool})",
            "({int}) < ({int})",
            "({any}) == ({any})",
        ),
        *("({list}).all(x, {bool})", "({list}).exists(y, {bool})", "({string}).matches({string})"),
        *(
            "({any}) in ({list})",
            "({string}).startsWith({string})",
            "isQuantity({string})",
            "isURL({string})",
        ),
        *("quantity({string}).isGreaterThan(quantity({string}))", "ip({string}).family() == ({int})"),
        *("cidr({string}).containsIP({string})", "format.dns1123Label().validate({string}).hasValue()"),
        *("authorizer.path({string}).check({string}).allowed()", "({bool}) ? ({bool}) : ({bool})"),
        *("timestamp({string}) < timestamp({string})", "duration({string}) > duration({string})"),
    ),
    "int": (
        *("({int}) + ({int})", "({int}) * ({int})", "({int}) / ({int})", "size({list})", "int({string})"),
        *("({list}).sum()", "({string}).indexOf({string})", "({list})[{int}]", "semver({string}).major()"),
    ),
    "string": (
        *("({string}) + ({string})", "({string}).replace({string}, {string})", "({list}).join(',')"),
        *(
            "({string}).substring({int})",
            "'%s %d'.format([{any}, {int}])",
            "variables.v",
            "url({string}).getHost()",
        ),
        *("({string}).lowerAscii()", "({string}).find({string})", "optional.of({string}).orValue({string})"),
    ),
    "list": (
        *("({list}).map(x, {any})", "({list}).filter(x, {bool})", "({list}) + ({list})", "[{any}, {any}]"),
        *("({string}).split({string})", "({list}).sort()", "({list}).distinct()", "({list}).flatten()"),
    ),
}
_MORE = (
    "",
    " ",
    "(",
    "self",
    "a.b.c(",
    "1 +",
    "'" * 3,
    "[" * 200,
    "x" * 9000,
    "!" * 300,
    "1" + "+1" * 500,
    "é",
)


def expression(random: Random, kind: str = "bool", depth: int = 4) -> str:
    """Of a type, mostly; now and then of another one, or none at all."""
    if random.random() < 0.03:
        return random.choice(_MORE)
    if kind == "any":
        kind = random.choice(tuple(_ATOMS))
    if depth <= 0 or random.random() < 0.25:
        return random.choice(_ATOMS[kind])
    form = random.choice(_FORMS[kind])
    parts = {each: expression(random, each, depth - 1) for each in (*_ATOMS, "any")}
    return form.format(**parts)


def schema(random: Random, depth: int = 3) -> dict[str, Any]:
    """A structural schema, or nearly one."""
    kind = random.choice(("object", "array", "string", "integer", "number", "boolean", "map", "either"))
    if depth <= 0 and kind in {"object", "array", "map"}:
        kind = "string"
    found = _schema_of(random, kind, depth)
    if random.random() < 0.3:
        found["x-kubernetes-validations"] = [_rule(random) for _ in range(random.randint(1, 3))]
    if random.random() < 0.1:
        found[
            random.choice(("nullable", "default", "enum", "x-kubernetes-preserve-unknown-fields", "type"))
        ] = random.choice((True, None, 1, "a", [], ["a"], {}))
    return found


def _schema_of(random: Random, kind: str, depth: int) -> dict[str, Any]:
    match kind:
        case "object":
            fields = {
                name: schema(random, depth - 1) for name in random.sample("nslfxy", random.randint(1, 4))
            }
            return {"type": "object", "properties": fields, "required": random.sample(list(fields), 1)}
        case "map":
            return {"type": "object", "additionalProperties": schema(random, depth - 1), "maxProperties": 9}
        case "array":
            found = {
                "type": "array",
                "items": schema(random, depth - 1),
                "maxItems": random.choice((5, 10**6)),
            }
            found["x-kubernetes-list-type"] = random.choice(("atomic", "atomic", "set", "map"))
            return found
        case "string":
            found = {"type": "string", "maxLength": random.choice((5, 10**6))}
            form = random.choice((None, None, "date-time", "byte", "duration", "ipv4", "uuid", "made-up"))
            return {**found, "format": form} if form else found
        case "either":
            return {"x-kubernetes-int-or-string": True}
    return {"type": kind, "minimum": 0} if kind != "boolean" else {"type": kind}


def _rule(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {"rule": expression(random)}
    if random.random() < 0.3:
        found["messageExpression"] = expression(random, "string")
    if random.random() < 0.2:
        found["optionalOldSelf"] = True
    if random.random() < 0.2:
        found["fieldPath"] = random.choice((".n", ".s", "x", "['a']", "."))
    return found
