"""What the README says of the API and of settings is run and compared."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.shared.settings import FIXED, SETTINGS, Setting
from tests.searchapp.web.serving import served

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
API = README.partition("## The API")[2].partition("\n## ")[0]
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served() as address:
        yield address


def output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 (the README's own)


def test_the_python_example_prints_every_hit(server: str) -> None:
    [example] = re.findall(r"```python\n(.*?)```", API, flags=re.DOTALL)
    assert ADDRESS in example
    printed = output_of(sys.executable, "-c", example.replace(ADDRESS, server))
    assert printed.splitlines() == ["1 strong UK0066 ['innovation']"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curl_examples_are_answered(server: str) -> None:
    commands = re.findall(r"^\$ (curl .*)$", API, flags=re.MULTILINE)
    answers = [json.loads(output_of(*shlex.split(command.replace(ADDRESS, server)))) for command in commands]
    assert [next(iter(answer)) for answer in answers] == ["query", "query", "id"]
    assert set(answers[1]["facets"]) == {"country", "policy_area"}


@pytest.mark.parametrize("one", [*SETTINGS, *FIXED], ids=lambda one: one.name)
def test_every_setting_is_listed_with_its_default_and_why(one: Setting) -> None:
    assert f"| `{one.name}` | {one.default} | {one.help} |" in README
