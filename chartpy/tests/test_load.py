"""Charts come from folders, archives, bytes and mappings, and show what they hold."""

from __future__ import annotations

from pathlib import Path

import chartpy
import pytest


def test_a_chart_shows_its_parts(chart: chartpy.Chart) -> None:
    assert (chart.name, chart.version, chart.app_version, chart.compat) == ("web", "0.1.0", "v1", "helm4")
    assert chart.metadata == {"apiVersion": "v2", "name": "web", "version": "0.1.0", "appVersion": "v1"}
    assert chart.values == {"replicas": 1, "image": "web", "ratio": 0.5}
    assert isinstance(chart.values["replicas"], int)
    assert chart.files["README.md"] == b"# web\n"
    assert chart.readme == "# web\n"
    assert list(chart.crds) == ["web/crds/thing.yaml"]
    assert chart.schema is None
    assert chart.dependencies == []
    assert chart.warnings == ()
    assert repr(chart) == 'Chart("web", "0.1.0")'


def test_folder_path_archive_and_bytes_give_the_same_chart(
    chart: chartpy.Chart, files: dict[str, str | bytes], tmp_path: Path
) -> None:
    for name, data in files.items():
        path = tmp_path / "web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    package = chart.package(tmp_path)
    expected = chart.render("demo")
    for source in (tmp_path / "web", str(tmp_path / "web"), package, Path(package).read_bytes()):
        assert chartpy.load(source).render("demo") == expected


def test_subcharts_are_charts(fixtures: Path) -> None:
    parent = chartpy.load(fixtures / "charts" / "nested")
    assert parent.dependencies
    assert all(isinstance(child, chartpy.Chart) for child in parent.dependencies)
    assert [child.name for child in parent.dependencies] == sorted(child.name for child in parent.dependencies)


def test_a_schema_is_parsed(fixtures: Path) -> None:
    schema = chartpy.load(fixtures / "charts" / "schema").schema
    assert isinstance(schema, dict) and "properties" in schema


def test_packages_do_not_depend_on_when_they_are_made(chart: chartpy.Chart, tmp_path: Path) -> None:
    first, second = chart.package(tmp_path / "a"), chart.package(tmp_path / "b")
    assert first.digest == second.digest
    assert Path(first).read_bytes() == Path(second).read_bytes()
    assert Path(first).name == "web-0.1.0.tgz" and first.size == Path(first).stat().st_size
    other = chart.package(tmp_path / "c", version="1.2.3", app_version="v9", epoch=1_700_000_000)
    assert other.digest != first.digest
    assert (chartpy.load(other).version, chartpy.load(other).app_version) == ("1.2.3", "v9")


def test_lint_finds_what_helm_finds(chart: chartpy.Chart) -> None:
    findings = chart.lint()
    assert [str(finding) for finding in findings] == ["[INFO] Chart.yaml: icon is recommended"]


def test_lint_points_at_broken_templates() -> None:
    files = {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n", "templates/a.yaml": "{{ .Values.a.b }}"}
    finding = chartpy.load(files).lint()[-1]
    assert finding.severity == "error"
    assert "nil pointer evaluating interface {}.b" in finding.message


@pytest.mark.parametrize("compat", ["helm3", "helm4"])
def test_compat_is_kept(compat: str, files: dict[str, str | bytes]) -> None:
    assert chartpy.load(files, compat=compat).compat == compat  # type: ignore[arg-type]
