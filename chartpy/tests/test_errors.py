"""Bad input: each case ends in the documented exception."""

from __future__ import annotations

import collections
import datetime
import decimal
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chartpy
import numpy
import pytest

METADATA = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
SIMPLE = chartpy.load({"Chart.yaml": METADATA, "templates/NOTES.txt": "{{ .Values }}"})
SCHEMA = json.dumps({"properties": {"replicas": {"type": "integer", "minimum": 1}}, "required": ["name"]})


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def circle() -> dict[str, Any]:
    value: dict[str, Any] = {"list": []}
    value["list"].append(value)
    return value


class Raising(collections.UserDict[str, Any]):
    """A mapping whose items cannot be read."""

    def items(self) -> Any:
        raise ZeroDivisionError("items")


def with_values(values: object) -> Callable[[Path], object]:
    return lambda _: SIMPLE.render("demo", values=values)  # type: ignore[arg-type]


def rendering(**keywords: Any) -> Callable[[Path], object]:
    return lambda _: SIMPLE.render(keywords.pop("release", "demo"), **keywords)


def loading(source: object, **keywords: Any) -> Callable[[Path], object]:
    return lambda _: chartpy.load(source, **keywords)  # type: ignore[arg-type]


def template(text: str, **files: str) -> Callable[[Path], object]:
    chart: dict[str, str | bytes] = {"Chart.yaml": METADATA, "templates/a.yaml": text}
    chart |= {name.replace("__", "/").replace("_", "."): data for name, data in files.items()}
    return lambda _: chartpy.load(chart).render("demo", values={"replicas": 0, "text": "t"})


def schema(values: dict[str, Any]) -> Callable[[Path], object]:
    files: dict[str, str | bytes] = {"Chart.yaml": METADATA, "values.schema.json": SCHEMA}
    return lambda _: chartpy.load(files).render("demo", values=values)


def written(name: str, text: str, call: Callable[[Path], object]) -> Callable[[Path], object]:
    def run(folder: Path) -> object:
        (folder / name).write_text(text)
        return call(folder)

    return run


def fixture(name: str) -> Callable[[Path], object]:
    charts = Path(__file__).resolve().parents[2] / "fixtures" / "charts"
    return lambda _: chartpy.load(charts / name).render("demo")


def many(*jobs: Any, **keywords: Any) -> Callable[[Path], object]:
    return lambda _: chartpy.render_many(jobs, fail_fast=True, **keywords)


V, U, L, T = chartpy.ValuesError, chartpy.UsageError, chartpy.LoadError, chartpy.TemplateError

