"""The type of a job for `render_many`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Required, TypedDict

if TYPE_CHECKING:
    from chartpy._chartpy import Chart

__all__ = ["RenderJob"]


class RenderJob(TypedDict, total=False):
    """One render: a chart, a release, and whatever else `Chart.render` takes.

    >>> from chartpy import RenderJob
    >>> job: RenderJob = {"chart": "charts/web", "release": "demo", "values": {"replicas": 3}}
    """

    chart: Required[Chart | str | os.PathLike[str]]
    release: Required[str]
    namespace: str
    values: Mapping[str, Any] | os.PathLike[str] | Sequence[Mapping[str, Any] | os.PathLike[str]] | None
    values_files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None
    set: str | Sequence[str] | None
    set_string: str | Sequence[str] | None
    set_json: str | Sequence[str] | None
    set_file: str | Sequence[str] | None
    set_literal: str | Sequence[str] | None
    kube_version: str | None
    api_versions: str | Sequence[str] | None
    show_only: str | Sequence[str] | None
    is_upgrade: bool
    revision: int
    include_crds: bool
    hooks: bool
    tests: bool
    skip_schema: bool
    strict: bool
    enable_dns: bool
    seed: str | None
    now: int | None
