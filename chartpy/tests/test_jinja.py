"""Jinja templates: Python's ways, and where errors are."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import chartpy
import numpy
import pytest
from chartpy.jinja import Environment, JinjaError, render_tree


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path)


# A template, its values, and what Jinja2 3.1.6 with the filters of llm-d-benchmark makes of it.
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "update-of-a-literal": ("{% set d = {'a': 1} %}{% set _ = d.update({'b': 2}) %}{{ d }}", {}, "{'a': 1, 'b': 2}"),
    "update-of-a-value": ("{% set _ = d.update({'b': 2}) %}{{ d.b }}{{ d['a'] }}", {"d": {"a": 1}}, "21"),
    "update-in-a-loop": (
        "{% set d = {} %}{% for k, v in m.items() if k != 'b' %}{% set _ = d.update({k: v}) %}{% endfor %}{{ d }}",
        {"m": {"z": 1, "b": 2, "a": 3}},
        "{'z': 1, 'a': 3}",
    ),
    "update-by-name": ("{% set d = {} %}{% set _ = d.update(a=1) %}{{ d }}", {}, "{'a': 1}"),
    "fresh-literals": (
        "{% for i in range(2) %}{% set d = {} %}{% set _ = d.update({i: i}) %}{{ d }}{% endfor %}",
        {},
        "{0: 0}{1: 1}",
    ),
    "shared": ("{% set e = d %}{% set _ = e.update({'x': 1}) %}{{ d }}", {"d": {}}, "{'x': 1}"),
    "append": ("{% set l = [1] %}{% set _ = l.append([2]) %}{{ l }}{{ l|length }}", {}, "[1, [2]]2"),
    "pop": ("{{ l.pop() }}{{ l.pop(0) }}{{ l }}{{ d.pop('a') }}{{ d }}", {"l": [1, 2, 3], "d": {"a": 4}}, "31[2]4{}"),
    "setdefault": ("{{ d.setdefault('a', 1) }}{{ d.setdefault('a', 2) }}", {"d": {}}, "11"),
    "order": ("{% for k in d %}{{ k }}{% endfor %}", {"d": OrderedDict(b=1, a=2)}, "ba"),
    "items": ("{{ d.items()|list }}", {"d": {"b": 1}}, "[('b', 1)]"),
    "truth": ("{{ true }}{{ none }}{{ x }}{{ [true, none] }}", {}, "TrueNone[True, None]"),
    "floats": ("{{ 0.9 }} {{ 1e16 }} {{ x }} {{ 2.0 }}", {"x": 1e-07}, "0.9 1e+16 1e-07 2.0"),
    "undefined": ("[{{ x }}{{ x|default('d') }}{% for i in x %}{% endfor %}]", {}, "[d]"),
    "default-boolean": ("{{ ''|default('d', true) }}{{ ''|default('d') }}{{ ''|default('e', boolean=True) }}", {}, "de"),
    "int": ("{{ '12'|int }}{{ 'x'|int }}{{ '1.9'|int }}{{ none|int(7) }}{{ true|int }}", {}, "120171"),
    "float": ("{{ '1.5'|float }}{{ 'x'|float }}{{ 3|float }}", {}, "1.50.03.0"),
    "indent": ("{{ 'a\n\nb'|indent(2) }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a'|indent }}", {}, "a\n\n  b|  a\n  b|a"),
    "toyaml": ("{{ v|toyaml }}", {"v": {"b": ["x", {"c": None}], "a": "1"}}, "a: '1'\nb:\n- x\n- c: null"),
    "toyaml-literal": ("{{ v|toyaml }}", {"v": {"a": "x\ny\n"}}, "a: |\n  x\n  y"),
    "toyaml-nothing": ("[{{ {}|toyaml }}{{ none|toyaml }}{{ 'x: {'|toyaml }}]", {}, "[x: {]"),
    "toyaml-scalar": ("{{ 5|toyaml }}", {}, "5\n..."),
    "tojson": ("{{ v|tojson }}", {"v": {"b": [1, 1.0, None, "é\n"], "a": True}}, '{"b":[1,1.0,null,"\\u00e9\\n"],"a":true}'),
    "b64pad": ("{{ 'YQ'|b64pad }}{{ ''|b64pad }}{{ 'YWJj'|b64pad }}", {}, "YQ==YWJj"),
    "b64encode": ("{{ 'a'|b64encode }}", {}, "YQ=="),
    "label": (
        "{{ 'facebook/opt-125m'|model_id_label('llmdbench') }}",
        {},
        "facebook-16adac56-opt-125m",
    ),
    "macro": ("{% macro m(a, b=[]) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(2, b={}) }}", {}, "1[]2{}"),
    "methods": ("{{ 'a,b'.split(',') }}{{ 'x/'.rstrip('/') }}{{ 'aXb'.replace('X', '-') }}", {}, "['a', 'b']xa-b"),
    "concatenation": ("{{ 'a' ~ 1 ~ true ~ none ~ [1] }}", {}, "a1TrueNone[1]"),
    "loop": ("{% for i in [1, 2] %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{% endfor %}", {}, "1TrueFalse2FalseTrue"),
    "selectattr": ("{{ l|selectattr('n', 'equalto', 'a')|map(attribute='v')|join(',') }}", {"l": [{"n": "a", "v": 1}, {"n": "b", "v": 2}]}, "1"),
    "trimmed-blocks": ("{% if true %}\na\n{% endif %}\n  {% if true %}\nb\n  {% endif %}\nc\n", {}, "a\nb\nc"),
    "int-keys": ("{{ d[1] }}{{ d }}", {"d": {1: "a"}}, "a{1: 'a'}"),
    "big": ("{{ n }}", {"n": 2**100}, str(2**100)),
    "numpy": ("{{ n + 1 }} {{ f }} {{ a }}", {"n": numpy.int64(2), "f": numpy.float64(0.5), "a": numpy.array([1, 2])}, "3 0.5 [1, 2]"),
    "raw": ("{% raw %}{{ [] }}{% endraw %}{# {} #}", {}, "{{ [] }}"),
}


@pytest.mark.parametrize("name", CASES)
def test_templates_render_as_with_jinja2(name: str, environment: Environment) -> None:
    template, values, expected = CASES[name]
    assert environment.render_text(template, values) == expected


def test_a_change_does_not_reach_the_next_template_or_the_caller(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml.j2").write_text("{{ d }}{% set _ = d.update({'x': 1}) %}{{ d.inner.update({'y': 2}) }}")
    values: dict[str, Any] = {"d": {"inner": {}}}
    texts = render_tree(tmp_path, values)
    assert set(texts.values()) == {"{'inner': {}}None\n"}
    assert values == {"d": {"inner": {}}}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a\n{{ raise('no model') }}\n", 2, "no model"),
        ("a\n\n{% if %}", 3, "unexpected end of block"),
        ("{{ x.y.z }}", 1, "`x` is undefined"),
        ("\n{{ 1 + 'a' }}", 2, "tried to use + operator on unsupported types number and string"),
        ("\n{{ x|nofilter }}", 2, "filter nofilter is unknown"),
        ("\n\n{{ nofunction() }}", 3, "nofunction is unknown"),
        ("{{ 'a'.nomethod() }}", 1, "string has no method named nomethod"),
        ("{{ d.update({'a': d}) }}", 1, "a dict cannot hold itself"),
        ("{% set l = [] %}\n{{ l.append([l]) }}", 2, "a list cannot hold itself"),
        ("{{ {[]: 1} }}", 1, "unhashable type: 'list'"),
        ("{{ [].pop() }}", 1, "list index out of range"),
        ("{{ 5|indent }}", 1, "indent: a text is indented, not 'int'"),
        ("{{ {'a': 1}|toyaml(0, true) }}", 1, "`default_flow_style` is not supported"),
        ("{{ range(10**9) }}", 1, "range has too many elements"),
        ("{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}", 1, "recursion limit exceeded"),
        ("{% include 'nothing' %}", 1, "tried to include non-existing template 'nothing'"),
        ("{{ '" + "x" * 10 + "' * 10**12 }}", 1, "repeated string is too large"),
    ],
)
def test_errors_name_template_and_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    (tmp_path / "_macros.j2").write_text("{% macro one() %}\n1\n{% endmacro %}\n")
    (tmp_path / "a.yaml.j2").write_text(text)
    with pytest.raises(JinjaError) as caught:
        render_tree(tmp_path, {"d": {}})
    error = caught.value
    assert isinstance(error, chartpy.TemplateError)
    assert problem in error.message
    assert (error.diagnostics[0].file, error.diagnostics[0].line) == ("a.yaml.j2", line)
    assert error.code == "jinja"


def test_errors_in_the_prelude_name_it(tmp_path: Path) -> None:
    (tmp_path / "_macros.j2").write_text("{% macro one() %}\n{{ raise('here') }}\n{% endmacro %}\n")
    (tmp_path / "a.yaml.j2").write_text("\n{{ one() }}")
    with pytest.raises(JinjaError, match="_macros.j2:2: here"):
        render_tree(tmp_path, {})


def test_filters_and_globals_of_python(tmp_path: Path) -> None:
    def tagged(value: Any, *more: Any, **named: Any) -> Any:
        return [value, list(more), named]

    globals_ = {"site": {"b": 1, "a": 2}, "double": lambda number: number * 2}
    environment = Environment(tmp_path, filters={"tagged": tagged, "tojson": json.dumps}, globals=globals_)
    assert environment.render_text("{{ d|tagged(1, k=[2]) }}", {"d": {"x": None}}) == "[{'x': None}, [1], {'k': [2]}]"
    assert environment.render_text("{{ {'a': 1}|tojson }}", {}) == '{"a": 1}'
    assert environment.render_text("{{ double(4) }}{{ site }}", {}) == "8{'b': 1, 'a': 2}"


def test_a_filter_that_raises(tmp_path: Path) -> None:
    def broken(value: object) -> object:
        raise ZeroDivisionError("by nothing")

    (tmp_path / "a.yaml.j2").write_text("\n{{ 1|broken }}")
    environment = Environment(tmp_path, filters={"broken": broken})
    with pytest.raises(JinjaError, match="a.yaml.j2:2: filter `broken`: ZeroDivisionError: by nothing") as caught:
        environment.render({})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.diagnostics[0].line == 2

    def interrupted(value: object) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Environment(tmp_path, filters={"broken": interrupted}).render({})


def test_a_folder_that_changes_is_compiled_again(tmp_path: Path) -> None:
    template = tmp_path / "a.yaml.j2"
    template.write_text("one")
    assert render_tree(tmp_path, {}) == {"a.yaml": "one\n"}
    template.write_text("three")
    assert render_tree(tmp_path, {}) == {"a.yaml": "three\n"}
    (tmp_path / "b_yaml.j2").write_text("{% include 'a.yaml.j2' %}{% import '_p.j2' as p %}{{ p.m() }}")
    (tmp_path / "_p.j2").write_text("{% macro m() %}!{% endmacro %}")
    out = tmp_path / "out"
    assert render_tree(tmp_path, {}, out=out) == {"a.yaml": "three\n", "b_yaml.yaml": "three!\n"}
    assert (out / "b_yaml.yaml").read_text() == "three!\n"


def test_one_environment_serves_many_threads(tmp_path: Path) -> None:
    (tmp_path / "a.yaml.j2").write_text("{% set _ = d.update({'n': n}) %}{{ d }}")
    environment = Environment(tmp_path)
    assert environment.names == ["a.yaml"]
    shared: dict[str, Any] = {"d": {"k": 1}}
    results: dict[int, str] = {}

    def work(number: int) -> None:
        results[number] = environment.render_one("a.yaml", shared | {"n": number})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: f"{{'k': 1, 'n': {number}}}\n" for number in range(16)}


def test_long_chains_are_dropped_without_recursion(tmp_path: Path) -> None:
    template = (
        "{% set ns = namespace(d={}) %}{% for i in range(20000) %}{% set n = {} %}"
        "{% set _ = n.update({'next': ns.d}) %}{% set ns.d = n %}{% endfor %}done"
    )
    assert Environment(tmp_path).render_text(template, {}) == "done"
    deep = template.replace("done", "{{ ns.d }}")
    assert "{...}" in Environment(tmp_path).render_text(deep, {})
    with pytest.raises(JinjaError, match="nested more than 100 deep"):
        Environment(tmp_path).render_text(template.replace("done", "{{ ns.d|tojson }}"), {})
    same = template.replace("done", "{{ ns.d == ns.d.copy() }}")
    assert Environment(tmp_path).render_text(same, {}) == "True"


def test_what_is_missing_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Environment(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        Environment(tmp_path, prelude="nothing.j2")
    with pytest.raises(FileNotFoundError):
        Environment(tmp_path).render_one("nothing", {})
    for wrong in ({"filters": {"a": 1}}, {"filters": 3}, {"globals": [1]}):
        with pytest.raises(TypeError):
            Environment(tmp_path, **wrong)
