"""Declared structs as message types of the engine, which knows no others.

A message can hold no list of lists and no map of lists or maps, so what is in these is not checked. Nothing
of them is ever made: values stay Python's.
"""

from collections.abc import Iterable
from typing import Any

from kubeade.api.cel.declared_types import Declared, Listed, Mapped, Struct

_PACKAGE = "kubeade"
_ANY, _ANYTHING_LISTED, _ANYTHING_MAPPED = (
    f".google.protobuf.{each}" for each in ("Value", "ListValue", "Struct")
)
_TIMES = {"timestamp": ".google.protobuf.Timestamp", "duration": ".google.protobuf.Duration"}
_DOUBLE, _INT, _UINT, _BOOL, _STRING, _MESSAGE, _BYTES = 1, 3, 4, 8, 9, 11, 12
_SCALARS = {"double": _DOUBLE, "int": _INT, "uint": _UINT, "bool": _BOOL, "string": _STRING, "bytes": _BYTES}
_OPTIONAL, _REPEATED = 1, 3


def message_pool(structs: Iterable[Struct]) -> tuple[Any, dict[Struct, str]]:
    """The pool of them, and their names in it. The inner ones come first."""
    from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, struct_pb2, timestamp_pb2

    pool = descriptor_pool.DescriptorPool()
    known = (struct_pb2, timestamp_pb2, duration_pb2)
    for each in known:
        pool.AddSerializedFile(each.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(name="structs.proto", package=_PACKAGE, syntax="proto2")
    file.dependency.extend(each.DESCRIPTOR.name for each in known)
    names: dict[Struct, str] = {}
    for struct in structs:
        if struct not in names:
            names[struct] = f"{_PACKAGE}.Object{len(names)}"
            _declare(file.message_type.add(name=f"Object{len(names) - 1}"), struct, names)
    pool.AddSerializedFile(file.SerializeToString())
    return pool, names


def _declare(message: Any, struct: Struct, names: dict[Struct, str]) -> None:
    for number, (name, declared) in enumerate(struct.fields, 1):
        field = message.field.add(name=name, number=_number(number), json_name=f"f{number}", label=_OPTIONAL)
        if isinstance(declared, Mapped):
            _declare_map(message, field, declared.values, names)
            continue
        if isinstance(declared, Listed) and _fits(declared.items):
            field.label, declared = _REPEATED, declared.items
        _set_type(field, declared, names)


def _set_type(field: Any, declared: Declared, names: dict[Struct, str]) -> None:
    field.type, name = _type_of(declared, names)
    if name:
        field.type_name = name


def _number(number: int) -> int:
    """Without those that the format keeps for itself."""
    return number if number < 19000 else number + 1000


def _fits(declared: Declared) -> bool:
    """Whether a list or a map of a message can have it."""
    return isinstance(declared, Struct) or declared in _SCALARS or declared in _TIMES or declared == "dyn"


def _type_of(declared: Declared, names: dict[Struct, str]) -> tuple[int, str]:
    if isinstance(declared, Struct):
        return _MESSAGE, f".{names[declared]}"
    if isinstance(declared, str):
        return _SCALARS.get(declared, _MESSAGE), "" if declared in _SCALARS else _TIMES.get(declared, _ANY)
    return _MESSAGE, _ANYTHING_LISTED if isinstance(declared, Listed) else _ANYTHING_MAPPED


def _declare_map(message: Any, field: Any, values: Declared, names: dict[Struct, str]) -> None:
    name = _entry_name(field.name)
    if not _fits(values) or any(each.name == name for each in message.nested_type):
        field.type, field.type_name = _MESSAGE, _ANYTHING_MAPPED
        return
    entry = message.nested_type.add(name=name)
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=_STRING, label=_OPTIONAL)
    _set_type(entry.field.add(name="value", number=2, label=_OPTIONAL), values, names)
    field.type, field.label, field.type_name = _MESSAGE, _REPEATED, f"{message.name}.{name}"


def _entry_name(field: str) -> str:
    """As it has to be called: `LabelsOfPodsEntry` for `labels_ofPods`."""
    return "".join(f"{part[:1].upper()}{part[1:]}" for part in field.split("_")) + "Entry"
