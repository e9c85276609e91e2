"""Renders: against what Helm itself printed, and by their parts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import chartpy
import numpy
import pytest

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
TAKES_ONE = {
    "-f": "values_files",
    "--values": "values_files",
    "--set": "set",
    "--set-string": "set_string",
    "--set-json": "set_json",
    "--set-file": "set_file",
    "--set-literal": "set_literal",
    "-a": "api_versions",
    "--api-versions": "api_versions",
    "-n": "namespace",
    "--namespace": "namespace",
    "--kube-version": "kube_version",
}
SWITCHES: dict[str, dict[str, Any]] = {
    "--include-crds": {"include_crds": True},
    "--no-hooks": {"hooks": False},
    "--skip-tests": {"tests": False},
    "--is-upgrade": {"is_upgrade": True},
    "--skip-schema-validation": {"skip_schema": True},
}
LISTS = {"values_files", "set", "set_string", "set_json", "set_file", "set_literal", "api_versions"}


def options(arguments: list[str]) -> dict[str, Any] | None:
    """Helm's arguments as keywords; None for flags that only the command line has."""
    found: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        flag, equals, value = argument.partition("=") if argument.startswith("--") else (argument, "", "")
        if flag in SWITCHES and not equals:
            found |= SWITCHES[flag]
        elif flag in TAKES_ONE:
            name = TAKES_ONE[flag]
            text = value if equals else next(rest)
            if name in ("values_files", "api_versions"):
                found.setdefault(name, []).extend(text.split(","))
            elif name in LISTS:
                found.setdefault(name, []).append(text)
            else:
                found[name] = text
        else:
            return None
    return found


