"""Whether a value is as an OpenAPI v3 schema demands, in upstream's words.

A schema is compiled once into a tree of checks; checking an object then walks the object only. Uniqueness in
lists of type set and map is `lists`', rules in CEL are `expressions`'.
"""

from collections.abc import Callable, Iterator
from typing import Any

from kubeade.api.crd.formats import rule_of
from kubeade.api.errors import FieldError
from kubeade.api.linear_patterns import searcher
from kubeade.api.parts import part
from kubeade.api.patch.json_value import same
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    invalid,
    not_supported,
    required,
    shown,
    too_long,
    too_many,
    type_invalid,
)

Check = Callable[[Any, str], Errors]
"""The broken rules of a value that stands at a path."""

_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


def compile_schema(schema: Object) -> Check:
    """The check of a schema. Raises re.error for a pattern that is none."""
    typed = _type_check(schema)
    checks = [
        *_scalar_checks(schema),
        *_object_checks(schema),
        *_list_checks(schema),
        *_junctor_checks(schema),
    ]

    def check(value: Any, path: str) -> Errors:
        wrong = typed(value, path)
        if wrong is not None:
            yield wrong
        elif value is not None:
            for each in checks:
                yield from each(value, path)

    return check


def _type_check(schema: Object) -> Callable[[Any, str], FieldError | None]:
    wanted = ("integer", "string") if schema.get("x-kubernetes-int-or-string") else (schema.get("type"),)
    name = ",".join(each for each in wanted if each)
    nullable = bool(schema.get("nullable"))

    def check(value: Any, path: str) -> FieldError | None:
        if not name or (value is None and nullable):
            return None
        kind = "null" if value is None else _TYPES[type(value)]
        if kind in wanted or (kind == "integer" and "number" in wanted):
            return None
        if kind == "number" and "integer" in wanted and value.is_integer():
            return None
        return _wrong_type(path, name, kind)

    return check


def _wrong_type(path: str, name: str, value: str) -> FieldError:
    return type_invalid(_at(path), value, f"{path} in body must be of type {name}: {shown(value)}")


def _at(path: str) -> str:
    """A field error's path: upstream prints the root as <nil>."""
    return path or "<nil>"


def _scalar_checks(schema: Object) -> Iterator[Check]:
    if isinstance(schema.get("enum"), list):
        yield _enum(schema["enum"])
    if schema.get("pattern"):
        yield _pattern(schema["pattern"])
    if "minLength" in schema or "maxLength" in schema:
        yield _length(schema)
    if "minimum" in schema or "maximum" in schema:
        yield _range(schema)
    if schema.get("multipleOf"):
        yield _multiple(schema["multipleOf"])
    rule = rule_of(schema.get("format") or "") if schema.get("type") in (None, "", "string") else None
    if rule is not None:
        yield _format(schema["format"], rule)
    if schema.get("format") in _INTEGERS and schema.get("type") == "integer":
        yield _integer(schema["format"])


def _enum(allowed: list[Any]) -> Check:
    names = [each if isinstance(each, str) else shown(each) for each in allowed]

    def check(value: Any, path: str) -> Errors:
        if not any(same(value, each) for each in allowed):
            yield not_supported(_at(path), value, names)

    return check


def _pattern(pattern: str) -> Check:
    search = searcher(pattern)

    def check(value: Any, path: str) -> Errors:
        if isinstance(value, str) and not search(value):
            yield invalid(_at(path), value, f"{path} in body should match '{pattern}'")

    return check


def _length(schema: Object) -> Check:
    low, high = schema.get("minLength"), schema.get("maxLength")

    def check(value: Any, path: str) -> Errors:
        if not isinstance(value, str):
            return
        if high is not None and len(value) > high:
            yield too_long(_at(path), high)
        if low is not None and len(value) < low:
            yield invalid(_at(path), value, f"{path} in body should be at least {low} chars long")

    return check


def _range(schema: Object) -> Check:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = bool(schema.get("exclusiveMinimum")), bool(schema.get("exclusiveMaximum"))

    def check(value: Any, path: str) -> Errors:
        if type(value) not in (int, float):
            return
        if high is not None and (value > high or (below and value == high)):
            limit = "less than" if below else "less than or equal to"
            yield invalid(_at(path), value, f"{path} in body should be {limit} {_number(high)}")
        if low is not None and (value < low or (above and value == low)):
            limit = "greater than" if above else "greater than or equal to"
            yield invalid(_at(path), value, f"{path} in body should be {limit} {_number(low)}")

    return check


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _multiple(factor: float) -> Check:
    def check(value: Any, path: str) -> Errors:
        if type(value) in (int, float) and not float(value / factor).is_integer():
            yield invalid(_at(path), value, f"{path} in body should be a multiple of {_number(factor)}")

    return check


