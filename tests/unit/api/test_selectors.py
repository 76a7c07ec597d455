import pytest

from kubeade.api.errors import BadRequest
from kubeade.api.selector_parsing import parse_label_selector
from kubeade.api.selectors import EVERYTHING, NOTHING, LabelSelector, Requirement

NOT_AN_INTEGER = "for 'Gt', 'Lt' operators, the value must be an integer"
STAND = {"app": "stand", "tier": "front", "size": "7"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=stand", True),
        ("app==stand", True),
        ("app!=stand", False),
        ("app=stand,tier=back", False),
        ("owner!=me", True),
        ("app", True),
        ("!app", False),
        ("!owner", True),
        ("app in (stand, shop)", True),
        ("app in (shop)", False),
        ("owner in (me)", False),
        ("tier notin (back,side)", True),
        ("owner notin (me)", True),
        ("size>6", True),
        ("size<7", False),
        ("app>6", False),
        (" app = stand , tier in ( front ) ", True),
        ("in in (in)", False),
        ("app=", False),
        ("app in ()", False),
        ("app in (,stand)", True),
        ("example.com/app notin (x),app", True),
    ],
)
def test_matching(text: str, matches: bool) -> None:
    assert parse_label_selector(text).matches(STAND) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a=,(", "found '(', expected: identifier after ','"),
        ("a>b", f'unable to parse requirement: values[0]: Invalid value: "b": {NOT_AN_INTEGER}'),
    ],
)
def test_complaints_are_upstreams(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        parse_label_selector(text)
    assert error.value.message == message


def test_keys_and_values_must_be_labels() -> None:
    with pytest.raises(BadRequest, match='<nil>: Invalid value: "-a": name part must consist of'):
        parse_label_selector("-a=b")
    with pytest.raises(BadRequest, match=r'values\[0\]\[a\]: Invalid value: "b_": a valid label must be'):
        parse_label_selector("a=b_")
    with pytest.raises(BadRequest, match="prefix part must be non-empty"):
        parse_label_selector("/a")


def test_selector_objects() -> None:
    assert LabelSelector.from_object(None) == NOTHING
    assert not NOTHING.matches(STAND)
    assert LabelSelector.from_object({}) == EVERYTHING
    expressions = [
        {"key": "tier", "operator": "In", "values": ["front"]},
        {"key": "owner", "operator": "DoesNotExist"},
        {"key": "app", "operator": "Exists"},
    ]
    selector = LabelSelector.from_object({"matchLabels": {"size": "7"}, "matchExpressions": expressions})
    assert selector.matches(STAND)
    assert not selector.matches({**STAND, "owner": "me"})
    assert str(selector) == "app,!owner,size=7,tier in (front)"
    with pytest.raises(ValueError, match='"Near" is not a valid label selector operator'):
        LabelSelector.from_object({"matchExpressions": [{"key": "a", "operator": "Near"}]})


def test_text_form_is_read_back() -> None:
    text = "a,!b,c=1,d in (x,y),e notin (z),f!=2,g>3,h<4"
    assert str(parse_label_selector(text)) == text


def test_exact_values() -> None:
    selector = parse_label_selector("a=1,b in (2),c in (3,4),d!=5")
    assert [selector.exact(key) for key in "abcde"] == ["1", "2", None, None, None]


def test_node_requirements_compare_numbers() -> None:
    above = Requirement.from_object({"key": "size", "operator": "Gt", "values": ["6"]}).predicate()
    assert above(STAND)
    assert not above({"size": "six"})
    assert not above({})


def test_labels_of_a_service() -> None:
    assert LabelSelector.from_labels({"app": "stand"}).matches(STAND)
    assert not LabelSelector.from_labels({"app": "shop"}).matches(STAND)