def cases() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Every `helm template RELEASE CHART` among the fixtures."""
    for path in sorted((FIXTURES / "cases").glob("*.toml")):
        for case in tomllib.loads(path.read_text())["case"]:
            arguments = case["args"]
            if arguments[0] != "template" or "stdin" in case or "-" in arguments or len(arguments) < 3:
                continue
            if arguments[1].startswith("-") or arguments[2].startswith("-"):
                continue
            found = options(arguments[3:])
            if found is not None:
                yield f"{path.stem}/{case['name']}", arguments[1], arguments[2], found


CASES = list(cases())


@pytest.mark.parametrize("compat", ["helm3", "helm4"])
def test_renders_equal_helms(compat: Literal["helm3", "helm4"], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES / "charts")
    wrong, compared = [], 0
    for name, release, chart, found in CASES:
        golden = FIXTURES / "golden" / compat / f"{name}.out"
        failed = FIXTURES / "golden" / compat / f"{name}.err"
        succeeds = golden.exists() and not failed.exists()
        if not succeeds and not failed.exists():
            continue
        keywords = {"kube_version": "1.34.0"} | found
        compared += 1
        try:
            text = bytes(chartpy.load(chart, compat=compat).render(release, **keywords))
        except chartpy.ChartError as error:
            if succeeds:
                wrong.append(f"{name}: {error}")
        else:
            if not succeeds or text != golden.read_bytes():
                wrong.append(name)
    assert compared > 150
    assert not wrong, f"{len(wrong)} of {compared} differ: {wrong}"


def test_a_render_shows_its_parts(chart: chartpy.Chart) -> None:
    rendered = chart.render("demo", namespace="apps", values={"replicas": 3})
    assert (rendered.release, rendered.namespace) == ("demo", "apps")
    assert rendered.text == str(rendered) == bytes(rendered).decode()
    assert [(it.kind, it.name, it.namespace, it.source) for it in rendered] == [
        ("Deployment", "demo", "apps", "web/templates/web.yaml"),
        ("Pod", "check", "tests", "web/templates/check.yaml"),
    ]
    assert len(rendered) == 2
    deployment, hook = rendered.documents
    assert deployment.api_version == "apps/v1" and hook.api_version == "v1"
    assert deployment.object["spec"]["replicas"] == 3
    assert (hook.hook_events, hook.hook_weight) == (("test",), 3)
    assert deployment.hook_events == ()
    assert deployment.text.startswith("apiVersion: apps/v1\n")
    assert [it["kind"] for it in rendered.objects] == ["Deployment", "Pod"]
    assert [it.name for it in rendered.hooks] == ["check"]
    assert [it.name for it in rendered.crds] == ["things.example.com"]
    assert rendered.notes == "Hello demo\n"
    assert rendered.values["replicas"] == 3
    assert rendered.images == ["busybox", "web:v1"]
    assert rendered.warnings == ()
    assert rendered.digest.startswith("sha256:") and len(rendered.digest) == 71
    assert repr(rendered) == 'Rendered("demo", chart="web", resources=1, hooks=1)'


def test_documents_follow_the_text(chart: chartpy.Chart) -> None:
    kinds = [it.kind for it in chart.render("demo", include_crds=True, hooks=False)]
    assert kinds == ["CustomResourceDefinition", "Deployment"]
    assert [it.kind for it in chart.render("demo", tests=False)] == ["Deployment"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"),
        (1_000_000, "1e+06"),
        (numpy.int64(7), "7"),
        (numpy.float64(0.5), "0.5"),
        (numpy.bool_(True), "true"),
        (numpy.array([1, 2]), "[1 2]"),
        (True, "true"),
        (None, "<nil>"),
        ("text", "text"),
        ((1, "a"), "[1 a]"),
        (range(3), "[0 1 2]"),
        (MappingProxyType({"a": 1}), "map[a:1]"),
        (2**63, "9.223372036854775808e+18"),
        (-(2**63), "-9.223372036854775808e+18"),
    ],
)
def test_values_are_read_as_from_a_file(value: object, shown: str) -> None:
    files = {
        "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
        "values.yaml": "value: default\n",
        "templates/NOTES.txt": "{{ .Values.value }}",
    }
    if shown == "<nil>":
        # A null deletes the default.
        shown = ""
    notes = chartpy.load(files).render("demo", values={"value": value}).notes
    assert notes.replace("9.223372036854776e+18", "9.223372036854775808e+18") == shown


def test_values_apply_in_helms_order(chart: chartpy.Chart, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("a: file\nb: file\nc: file\nd: file\n")
    given: list[Mapping[str, Any]] = [{"b": "one", "c": "one", "d": "one"}, {"c": "two", "d": "two"}]
    values = chart.render("demo", values_files=[file], values=given, set="d=set").values
    assert [values[key] for key in "abcd"] == ["file", "one", "two", "set"]


def test_merge_values_merges_mappings_and_files(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("a: {b: 1, c: 2}\n")
    (tmp_path / "note.txt").write_text("text")
    merged = chartpy.merge_values(
        file,
        {"a": {"c": 3.5}},
        set=["x=1", "y=true"],
        set_string="s=1",
        set_json='j=[1,{"k":null}]',
        set_file=f"f={tmp_path / 'note.txt'}",
        set_literal="l=a,b",
    )
    assert merged == {
        "a": {"b": 1, "c": 3.5}, "x": 1, "y": True, "s": "1", "j": [1, {"k": None}], "f": "text", "l": "a,b",
    }  # fmt: skip


def test_a_seed_makes_renders_repeat() -> None:
    files = {
        "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
        "templates/NOTES.txt": "{{ randAlphaNum 20 }} {{ now | unixEpoch }}",
    }
    chart = chartpy.load(files)
    assert chart.render("demo", seed="a", now=5).notes == chart.render("demo", seed="a", now=5).notes
    assert chart.render("demo", seed="a", now=5).notes.endswith(" 5")
    assert chart.render("demo", seed="a").notes != chart.render("demo", seed="b").notes
    assert chart.render("demo").notes != chart.render("demo").notes


def test_results_are_not_shared(chart: chartpy.Chart) -> None:
    rendered = chart.render("demo")
    rendered.values["replicas"] = "changed"
    rendered.objects[0]["kind"] = "changed"
    chart.values["replicas"] = "changed"
    assert rendered.values["replicas"] == chart.values["replicas"] == 1
    assert rendered.objects[0]["kind"] == "Deployment"
