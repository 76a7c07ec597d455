"""The functions that Kubernetes adds to CEL."""

import re

import pytest

from kubeade.api.cel.authorizer import TYPES, authorizer_variables
from kubeade.api.cel.environment import compile_expression
from kubeade.api.cel.errors import CompileError, EvaluationError, NeedsDecision
from kubeade.api.cel.questions import Answer, Question

VARIABLES = {"o": "dyn", **TYPES}


def run(text, **variables):
    return compile_expression(text, VARIABLES).run({"o": None, **variables})


@pytest.mark.parametrize(
    "text",
    [
        "quantity('1Ki') == quantity('1024')",
        "quantity('1').add(1).isGreaterThan(quantity('1500m'))",
        "quantity('1.5').compareTo(quantity('1500m')) == 0 && !quantity('1.5').isInteger()",
        "quantity('9007199254740993').asInteger() == 9007199254740993",
        "isQuantity('1.3Gi') && !isQuantity('1 3')",
        "semver('1.2.3').isLessThan(semver('1.10.0'))",
        "semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))",
        "semver('v1.2', true).minor() == 2 && !isSemver('v1.2')",
        "ip('::1').isLoopback() && ip('127.0.0.1').family() == 4",
        "!isIP('10.0.0.256') && !isIP('fe80::1%eth0') && !isIP('::ffff:1.2.3.4')",
        "ip.isCanonical('::1') && !ip.isCanonical('0:0::1')",
        "cidr('10.0.0.0/8').containsIP('10.1.1.1') && cidr('10.0.0.0/8').containsIP(ip('10.1.1.1'))",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.1.0.0/16').containsCIDR('10.0.0.0/8')",
        "string(cidr('10.1.0.0/8').masked()) == '10.0.0.0/8' && cidr('10.1.0.0/8').prefixLength() == 8",
        "url('https://a.b:80/x?y=1').getHostname() == 'a.b' && url('https://[::1]:8/').getPort() == '8'",
        "url('https://a.b:80/x?y=1').getQuery()['y'] == ['1'] && !isURL('../x')",
        "format.dns1123Label().validate('A').hasValue()",
        "!format.named('dns1123Label').value().validate('a').hasValue() && !format.named('x').hasValue()",
        "[3, 1, 2].min() == 1 && [1, 2, 3].sum() == 6 && !['b', 'a'].isSorted()",
        "['a', 'b', 'a'].indexOf('a') == 0 && ['a', 'b', 'a'].lastIndexOf('a') == 2",
        "'abc 123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]', 1) == ['1']",
        "sets.contains([1, 2], [1]) && sets.equivalent([1, 2], [2, 1])",
        "{'a': 1}.all(key, value, value == 1) && [1, 2].transformList(i, v, v * 2) == [2, 4]",
        "jsonpatch.escapeKey('a/b~') == 'a~1b~0'",
        "o.?missing.orValue(3) == 3",
    ],
)
def test_a_library_does_what_upstreams_does(text):
    assert run(text, o={"present": 1}) is True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("o.missing == 1", "no such key: missing"),
        ("quantity('much')", "quantities must match the regular expression"),
        ("[].max() == 1", "max called on empty list"),
        ("int(o.text) == 1", "type conversion error from 'string' to 'int'"),
        ("ip('zz').family() == 4", 'ParseAddr("zz"): unable to parse IP'),
        ("url('../s').getHost() == ''", 'parse "../s": invalid URI for request'),
        ("o.present.getHost()", "no such overload"),
    ],
)
def test_what_comes_to_no_value_says_why(text, told):
    with pytest.raises(EvaluationError, match=re.escape(told)):
        run(text, o={"present": 1, "text": "x"})


def test_an_authorizer_is_asked_once_and_then_answers():
    text = "authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()"
    with pytest.raises(NeedsDecision) as asked:
        run(text, **authorizer_variables({}, Question()))
    question = asked.value.question
    assert question == Question("create", group="apps", resource="deployments", namespace="x")
    assert run(text, **authorizer_variables({question: Answer(True)}, Question())) is True


def test_the_requests_own_resource_can_be_asked_about():
    about = Question(resource="pods", namespace="x", name="web")
    text = "authorizer.requestResource.check('delete').reason() == 'because'"
    with pytest.raises(NeedsDecision) as asked:
        run(text, **authorizer_variables({}, about))
    assert asked.value.question == Question("delete", resource="pods", namespace="x", name="web")
    answers = {asked.value.question: Answer(False, "because")}
    assert run(text, **authorizer_variables(answers, about)) is True


def test_an_answer_that_makes_no_difference_is_not_asked_for():
    asked = "authorizer.path('/x').check('get').allowed() || true"
    assert run(asked, **authorizer_variables({}, Question()))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ip('10.0.0.1').getHost() == ''", "found no matching overload for 'getHost' applied to 'net.IP.()'"),
        (
            "quantity('1') + 1 == 2",
            "found no matching overload for '_+_' applied to '(kubernetes.Quantity, int)'",
        ),
        ("authorizer.group('apps').check('get')", "found no matching overload for 'check'"),
        (
            "timestamp('today') < o",
            "ERROR: <input>:1:11: invalid timestamp argument\n | timestamp('today') < o\n | ",
        ),
        ("cel.bind(x, 1, x == 1)", "undeclared reference to 'cel'"),
        ("math.greatest(1, 2) == 2", "undeclared reference to 'math'"),
        ("base64.encode(b'x') == ''", "undeclared reference to 'base64'"),
    ],
)
def test_what_upstream_does_not_know_is_refused_when_it_is_compiled(text, told):
    with pytest.raises(CompileError, match=re.escape(told)):
        run(text)


def test_an_optional_value_in_a_list_is_shown_as_what_it_holds():
    program = compile_expression("[self.?a, self.?b]", {"self": "dyn"})
    assert program.run({"self": {"b": 2}}) == [None, 2]
