"""Every example in a docstring runs, and every public name has a docstring."""

from __future__ import annotations

import doctest
import importlib

import chartpy
import pytest
from chartpy.jinja import Environment, render_tree

CHART, RENDERED, MANIFEST = chartpy.Chart, chartpy.Rendered, chartpy.Manifest


@pytest.mark.parametrize(
    "name",
    [
        "chartpy",
        "chartpy.aio",
        "chartpy.diff",
        "chartpy.errors",
        "chartpy.helmfile",
        "chartpy.jinja",
        "chartpy.jobs",
        "chartpy.records",
        "chartpy.remote",
        "chartpy.testing",
    ],
)
def test_examples_of_modules_run(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert results.failed == 0
    assert name == "chartpy.records" or results.attempted > 0


@pytest.mark.parametrize(
    "item",
    [
        chartpy.load,
        chartpy.merge_values,
        chartpy.render_many,
        chartpy.digest,
        chartpy.listing,
        chartpy.verify,
        CHART.render,
        CHART.lint,
        CHART.package,
        CHART.with_metadata,
        RENDERED.provenance,
        Environment,
        Environment.render_text,
        render_tree,
    ],
)
def test_examples_of_functions_run(item: object) -> None:
    text = item.__doc__
    assert text
    test = doctest.DocTestParser().get_doctest(text, {}, "example", None, 0)
    assert test.examples
    results = doctest.DocTestRunner().run(test)
    assert results.failed == 0


def test_every_public_name_is_documented() -> None:
    assert sorted(chartpy.__all__) == sorted(set(chartpy.__all__))
    for name in chartpy.__all__:
        item = getattr(chartpy, name)
        if name != "__version__":
            assert item.__doc__, name
    for kind in (CHART, RENDERED, MANIFEST):
        for name in vars(kind):
            if not name.startswith("_"):
                assert getattr(kind, name).__doc__, f"{kind.__name__}.{name}"
