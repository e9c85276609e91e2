"""`chartpy.testing`: finding, snapshots, fixtures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import chartpy
import pytest
from chartpy.testing import ManifestNotFound, assert_same, assert_snapshot, chart_folder, chart_snapshot, find, find_all, render_chart

__all__ = ["chart_folder", "chart_snapshot", "render_chart"]
pytest_plugins = ["pytester"]


def test_find(chart: chartpy.Chart) -> None:
    rendered = chart.render("demo")
    assert find(rendered, "Deployment").name == "demo"
    assert find(rendered, name="check").kind == "Pod"
    assert find(rendered, source="templates/web.yaml").kind == "Deployment"
    assert [document.kind for document in find_all(rendered)] == ["Deployment", "Pod"]
    with pytest.raises(ManifestNotFound, match="there is no Service web among Deployment demo, Pod check"):
        find(rendered, "Service", "web")
    with pytest.raises(AssertionError, match="there is 2 of document among"):
        find(rendered)


def test_same(chart: chartpy.Chart) -> None:
    assert_same(chart.render("demo"), chart.render("demo"))
    with pytest.raises(AssertionError, match=r"0 added, 0 removed, 1 changed\n"):
        assert_same(chart.render("demo"), chart.render("demo", values={"replicas": 2}))


def test_snapshots(chart: chartpy.Chart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "snapshots" / "one.yaml"
    with pytest.raises(AssertionError, match="there is no snapshot"):
        assert_snapshot(chart.render("demo"), file)
    monkeypatch.setenv("CHARTPY_UPDATE_SNAPSHOTS", "1")
    assert_snapshot(chart.render("demo"), file)
    monkeypatch.delenv("CHARTPY_UPDATE_SNAPSHOTS")
    assert_snapshot(chart.render("demo"), file)
    with pytest.raises(AssertionError, match=r"\+  replicas: 2"):
        assert_snapshot(chart.render("demo", values={"replicas": 2}), file)


def test_fixtures(pytester: pytest.Pytester, files: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, data in files.items():
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data)
    (pytester.path / "tests").mkdir()
    pytester.makeconftest("from chartpy.testing import chart_folder, chart_snapshot, render_chart\n")
    (pytester.path / "tests" / "test_web.py").write_text(
        "from chartpy.testing import find\n"
        "def test_it(render_chart, chart_snapshot):\n"
        "    rendered = render_chart(values={'replicas': 3})\n"
        "    assert find(rendered, 'Deployment').object['spec']['replicas'] == 3\n"
        "    chart_snapshot(rendered)\n"
        "    chart_snapshot(render_chart('other', compat='helm3'))\n"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(failed=1)
    monkeypatch.setenv("CHARTPY_UPDATE_SNAPSHOTS", "1")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
    monkeypatch.delenv("CHARTPY_UPDATE_SNAPSHOTS")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
    assert len(list((pytester.path / "tests" / "__snapshots__" / "test_web").iterdir())) == 2
