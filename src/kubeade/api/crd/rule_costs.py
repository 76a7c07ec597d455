"""What the rules of a definition may cost by upstream's estimate, and what is too much."""

from dataclasses import dataclass, field

from kubeade.api.cel.estimates import MOST, product, total
from kubeade.api.crd.rule import Rule
from kubeade.api.crd.schema_shapes import SchemaShapes, cardinality
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, forbidden

_MOST_PER_RULE = 10_000_000
_MOST_PER_SCHEMA = 100_000_000
_NAMED = 4
_ADVICE = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and "
    "strings are declared)"
)


@dataclass(slots=True)
class Costs:
    """Those of one schema's rules; `tolerant` of single ones, as for a schema that is stored already."""

    tolerant: bool = False
    total: int = 0
    found: list[tuple[int, str]] = field(default_factory=list)

    def of_rule(self, rule: Rule, schema: Object, times: int | None, path: str) -> Errors:
        """`times`: how often values of the schema can be in an object; None where nothing sets a limit."""
        shapes = SchemaShapes(schema)
        cost = product(rule.program.cost(shapes), cardinality(schema) if times is None else times)
        yield from self._add("estimated rule cost", cost, f"{path}.rule")
        if rule.message_program is not None:
            cost = rule.message_program.cost(shapes)
            yield from self._add("estimated messageExpression cost", cost, f"{path}.messageExpression")

    def _add(self, title: str, cost: int, path: str) -> Errors:
        if cost > _MOST_PER_RULE and not self.tolerant:
            yield forbidden(path, _exceeds(title, cost, _MOST_PER_RULE))
        self.total = total(self.total, cost)
        self.found.append((cost, path))

    def in_all(self, path: str) -> Errors:
        """Once all rules were added."""
        if self.total <= _MOST_PER_SCHEMA:
            return
        costly = sorted(self.found, key=lambda each: -each[0])[:_NAMED]
        whole = "entire OpenAPIv3 schema"
        for cost, where in costly:
            if cost >= _MOST_PER_SCHEMA // 100:
                detail = f"contributed to estimated rule cost total exceeding cost limit for {whole}"
                yield forbidden(where, detail)
        title = f"x-kubernetes-validations estimated rule cost total for {whole}"
        yield forbidden(path, _exceeds(title, self.total, _MOST_PER_SCHEMA))


def _exceeds(title: str, cost: int, limit: int) -> str:
    factor = cost / limit
    shown = "more than 100x" if factor > 100 else f"{factor:.6f}x" if factor < 1.5 else f"{factor:.1f}x"
    return f"{title} exceeds budget by factor of {shown} {_ADVICE}"


def times_below(schema: Object, times: int | None) -> int | None:
    """How often what is directly below a schema can be in an object."""
    limit: int | None = 1
    if schema.get("type") == "array":
        limit = schema.get("maxItems")
    elif schema.get("type") == "object" and schema.get("additionalProperties"):
        limit = schema.get("maxProperties")
    if times is None or limit is None:
        return None
    return min(times * max(int(limit), 0), MOST)
