"""The long calls for asyncio: each runs in a thread of the loop's executor.

A render releases the GIL, so the loop goes on and several calls run at once. Cancelling the task leaves the thread to
finish on its own.

>>> import asyncio, chartpy, chartpy.aio
>>> chart = chartpy.load({"Chart.yaml": "apiVersion: v2\\nname: web\\nversion: 0.1.0\\n"})
>>> async def main():
...     return await asyncio.gather(*(chartpy.aio.render(chart, name) for name in ("one", "two")))
>>> [rendered.release for rendered in asyncio.run(main())]
['one', 'two']
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from typing import Any

import chartpy
from chartpy._chartpy import Chart, Rendered
from chartpy.errors import ChartError
from chartpy.jobs import RenderJob
from chartpy.records import Finding, Package

__all__ = ["lint", "load", "package", "render", "render_many", "render_tree"]


async def load(source: str | os.PathLike[str] | bytes | Mapping[str, str | bytes], **options: Any) -> Chart:
    """Load a chart; see `chartpy.load`."""
    return await asyncio.to_thread(chartpy.load, source, **options)


async def render(chart: Chart, release: str, **options: Any) -> Rendered:
    """Render a chart; see `Chart.render`."""
    return await asyncio.to_thread(chart.render, release, **options)


async def render_many(jobs: Iterable[RenderJob], **options: Any) -> list[Rendered | ChartError]:
    """Render many jobs; see `chartpy.render_many`."""
    return await asyncio.to_thread(chartpy.render_many, jobs, **options)


async def lint(chart: Chart, **options: Any) -> list[Finding]:
    """Check a chart; see `Chart.lint`."""
    return await asyncio.to_thread(chart.lint, **options)


async def package(chart: Chart, destination: str | os.PathLike[str], **options: Any) -> Package:
    """Pack a chart; see `Chart.package`."""
    return await asyncio.to_thread(chart.package, destination, **options)


async def render_tree(folder: str | os.PathLike[str], values: Mapping[str, Any], **options: Any) -> dict[str, str]:
    """Render a folder of Jinja templates; see `chartpy.jinja.render_tree`."""
    from chartpy.jinja import render_tree

    return await asyncio.to_thread(render_tree, folder, values, **options)
