"""Charts and renders travel by content: pickle, deepcopy, processes that are spawned."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import chartpy
import pytest


def render(chart: chartpy.Chart, replicas: int) -> chartpy.Rendered:
    return chart.render("demo", values={"replicas": replicas}, include_crds=True)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_charts_pickle(chart: chartpy.Chart, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(chart, protocol))
    assert again == chart and hash(again) == hash(chart) and again is not chart
    assert again.files == chart.files
    assert render(again, 3) == render(chart, 3)


@pytest.mark.parametrize("compat", ["helm3", "helm4"])
def test_renders_pickle(files: dict[str, str | bytes], compat: str) -> None:
    rendered = render(chartpy.load(files, compat=compat), 3)  # type: ignore[arg-type]
    again = pickle.loads(pickle.dumps(rendered))
    assert again == rendered and hash(again) == hash(rendered)
    for name in ("text", "notes", "values", "images", "digest", "objects", "warnings", "release", "namespace"):
        assert getattr(again, name) == getattr(rendered, name), name
    for name in ("documents", "hooks", "crds"):
        assert [it.text for it in getattr(again, name)] == [it.text for it in getattr(rendered, name)], name


def test_warnings_survive(fixtures: Path) -> None:
    rendered = chartpy.load(fixtures / "charts" / "deprecated").render("demo")
    assert [it.code for it in rendered.warnings] == ["deprecated-chart"]
    assert pickle.loads(pickle.dumps(rendered)).warnings == rendered.warnings


def test_deepcopy_copies(chart: chartpy.Chart) -> None:
    assert copy.deepcopy(chart) == chart
    rendered = render(chart, 1)
    assert copy.deepcopy([rendered])[0] == rendered


def test_different_charts_are_not_equal(chart: chartpy.Chart, files: dict[str, str | bytes]) -> None:
    assert chart != chartpy.load(files, compat="helm3")
    assert chart != chartpy.load(files | {"values.yaml": "replicas: 2\n"})
    assert chart != "web"
    assert render(chart, 1) != render(chart, 2)


def test_every_fixture_comes_back(fixtures: Path) -> None:
    loaded = 0
    for path in sorted((fixtures / "charts").iterdir()):
        try:
            chart = chartpy.load(path)
        except chartpy.ChartError:
            continue
        loaded += 1
        assert pickle.loads(pickle.dumps(chart)) == chart, path.name
    assert loaded > 20


def test_spawned_processes_render(chart: chartpy.Chart) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(chart.render, ["one", "two"]))
    assert results == [chart.render("one"), chart.render("two")]
