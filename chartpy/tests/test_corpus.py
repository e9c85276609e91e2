"""A corpus of public charts against what Helm 3 printed for them, serially and on four threads, and in processes.

Runs where `CHARTPY_CORPUS` names an unpacked corpus: `cases.jsonl`, `charts/`, `golden/`.
"""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import chartpy
import pytest

CORPUS = os.environ.get("CHARTPY_CORPUS")
FLAGS = {
    "--namespace": "namespace",
    "--kube-version": "kube_version",
    "--api-versions": "api_versions",
    "--values": "values_files",
    "-f": "values_files",
    "--set": "set",
    "--set-string": "set_string",
}
SINGLE = {"namespace", "kube_version"}


def job(arguments: list[str]) -> Any:
    """Helm's arguments as a job; None for flags that are not told apart here."""
    found: dict[str, Any] = {"release": arguments[1], "chart": arguments[2]}
    rest = iter(arguments[3:])
    for flag in rest:
        if flag == "--include-crds":
            found["include_crds"] = True
        elif flag in FLAGS:
            name, value = FLAGS[flag], next(rest)
            if name in SINGLE:
                found[name] = value
            else:
                found.setdefault(name, []).append(value)
        else:
            return None
    return found


@pytest.mark.skipif(CORPUS is None, reason="CHARTPY_CORPUS is not set")
@pytest.mark.parametrize("workers", [1, 4])
def test_the_corpus_renders_as_with_helm(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CORPUS is not None
    monkeypatch.chdir(CORPUS)
    cases = [json.loads(line) for line in Path("cases.jsonl").read_text().splitlines()]
    cases = [case for case in cases if case["deterministic"] and not case["helm3_exit"] and job(case["args"])]
    # A part is rendered at a time: hundreds of large charts need not be held at once.
    wrong: list[str] = []
    for start in range(0, len(cases), 100):
        part = cases[start : start + 100]
        results = chartpy.render_many([job(case["args"]) for case in part], workers=workers, compat="helm3")
        for case, result in zip(part, results, strict=True):
            expected = gzip.decompress(Path(case["golden"]).read_bytes())
            if not isinstance(result, chartpy.Rendered) or bytes(result) != expected:
                wrong.append(case["id"])
    assert len(cases) > 1000
    assert wrong == []


def render_case(case: dict[str, Any]) -> str | None:
    """Renders one case in a process of its own; returns its name if it differs."""
    result = chartpy.render_many([job(case["args"])], workers=1, compat="helm3")[0]
    expected = gzip.decompress(Path(case["golden"]).read_bytes())
    return None if isinstance(result, chartpy.Rendered) and bytes(result) == expected else case["id"]


@pytest.mark.skipif(CORPUS is None, reason="CHARTPY_CORPUS is not set")
def test_the_corpus_renders_as_with_helm_in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CORPUS is not None
    monkeypatch.chdir(CORPUS)
    cases = [json.loads(line) for line in Path("cases.jsonl").read_text().splitlines()]
    cases = [case for case in cases if case["deterministic"] and not case["helm3_exit"] and job(case["args"])]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        wrong = pool.map(render_case, cases, chunksize=50)
    assert [case for case in wrong if case] == []
