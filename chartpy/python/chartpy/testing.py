"""Tests of charts with pytest: render, find, compare with a snapshot.

In `conftest.py`:

    from chartpy.testing import chart_folder, chart_snapshot, render_chart

and a test says

    def test_replicas(render_chart, chart_snapshot):
        rendered = render_chart(values={"replicas": 3})
        assert find(rendered, "Deployment", "web").object["spec"]["replicas"] == 3
        chart_snapshot(rendered)

`chart_folder` is the folder of the chart: the nearest above the test that has a Chart.yaml, unless overridden.
Snapshots lie beside the test in `__snapshots__`; `CHARTPY_UPDATE_SNAPSHOTS=1` writes them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chartpy._chartpy import Chart, Manifest, Rendered
from chartpy._chartpy import load as load_chart
from chartpy.diff import diff

if TYPE_CHECKING:
    import pytest

__all__ = [
    "ManifestNotFound",
    "assert_same",
    "assert_snapshot",
    "chart_folder",
    "chart_snapshot",
    "find",
    "find_all",
    "render_chart",
]

UPDATE = "CHARTPY_UPDATE_SNAPSHOTS"


class ManifestNotFound(AssertionError, LookupError):
    """There is no such object, or more than one."""


def find_all(
    rendered: Iterable[Manifest], kind: str | None = None, name: str | None = None, *, source: str | None = None
) -> list[Manifest]:
    """The documents of that kind, name and source; what is not given is not looked at.

    >>> import chartpy
    >>> from chartpy.testing import find_all
    >>> chart = chartpy.load({
    ...     "Chart.yaml": "apiVersion: v2\\nname: web\\nversion: 0.1.0\\n",
    ...     "templates/a.yaml": "kind: A\\nmetadata: {name: x}\\n---\\nkind: A\\nmetadata: {name: z}\\n",
    ... })
    >>> [found.name for found in find_all(chart.render("demo"), "A")]
    ['x', 'z']
    """
    return [
        document
        for document in rendered
        if kind in (None, document.kind)
        and name in (None, document.name)
        and (source is None or document.source == source or document.source.endswith(f"/{source}"))
    ]


def find(
    rendered: Iterable[Manifest], kind: str | None = None, name: str | None = None, *, source: str | None = None
) -> Manifest:
    """The one document of that kind, name and source.

    Raises `ManifestNotFound`, an `AssertionError` that says what there is.
    """
    documents = list(rendered)
    found = find_all(documents, kind, name, source=source)
    if len(found) == 1:
        return found[0]
    wanted = " ".join(part for part in (kind, name, source and f"from {source}") if part) or "document"
    there = ", ".join(f"{document.kind} {document.name}" for document in documents) or "nothing"
    count = f"{len(found)} of" if found else "no"
    raise ManifestNotFound(f"there is {count} {wanted} among {there}")


def assert_same(before: Rendered, after: Rendered) -> None:
    """Assert that two renders have the same objects; the failure is a diff."""
    changes = diff(before, after)
    assert not changes, f"{changes.summary()}\n{changes}"


def assert_snapshot(rendered: Rendered, path: str | os.PathLike[str]) -> None:
    """Assert that a render is what the file says; with `CHARTPY_UPDATE_SNAPSHOTS=1` the file is written."""
    file = Path(path)
    if os.environ.get(UPDATE) == "1":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(rendered))
        return
    assert file.exists(), f"there is no snapshot {file}; set {UPDATE}=1 to write it"
    expected = file.read_bytes()
    if bytes(rendered) == expected:
        return
    from difflib import unified_diff

    lines = unified_diff(
        expected.decode(errors="replace").splitlines(), rendered.text.splitlines(), str(file), "rendered", lineterm=""
    )
    text = "\n".join(lines)
    raise AssertionError(f"the render differs from its snapshot; set {UPDATE}=1 to accept it\n{text}")


class _RenderChart(Protocol):
    def __call__(self, release: str = ..., *, compat: str = ..., **options: Any) -> Rendered: ...


_LOADED: dict[tuple[object, ...], Chart] = {}


def _load(folder: Path, compat: str) -> Chart:
    """The chart as it is now; tests of one chart load it once."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    key = (folder, compat, *((path, path.stat().st_mtime_ns) for path in files))
    if key not in _LOADED:
        _LOADED[key] = load_chart(folder, compat=compat)  # type: ignore[arg-type]
    return _LOADED[key]


def _fixtures() -> tuple[Any, Any, Any]:
    import pytest

    @pytest.fixture
    def chart_folder(request: pytest.FixtureRequest) -> Path:
        """The folder of the chart under test."""
        for folder in (request.path.parent, *request.path.parents):
            if (folder / "Chart.yaml").exists():
                return folder
        raise ManifestNotFound(f"there is no Chart.yaml above {request.path}")

    @pytest.fixture
    def render_chart(chart_folder: Path) -> _RenderChart:
        """Renders the chart under test: `render_chart(release, **options of Chart.render)`."""

        def render(release: str = "test", *, compat: str = "helm4", **options: Any) -> Rendered:
            return _load(Path(chart_folder), compat).render(release, **options)

        return render

    @pytest.fixture
    def chart_snapshot(request: pytest.FixtureRequest) -> Callable[[Rendered], None]:
        """Compares a render with the test's snapshot; a second one of a test has its number in its name."""
        count = 0

        def check(rendered: Rendered, name: str | None = None) -> None:
            nonlocal count
            count += 1
            stem = name or request.node.name + (f"-{count}" if count > 1 else "")
            plain = "".join(letter if letter.isalnum() or letter in "-_.[]" else "-" for letter in stem)
            assert_snapshot(rendered, request.path.parent / "__snapshots__" / request.path.stem / f"{plain}.yaml")

        return check

    return chart_folder, render_chart, chart_snapshot


try:
    chart_folder, render_chart, chart_snapshot = _fixtures()
except ImportError:  # Without pytest there are no fixtures; finding and comparing need none.
    chart_folder = render_chart = chart_snapshot = None