# What is done, the exception, and a part of its text.
CASES: dict[str, tuple[Callable[[Path], object], type[BaseException], str]] = {
    # Values that are none.
    "nan": (with_values({"a": float("nan")}), V, "values.a: NaN and infinity are no values"),
    "infinity": (with_values({"a": [1, float("inf")]}), V, "values.a[1]: NaN and infinity"),
    "minus-infinity": (with_values({"a": float("-inf")}), V, "values.a: NaN and infinity"),
    "numpy-nan": (with_values({"a": numpy.float32("nan")}), V, "values.a: NaN and infinity"),
    "numpy-array-nan": (with_values({"a": numpy.array([1.0, numpy.nan])}), V, "values.a[1]: NaN"),
    "decimal-nan": (with_values({"a": decimal.Decimal("NaN")}), V, "values.a: NaN and infinity"),
    "numpy-complex": (with_values({"a": numpy.complex64(1)}), V, "values.a: `complex` is no value"),
    "cycle": (with_values(circle()), V, "values.list[0]: the value contains itself"),
    "depth": (with_values(nested(300)), V, "nested more than 256 deep"),
    "huge-depth": (with_values(nested(50_000)), V, "nested more than 256 deep"),
    "huge-int": (with_values({"a": 10**400}), V, "values.a: the integer does not fit in 64 bits"),
    "int-2-64": (with_values({"a": 2**64}), V, "values.a: the integer does not fit"),
    "int-below": (with_values({"a": -(2**63) - 1}), V, "values.a: the integer does not fit"),
    "int-key": (with_values({"a": {1: 2}}), V, "values.a: the key 1 is of type `int`; keys are str"),
    "none-key": (with_values({None: 2}), V, "values: the key None"),
    "bool-key": (with_values({True: 2}), V, "values: the key True"),
    "tuple-key": (with_values({(1, 2): 2}), V, "values: the key (1, 2)"),
    "bytes-key": (with_values({b"a": 2}), V, "values: the key b'a'"),
    "bytes": (with_values({"a": b"text"}), V, "values.a: bytes are no value"),
    "bytearray": (with_values({"a": bytearray(b"text")}), V, "values.a: bytes are no value"),
    "set": (with_values({"a": {1}}), V, "values.a: `set` is no value"),
    "object": (with_values({"a": object()}), V, "values.a: `object` is no value"),
    "class": (with_values({"a": int}), V, "values.a"),
    "function": (with_values({"a": len}), V, "is no value"),
    "generator": (with_values({"a": (n for n in [1])}), V, "values.a: `generator` is no value"),
    "complex": (with_values({"a": 1j}), V, "values.a: `complex` is no value"),
    "date": (with_values({"a": datetime.date(2026, 1, 1)}), V, "values.a: `date` is no value"),
    "path": (with_values({"a": Path("x")}), V, "is no value"),
    "surrogate": (with_values({"a": "\ud800"}), V, "values.a: the text holds a lone surrogate"),
    "surrogate-key": (with_values({"\ud800": 1}), V, "values: the text holds a lone surrogate"),
    "values-number": (with_values(3), V, "values: expected a mapping"),
    "values-text": (with_values("a: 1"), V, "values: expected a mapping"),
    "values-bytes": (with_values(b"a: 1"), V, "values[0]: expected a mapping"),
    "values-list-number": (with_values([{"a": 1}, 2]), V, "values[1]: expected a mapping"),
    "values-list-none": (with_values([None]), V, "values[0]: expected a mapping"),
    "values-object": (with_values(object()), V, "values: expected a mapping"),
    "second-mapping": (with_values([{}, {"a": {1}}]), V, "values[1].a: `set` is no value"),
    "mapping-raises": (with_values(Raising(a=1)), ZeroDivisionError, "items"),
    # Overrides.
    "set-no-value": (rendering(set="a"), V, "failed parsing --set data: key \"a\" has no value"),
    "set-index": (rendering(set="a[x]=1"), V, "failed parsing --set data: error parsing index"),
    "set-huge-index": (rendering(set="a[99999999]=1"), V, "failed parsing --set data"),
    "set-json": (rendering(set_json="a={"), V, "failed parsing --set-json data"),
    "set-json-object": (rendering(set_json="{"), V, "failed parsing --set-json data"),
    "set-file": (rendering(set_file="a=no/such/file"), V, "no such file or directory"),
    "set-int": (rendering(set=3), TypeError, "set must be str or a sequence of str"),
    "set-bytes": (rendering(set=b"a=1"), TypeError, "set must be str"),
    "set-mapping": (rendering(set={"a": 1}), TypeError, "set must be str"),
    "set-list-int": (rendering(set=["a=1", 2]), TypeError, "set must be str"),
    "values-file-missing": (rendering(values_files="no/such/file"), FileNotFoundError, "open no/such/file:"),
    "values-file-folder": (lambda folder: SIMPLE.render("demo", values_files=folder), L, "is a directory"),
    "values-files-int": (rendering(values_files=[1]), TypeError, "values_files must be a path"),
    "values-files-bytes": (rendering(values_files=b"a"), TypeError, "values_files must be a path"),
    "values-file-broken": (
        written("v.yaml", "a: [", lambda folder: SIMPLE.render("demo", values_files=folder / "v.yaml")),
        V,
        "failed to parse ",
    ),
    "values-file-list": (
        written("v.yaml", "- 1\n", lambda folder: SIMPLE.render("demo", values_files=folder / "v.yaml")),
        V,
        "cannot unmarshal array into Go value",
    ),
    "merge-number": (lambda _: chartpy.merge_values(3), TypeError, "values are a mapping or a path"),  # type: ignore[arg-type]
    "merge-nan": (lambda _: chartpy.merge_values({}, {"a": float("nan")}), V, "sources[1].a: NaN"),
    "merge-missing": (lambda _: chartpy.merge_values("no/such/file"), FileNotFoundError, "no such file"),
    "merge-set": (lambda _: chartpy.merge_values(set="a"), V, "has no value"),
    "merge-compat": (lambda _: chartpy.merge_values(compat="helm2"), U, "unknown compat `helm2`"),  # type: ignore[arg-type]
    # Options.
    "release-empty": (rendering(release=""), U, "no name provided"),
    "release-upper": (rendering(release="Demo"), U, "invalid release name"),
    "release-long": (rendering(release="a" * 54), U, "invalid release name"),
    "release-int": (rendering(release=3), TypeError, "release"),
    "namespace-int": (rendering(namespace=3), TypeError, "namespace"),
    "revision-text": (rendering(revision="one"), TypeError, "revision"),
    "revision-huge": (rendering(revision=2**70), OverflowError, "int"),
    "hooks-text": (rendering(hooks="no"), TypeError, "hooks"),
    "kube-version": (rendering(kube_version="one"), chartpy.VersionError, "invalid kube version 'one'"),
    "api-versions": (rendering(api_versions=[1]), TypeError, "api_versions must be str"),
    "now-alone": (rendering(now=1), U, "`now` needs a `seed`"),
    "unknown-keyword": (rendering(valuess={}), TypeError, "valuess"),
    # Charts.
    "load-missing": (loading("no/such/chart"), FileNotFoundError, "no such file or directory"),
    "load-none": (loading(None), TypeError, "a chart is loaded from"),
    "load-int": (loading(3), TypeError, "a chart is loaded from"),
    "load-nul": (loading("a\0b"), L, "a"),
    "load-bytes": (loading(b"a text and no archive"), L, "gzip"),
    "load-empty-bytes": (loading(b""), L, ""),
    "load-cut-gzip": (loading(b"\x1f\x8b\x08"), L, ""),
    "load-compat": (loading({}, compat="helm5"), U, "unknown compat `helm5`"),
    "load-empty": (loading({}), L, "Chart.yaml file is missing"),
    "load-name-int": (loading({1: "a"}), TypeError, "names of files are str"),
    "load-data-int": (loading({"Chart.yaml": 1}), TypeError, "the file Chart.yaml is str or bytes"),
    "load-folder": (lambda folder: chartpy.load(folder), FileNotFoundError, "Chart.yaml"),
    "load-file": (written("a.tgz", "text", lambda folder: chartpy.load(folder / "a.tgz")), L, "a.tgz"),
    "metadata-broken": (loading({"Chart.yaml": "a: ["}), L, "cannot load Chart.yaml"),
    "metadata-no-name": (loading({"Chart.yaml": "apiVersion: v2\nversion: 1.0.0\n"}), L, "chart.metadata.name is required"),
    "metadata-version": (loading({"Chart.yaml": "apiVersion: v2\nname: a\nversion: x\n"}), L, "is invalid"),
    "values-broken": (loading({"Chart.yaml": METADATA, "values.yaml": "a: ["}), V, "cannot load values.yaml"),
    "dependency-missing": (fixture("missing-dependency"), chartpy.DependencyError, "missing in charts/ directory"),
    "library": (fixture("library-alone"), L, "library charts are not installable"),
    "package-version": (lambda folder: SIMPLE.package(folder, version="x"), chartpy.VersionError, "nvalid"),
    "package-epoch": (lambda folder: SIMPLE.package(folder, epoch=2**60), U, "too far in the future"),
    "package-epoch-negative": (lambda folder: SIMPLE.package(folder, epoch=-1), OverflowError, ""),
    "package-on-file": (written("f", "", lambda folder: SIMPLE.package(folder / "f")), L, "exists"),
    # Templates and what they write.
    "template-syntax": (template("{{ if }}"), T, "missing value for if"),
    "template-unclosed": (template("{{ if true }}"), T, "unexpected EOF"),
    "template-function": (template("{{ nosuch 1 }}"), T, 'function "nosuch" not defined'),
    "template-nil": (template("{{ .Values.a.b }}"), T, "nil pointer evaluating interface {}.b"),
    "template-fail": (template('{{ fail "stop here" }}'), T, "stop here"),
    "template-required": (template('{{ required "name it" .Values.name }}'), T, "name it"),
    "template-include": (template('{{ include "nosuch" . }}'), T, "nosuch"),
    "template-recursion": (template('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}'), T, ""),
    "manifest-broken": (template("a: [\n"), chartpy.ManifestError, "YAML parse error on web/templates/a.yaml"),
    "schema-minimum": (schema({"name": "a", "replicas": 0}), chartpy.SchemaError, "replicas"),
    "schema-required": (schema({}), chartpy.SchemaError, "name"),
    # Many.
    "jobs-number": (lambda _: chartpy.render_many(3), TypeError, "not iterable"),  # type: ignore[arg-type]
    "job-number": (many(3), TypeError, "a job is a mapping"),
    "job-no-chart": (many({"release": "demo"}), U, "a job needs a `chart`"),
    "job-no-release": (many({"chart": SIMPLE}), U, "a job needs a `release`"),
    "job-key": (many({"chart": SIMPLE, "release": "demo", "nmespace": "x"}), U, "a job has no key `nmespace`"),
    "job-chart-int": (many({"chart": 3, "release": "demo"}), TypeError, "a job's chart is a Chart or a path"),
    "job-chart-missing": (many({"chart": "no/such", "release": "demo"}), FileNotFoundError, "no/such"),
    "job-namespace-int": (many({"chart": SIMPLE, "release": "demo", "namespace": 3}), TypeError, "namespace"),
    "job-values": (many({"chart": SIMPLE, "release": "demo", "values": {"a": {1}}}), V, "values.a"),
    "job-release": (many({"chart": SIMPLE, "release": "A"}), U, "invalid release name"),
    "workers-zero": (many(workers=0), U, "workers must be at least 1"),
    "workers-negative": (many(workers=-1), OverflowError, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, tmp_path: Path) -> None:
    call, kind, text = CASES[name]
    with pytest.raises(kind) as caught:
        call(tmp_path)
    notes = getattr(caught.value, "__notes__", [])
    assert text in "\n".join([str(caught.value), *notes])
    if isinstance(caught.value, chartpy.ChartError):
        check_error(caught.value)


def check_error(error: chartpy.ChartError) -> None:
    assert error.code and error.message
    assert not isinstance(error, chartpy.InternalError)
    described = json.loads(json.dumps(error.to_dict()))
    assert described["type"] == type(error).__name__ and described["message"] == error.message
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.to_dict(), again.diagnostics) == (str(error), error.to_dict(), error.diagnostics)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 80


