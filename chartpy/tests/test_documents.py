"""Every snippet of the documents runs, and the reference is what the docstrings say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["README.md", "docs/benchmark-authors.md"])
def test_snippets_run(name: str) -> None:
    text = (PACKAGE / name).read_text()
    snippets = list(re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    assert snippets
    names: dict[str, Any] = {}
    for snippet in snippets:
        line = text[: snippet.start()].count("\n") + 1
        exec(compile("\n" * line + snippet.group(1), name, "exec"), names)


def test_the_page_for_benchmark_authors_has_every_call_site() -> None:
    text = (PACKAGE / "docs" / "benchmark-authors.md").read_text()
    named: set[int] = set()
    for first, rest in re.findall(r"^\| (\d+)\.((?:[, -]+\d+\.)*)", text, re.MULTILINE):
        numbers = [int(first), *(int(number) for number in re.findall(r"\d+", rest))]
        named.update(range(numbers[0], numbers[-1] + 1) if "-" in rest else numbers)
    assert named == set(range(1, 26))


def test_the_reference_is_up_to_date() -> None:
    command = [sys.executable, str(PACKAGE / "docs" / "write_reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