def _format(name: str, matches: Callable[[str], bool]) -> Check:
    def check(value: Any, path: str) -> Errors:
        if isinstance(value, str) and not matches(value):
            yield _wrong_type(path, name.replace("-", ""), value)

    return check


_INTEGERS = {"int32": 1 << 31, "int64": 1 << 63}


def _integer(name: str) -> Check:
    bound = _INTEGERS[name]

    def check(value: Any, path: str) -> Errors:
        if type(value) is int and not -bound <= value < bound:
            detail = f"{path} in body must be of type {name}: {shown(value)}"
            yield type_invalid(_at(path), value, detail)

    return check


def _object_checks(schema: Object) -> Iterator[Check]:
    properties = {name: compile_schema(each) for name, each in part(schema, "properties").items()}
    values = schema.get("additionalProperties")
    if properties or values is False or isinstance(values, dict):
        yield _members(properties, values)
    if schema.get("required"):
        yield _required(schema["required"])
    if "minProperties" in schema or "maxProperties" in schema:
        yield _size(schema, dict, "Properties")


def _members(properties: dict[str, Check], values: Object | bool | None) -> Check:
    others = compile_schema(values) if isinstance(values, dict) else None

    def check(value: Any, path: str) -> Errors:
        if not isinstance(value, dict):
            return
        for name, member in value.items():
            each = properties.get(name, others)
            if each is not None:
                yield from each(member, f"{path}.{name}" if path else name)
            elif values is False and name not in properties:
                yield invalid(_at(f"{path}.{name}"), "", f"{path}.{name} in body is a forbidden property")

    return check


def _required(names: list[str]) -> Check:
    def check(value: Any, path: str) -> Errors:
        if isinstance(value, dict):
            for name in names:
                if name not in value:
                    yield required(f"{path}.{name}" if path else name)

    return check


def _size(schema: Object, container: type[dict[str, Any]] | type[list[Any]], unit: str) -> Check:
    low, high = schema.get(f"min{unit}"), schema.get(f"max{unit}")

    def check(value: Any, path: str) -> Errors:
        if not isinstance(value, container):
            return
        count = len(value)
        if low is not None and count < low:
            yield invalid(_at(path), count, f"{path} in body should have at least {low} {unit.lower()}")
        if high is not None and count > high:
            yield too_many(_at(path), count, high)

    return check


def _list_checks(schema: Object) -> Iterator[Check]:
    if "minItems" in schema or "maxItems" in schema:
        yield _size(schema, list, "Items")
    if isinstance(schema.get("items"), dict):
        yield _items(compile_schema(schema["items"]))


def _items(item: Check) -> Check:
    def check(value: Any, path: str) -> Errors:
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from item(each, f"{path}[{index}]")

    return check


def _junctor_checks(schema: Object) -> Iterator[Check]:
    for name, junctor in (("anyOf", _any_of), ("oneOf", _one_of), ("allOf", _all_of)):
        if schema.get(name):
            yield junctor([compile_schema(each) for each in schema[name]])
    if isinstance(schema.get("not"), dict):
        yield _not(compile_schema(schema["not"]))


def _junctor_error(path: str, what: str) -> FieldError:
    return invalid("<nil>", "", f'"{path}" must {what}')


def _any_of(choices: list[Check]) -> Check:
    def check(value: Any, path: str) -> Errors:
        failures = [list(choice(value, path)) for choice in choices]
        if all(failures):
            yield _junctor_error(path, "validate at least one schema (anyOf)")
            yield from min(failures, key=len)

    return check


def _one_of(choices: list[Check]) -> Check:
    def check(value: Any, path: str) -> Errors:
        failures = [list(choice(value, path)) for choice in choices]
        valid = sum(not failure for failure in failures)
        if valid != 1:
            found = "Found none valid" if not valid else f"Found {valid} valid alternatives"
            yield _junctor_error(path, f"validate one and only one schema (oneOf). {found}")
            if not valid:
                yield from min(failures, key=len)

    return check


def _all_of(parts_: list[Check]) -> Check:
    def check(value: Any, path: str) -> Errors:
        failures = [list(each(value, path)) for each in parts_]
        if any(failures):
            none = ". None validated" if all(failures) else ""
            yield _junctor_error(path, f"validate all the schemas (allOf){none}")
            for failure in failures:
                yield from failure

    return check


def _not(forbidden: Check) -> Check:
    def check(value: Any, path: str) -> Errors:
        if not any(True for _ in forbidden(value, path)):
            yield _junctor_error(path, "not validate the schema (not)")

    return check
