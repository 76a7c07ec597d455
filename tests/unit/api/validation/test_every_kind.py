"""Guarantees that hold for every kind: good orders pass, odd ones are judged and never raise."""

import copy
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from orders import ORDERS

from kubeade.api.defaults import apply_defaults
from kubeade.api.resource import Object, Resource
from kubeade.api.tables import cells, columns, row_conditions
from kubeade.api.validation import validate_binding, validate_create, validate_update, warnings

NOW = datetime(2026, 2, 1, tzinfo=UTC)
KINDS = [pytest.param(resource, obj, id=f"{resource.kind}.{resource.group}") for resource, obj in ORDERS]
ODD: list[Any] = [None, "", "x", "..", "ü" * 300, 0, -1, 2**40, 1.5, True, [], {}, [None], [{}], {"": ""}]
SUBRESOURCES = ["", "status", "resize", "ephemeralcontainers", "approval", "finalize", "scale"]


def defaulted(resource: Resource, obj: Object) -> Object:
    own = copy.deepcopy(obj)
    apply_defaults(resource, own)
    return own


@pytest.mark.parametrize(("resource", "obj"), KINDS)
def test_a_good_order_is_accepted(resource: Resource, obj: Object) -> None:
    assert [error.text() for error in validate_create(resource, defaulted(resource, obj))] == []


@pytest.mark.parametrize(("resource", "obj"), KINDS)
def test_an_unchanged_object_is_accepted(resource: Resource, obj: Object) -> None:
    own = defaulted(resource, obj)
    assert [error.text() for error in validate_update(resource, own, copy.deepcopy(own))] == []


@pytest.mark.parametrize(("resource", "obj"), KINDS)
def test_defaults_are_applied_once(resource: Resource, obj: Object) -> None:
    once = defaulted(resource, obj)
    assert defaulted(resource, once) == once


@pytest.mark.parametrize(("resource", "obj"), KINDS)
def test_judging_and_printing_change_nothing(resource: Resource, obj: Object) -> None:
    own = defaulted(resource, obj)
    before = copy.deepcopy(own)
    validate_create(resource, own)
    validate_update(resource, own, copy.deepcopy(own))
    cells(resource, own, NOW)
    assert own == before


@pytest.mark.parametrize(("resource", "obj"), KINDS)
def test_a_row_has_a_cell_for_every_column(resource: Resource, obj: Object) -> None:
    assert len(cells(resource, defaulted(resource, obj), NOW)) == len(columns(resource))


@pytest.mark.parametrize(("resource", "obj"), KINDS)
def test_odd_objects_never_raise(resource: Resource, obj: Object) -> None:
    source = random.Random(f"{resource.kind}.{resource.group}")
    good = defaulted(resource, obj)
    for _ in range(120):
        odd = mutated(obj, source)
        apply_defaults(resource, odd)
        found = validate_create(resource, odd)
        for subresource in SUBRESOURCES:
            found += validate_update(resource, odd, good, subresource)
            found += validate_update(resource, good, odd, subresource)
        json.dumps([error.cause().to_dict() for error in found])
        json.dumps([cells(resource, odd, NOW), row_conditions(resource, odd), warnings(resource, odd)])
        list(validate_binding(odd))


def mutated(obj: Object, source: random.Random) -> Object:
    """A copy with one to three values at any depth replaced by odd ones."""
    own = copy.deepcopy(obj)
    for _ in range(source.randint(1, 3)):
        places = list(places_in(own))
        if places:
            holder, key = source.choice(places)
            holder[key] = copy.deepcopy(source.choice(ODD))
    return own


def places_in(value: Any) -> list[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[tuple[Any, Any]] = []
    for key, below in pairs:
        found += [(value, key), *places_in(below)]
    return found
