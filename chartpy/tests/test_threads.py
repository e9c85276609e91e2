"""Many renders at once: order, errors, threads, Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import chartpy
import pytest
from chartpy import RenderJob


def job(chart: chartpy.Chart, replicas: object) -> RenderJob:
    return {"chart": chart, "release": "demo", "values": {"replicas": replicas}}


@pytest.mark.parametrize("workers", [None, 1, 4, 64])
def test_render_many_keeps_order(chart: chartpy.Chart, workers: int | None) -> None:
    results = chartpy.render_many((job(chart, number) for number in range(200)), workers=workers)
    assert len(results) == 200
    for number, result in enumerate(results):
        assert isinstance(result, chartpy.Rendered)
        assert result == chart.render("demo", values={"replicas": number})


def test_render_many_of_nothing_is_nothing() -> None:
    assert chartpy.render_many([]) == []


def test_errors_stay_with_their_items(chart: chartpy.Chart) -> None:
    bad: RenderJob = {"chart": chart, "release": "Not A Name"}
    results = chartpy.render_many([job(chart, 1), bad, job(chart, float("nan")), job(chart, 2)])
    kinds = [type(result) for result in results]
    assert kinds == [chartpy.Rendered, chartpy.UsageError, chartpy.ValuesError, chartpy.Rendered]


def test_fail_fast_raises(chart: chartpy.Chart) -> None:
    with pytest.raises(chartpy.ValuesError):
        chartpy.render_many([job(chart, 1), job(chart, {1})], fail_fast=True)


def test_a_path_is_loaded_once(chart: chartpy.Chart, tmp_path: Path) -> None:
    package = chart.package(tmp_path)
    jobs: list[RenderJob] = [{"chart": package, "release": f"r{number}"} for number in range(10)]
    results = chartpy.render_many(jobs, workers=2)
    assert [result.release for result in results if isinstance(result, chartpy.Rendered)] == [
        f"r{number}" for number in range(10)
    ]


def test_charts_are_shared_between_threads(chart: chartpy.Chart) -> None:
    expected = [chart.render("demo", values={"replicas": number}).digest for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        digests = pool.map(lambda number: chart.render("demo", values={"replicas": number}).digest, range(64))
        assert list(digests) == expected


SLOW = {
    "Chart.yaml": "apiVersion: v2\nname: slow\nversion: 0.1.0\n",
    "templates/NOTES.txt": "{{ range until 1000 }}{{ range until 300 }}{{ end }}{{ end }}",
}


def test_other_threads_run_during_a_render() -> None:
    chart = chartpy.load(SLOW)
    ticks, done = 0, threading.Event()

    def render() -> None:
        chart.render("demo")
        done.set()

    worker = threading.Thread(target=render)
    worker.start()
    while not done.is_set():
        ticks += 1
        time.sleep(0.001)
    worker.join()
    assert ticks > 1


INTERRUPTED = f"""
import chartpy, sys
chart = chartpy.load({SLOW!r})
jobs = [{{"chart": chart, "release": "demo"}}] * 100_000
print("ready", flush=True)
try:
    chartpy.render_many(jobs)
except KeyboardInterrupt:
    sys.exit(42)
"""


def test_ctrl_c_stops_render_many() -> None:
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 42
