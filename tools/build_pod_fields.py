"""Writes docs/pod-fields.md from the table in kubelet/pod_fields.py: `python tools/build_pod_fields.py`."""

from pathlib import Path

from kubeade.kubelet.pod_fields import FIELDS, MEANINGS, Support

PAGE = Path(__file__).parents[1] / "docs" / "pod-fields.md"
_HEAD = """# The fields of a pod

What the embedded runtime does with each field of `PodSpec`, made from the table that the kubelet works by
([`pod_fields.py`](../src/kubeade/kubelet/pod_fields.py)) by `python tools/build_pod_fields.py`.
Mode `namespaces` is what root gets on Linux; in mode `process` containers are plain processes of the user; in
mode `simulated` there are no processes, and so nothing of all this happens but the changes of state. Fields
that cannot be set here at all, because the API server refuses them, are not listed. Seccomp and AppArmor profiles
of type `Localhost` are refused in mode `namespaces`.

"""


def page() -> str:
    """The whole page."""
    legend = "".join(f"- **{support.value}**: {text}\n" for support, text in MEANINGS.items())
    return _HEAD + legend + "".join(_section(name) for name in FIELDS)


def _section(definition: str) -> str:
    rows = "".join(
        f"| {field} | {_word(in_namespaces)} | {_word(in_process)} |\n"
        for field, (in_namespaces, in_process) in sorted(FIELDS[definition].items())
    )
    return f"\n## {definition}\n\n| field | namespaces | process |\n|---|---|---|\n{rows}"


def _word(support: Support) -> str:
    return support.value if support in (Support.DONE, Support.CLUSTER) else f"**{support.value}**"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
