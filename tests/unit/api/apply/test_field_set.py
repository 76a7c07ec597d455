"""Sets of fields: their algebra, their paths, and what clients may send as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeade.api.apply import field_set as fs

LABELS = {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}}
APP = {"f:metadata": {"f:labels": {"f:app": {}}}}
OWN = {"f:metadata": {"f:labels": {}}}


def nodes():
    names = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}'])
    leaf = st.just({})

    def branch(below):
        children = st.dictionaries(names, below, min_size=1, max_size=3)
        return st.one_of(children, children.map(lambda node: {".": {}, **node}))

    return st.recursive(leaf, branch, max_leaves=12)


sets = st.dictionaries(st.sampled_from(["f:a", "f:b", "f:c"]), nodes(), max_size=3)


def members(fields):
    return set(fs.paths(fields))


@given(sets, sets)
def test_the_algebra_is_that_of_sets_of_paths(left, right):
    assert members(fs.union(left, right)) == members(left) | members(right)
    assert members(fs.difference(left, right)) == members(left) - members(right)
    assert members(fs.intersection(left, right)) == members(left) & members(right)


@given(sets, sets)
def test_removing_recursively_removes_what_is_below_too(left, right):
    gone = members(right)
    kept = {p for p in members(left) if not any(p[: n + 1] in gone for n in range(len(p)))}
    assert members(fs.without(left, right)) == kept


@given(sets)
def test_a_set_has_its_paths_and_no_empty_branches(fields):
    assert all(fs.has(fields, path) for path in fs.paths(fields))
    assert fs.union(fields, {}) == fields
    assert fs.difference(fields, fields) == {}


def test_a_parent_and_what_is_below_it_are_owned_apart():
    assert fs.difference(LABELS, OWN) == APP
    assert fs.difference(LABELS, APP) == OWN
    assert fs.union(APP, OWN) == LABELS


@pytest.mark.parametrize(
    ("path", "printed"),
    [
        (("f:spec", "f:replicas"), ".spec.replicas"),
        (("f:l", 'k:{"containerPort":80,"protocol":"TCP"}', "f:x"), '.l[containerPort=80,protocol="TCP"].x'),
        (("f:finalizers", 'v:"a/b"'), '.finalizers[="a/b"]'),
        (("f:args", "i:2"), ".args[2]"),
    ],
)
def test_paths_print_as_upstream_prints_them(path, printed):
    assert fs.printed(path) == printed


def test_elements_escape_what_upstream_escapes():
    assert fs.value("a<b>&c") == 'v:"a\\u003cb\\u003e\\u0026c"'


def test_a_clients_set_is_brought_into_canonical_form():
    sent = {"f:l": {'k:{"b": 1, "a": "x"}': {".": {}}, "v: 2": {}, "z:y": {}, "i:01": {}}}
    assert fs.checked(sent) == {"f:l": {'k:{"a":"x","b":1}': {".": {}}, "v:2": {}, "i:1": {}}}


@pytest.mark.parametrize("sent", [[], {"x": {}}, {"f:a": 1}, {"k:[]": {}}, {"v:{": {}}, {"i:x": {}}])
def test_what_is_no_set_is_refused(sent):
    with pytest.raises((ValueError, TypeError)):
        fs.checked(sent)
