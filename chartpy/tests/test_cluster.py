"""Dask and Ray on a real cluster of several processes; where they are not installed, the tests say so."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import chartpy
import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
COUNT = 60


@pytest.fixture(scope="session")
def modelservice(benchmark: Path) -> Path:
    return benchmark / "charts" / "llm-d-modelservice"


def expected(chart: Path, name: str) -> str:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    options = {"skip_schema": True, "kube_version": "1.34.0"}
    texts = module.render_batch(chartpy.load(chart), module.value_sets(COUNT), options)
    return f"{COUNT} {hashlib.sha256(b''.join(texts)).hexdigest()}\n"


@pytest.mark.parametrize(("example", "module"), [("dask_sweep", "distributed"), ("ray_sweep", "ray")])
def test_a_sweep_on_a_cluster(modelservice: Path, example: str, module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    command = [sys.executable, str(EXAMPLES / f"{example}.py"), str(modelservice), "--count", str(COUNT), "--batch", "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected(modelservice, example)


CORPUS_SCRIPT = """
import json, sys
import chartpy

def render(jobs):
    return [bytes(done) for done in chartpy.render_many(jobs, workers=1, fail_fast=True)]

def main():
    system, charts = sys.argv[1], sys.argv[2:]
    loaded = [chartpy.load(chart) for chart in charts]
    batches = [[{"chart": chart, "release": "t", "kube_version": "1.34.0", "seed": "s"}] for chart in loaded]
    if system == "dask":
        from dask.distributed import Client, LocalCluster
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster, Client(cluster) as client:
            done = client.gather(client.map(render, batches, pure=False))
    else:
        import ray
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        done = ray.get([ray.remote(render).remote(batch) for batch in batches])
        ray.shutdown()
    print(json.dumps([texts[0].decode() for texts in done]))

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(("system", "module"), [("dask", "distributed"), ("ray", "ray")])
def test_ten_charts_on_a_cluster(fixtures: Path, system: str, module: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    charts: list[str] = []
    serial: list[str] = []
    for folder in sorted((fixtures / "charts").iterdir()):
        try:
            text = chartpy.load(folder).render("t", kube_version="1.34.0", seed="s").text
        except chartpy.ChartError:
            continue
        charts.append(str(folder))
        serial.append(text)
        if len(charts) == 10:
            break
    script = tmp_path / "ten.py"
    script.write_text(CORPUS_SCRIPT)
    done = subprocess.run([sys.executable, str(script), system, *charts], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == serial
