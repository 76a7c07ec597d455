"""Every dependency has its line in the README's table, and every line is a dependency."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_and_pyproject_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["kubectl"]]
    names = {re.split(r"[<>=; \[]", one)[0].lower() for one in declared}
    section = (ROOT / "README.md").read_text().partition("## Dependencies")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\w-]+)(?: \(extra\))? \|", section, re.MULTILINE)
    assert {row.lower() for row in rows} - {"package"} == names