def test_an_error_says_where() -> None:
    files = {"Chart.yaml": METADATA, "templates/a.yaml": "kind: A\nimage: {{ .Values.image.name }}\n"}
    with pytest.raises(chartpy.TemplateError) as caught:
        chartpy.load(files).render("demo")
    error = caught.value
    at = error.diagnostics[0]
    assert at.file is not None and at.file.endswith("templates/a.yaml")
    assert at.line == 2
    assert error.message.startswith(("template: ", "web/templates/a.yaml:2"))
    assert str(error).startswith(error.message + "\n")
    assert "{{ .Values.image.name }}" in str(error)


def test_a_missing_file_is_the_builtin_error() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        chartpy.load("no/such/chart")
    assert isinstance(caught.value, chartpy.MissingFileError)
    assert caught.value.errno == 2
    assert caught.value.strerror == "no such file or directory"


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (chartpy.ValuesError, ValueError),
        (chartpy.SchemaError, chartpy.ValuesError),
        (chartpy.UsageError, ValueError),
        (chartpy.VersionError, ValueError),
        (chartpy.DependencyError, LookupError),
        (chartpy.MissingFileError, FileNotFoundError),
        (chartpy.MissingFileError, chartpy.LoadError),
        (chartpy.InternalError, chartpy.ChartError),
    ],
)
def test_exceptions_are_what_people_catch(kind: type[BaseException], builtin: type[BaseException]) -> None:
    assert issubclass(kind, builtin) and issubclass(kind, chartpy.ChartError)
