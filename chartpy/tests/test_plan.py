"""39 stacks of llm-d-benchmark: values to plan files to manifests, in this process."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import chartpy
import pytest
from chartpy import helmfile
from chartpy.jinja import Environment, render_tree

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
CHARTS = {
    "ms": "llm-d-modelservice",
    "router-gateway": "llm-d-router-gateway",
    "router-standalone": "llm-d-router-standalone",
}


def stacks(benchmark: Path) -> list[Path]:
    return sorted((benchmark / "stacks").iterdir())


def values_of(stack: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((stack / "values.json").read_text())
    return values


def test_row_191_every_file_of_every_stack_equals_jinja2(benchmark: Path) -> None:
    equal = 0
    for stack in stacks(benchmark):
        texts = render_tree(benchmark / "templates", values_of(stack))
        expected = {path.name: path.read_text() for path in (stack / "expected").iterdir()}
        assert texts.keys() == expected.keys()
        for name, text in expected.items():
            assert texts[name] == text, (stack.name, name)
            equal += 1
    assert equal == 1560


def test_environments_give_the_same_on_threads(benchmark: Path) -> None:
    environment = Environment(benchmark / "templates")
    values = [values_of(stack) for stack in stacks(benchmark)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(environment.render, values)) == [environment.render(one) for one in values]


def golden_job(golden: Path, charts: dict[str, chartpy.Chart]) -> Any:
    kind, _, name = golden.name.rsplit(".", 2)[0].partition("__")
    expected = golden.parents[1] / "stacks" / name / "expected"
    job: dict[str, Any] = {"chart": charts[CHARTS[kind]], "kube_version": "1.34.0"}
    if kind == "ms":
        return job | {"release": "t", "values": expected / "13_ms-values.yaml", "skip_schema": True}
    return job | {"release": "r", "namespace": "llmdbench", "values": expected / "12_router-values.yaml"}


@pytest.mark.parametrize("workers", [1, 4])
def test_row_187_every_chart_of_every_stack_equals_helm(benchmark: Path, workers: int) -> None:
    equal = 0
    for compat in ("helm3", "helm4"):
        charts = {name: chartpy.load(benchmark / "charts" / name, compat=compat) for name in CHARTS.values()}
        goldens = sorted((benchmark / "golden").glob(f"*.{compat}.yaml"))
        results = chartpy.render_many([golden_job(golden, charts) for golden in goldens], workers=workers)
        for golden, result in zip(goldens, results, strict=True):
            assert isinstance(result, chartpy.Rendered), result
            assert bytes(result) == golden.read_bytes(), golden.name
            equal += 1
    assert equal == 218


def test_row_189_four_threads_render_what_one_does(benchmark: Path) -> None:
    charts = {name: chartpy.load(benchmark / "charts" / name) for name in CHARTS.values()}
    jobs = [golden_job(golden, charts) for golden in sorted((benchmark / "golden").glob("*.helm4.yaml"))]

    def render(job: dict[str, Any]) -> bytes:
        rest = dict(job)
        return bytes(rest.pop("chart").render(rest.pop("release"), **rest))

    serial = [render(job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(render, jobs)) == serial


def test_every_helmfile_of_every_stack_loads(benchmark: Path) -> None:
    releases = 0
    for stack in stacks(benchmark):
        for name in ("09_helmfile-gateway-provider", "10_helmfile-main", "26_helmfile-fma-controllers"):
            loaded = helmfile.load(stack / "expected" / f"{name}.yaml")
            assert len(loaded.order()) == len(loaded.releases)
            releases += len(loaded.releases)
    assert releases == 80


def test_the_whole_plan_without_helm(benchmark: Path, tmp_path: Path) -> None:
    # Nothing on PATH, and no module but the package's own.
    script = EXAMPLES / "llm_d_plan.py"
    command = [sys.executable, str(script), str(benchmark), str(tmp_path)]
    done = subprocess.run(command, env={"PATH": ""} | kept_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "39 stacks, 70 releases, 0 failed\n"
    for stack in stacks(benchmark):
        for expected in (stack / "expected").iterdir():
            assert (tmp_path / stack.name / expected.name).read_text() == expected.read_text()
    index = json.loads((tmp_path / "index.json").read_text())
    assert len(index) == 39
    charts = {record["chart"] for entry in index.values() for record in entry["releases"].values()}
    assert charts == set(CHARTS.values())


def kept_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(("PYTHON", "LD_"))}
