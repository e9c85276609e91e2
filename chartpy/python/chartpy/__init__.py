"""Helm-compatible charts in Python, in process.

>>> import chartpy
>>> chart = chartpy.load({
...     "Chart.yaml": "apiVersion: v2\\nname: web\\nversion: 0.1.0\\n",
...     "values.yaml": "replicas: 1\\n",
...     "templates/web.yaml": "kind: Deployment\\nspec:\\n  replicas: {{ .Values.replicas }}\\n",
... })
>>> rendered = chart.render("demo", values={"replicas": 3})
>>> rendered.objects
[{'kind': 'Deployment', 'spec': {'replicas': 3}}]
"""

from typing import TYPE_CHECKING

from chartpy._chartpy import (
    Chart,
    Manifest,
    Rendered,
    __version__,
    digest,
    listing,
    load,
    merge_values,
    render_many,
    verify,
)
from chartpy.errors import (
    AlreadyExistsError,
    AuthError,
    ChartError,
    DependencyError,
    HelmfileError,
    IntegrityError,
    InternalError,
    JinjaError,
    LimitError,
    LoadError,
    ManifestError,
    MissingFileError,
    RemoteError,
    RepositoryError,
    SchemaError,
    SignatureError,
    TemplateError,
    UsageError,
    ValuesError,
    VersionError,
)
from chartpy.records import Diagnostic, Digests, Finding, Listing, Package, PackedFile, Verification

if TYPE_CHECKING:
    from chartpy.difference import Diff, diff
    from chartpy.jobs import RenderJob
    from chartpy.remote import Published, Resolved, fetch, publish, resolve_version

__all__ = [
    "AlreadyExistsError",
    "AuthError",
    "Chart",
    "ChartError",
    "DependencyError",
    "Diagnostic",
    "Diff",
    "Digests",
    "Finding",
    "HelmfileError",
    "IntegrityError",
    "InternalError",
    "JinjaError",
    "LimitError",
    "Listing",
    "LoadError",
    "Manifest",
    "ManifestError",
    "MissingFileError",
    "Package",
    "PackedFile",
    "Published",
    "RemoteError",
    "RenderJob",
    "Rendered",
    "RepositoryError",
    "Resolved",
    "SchemaError",
    "SignatureError",
    "TemplateError",
    "UsageError",
    "ValuesError",
    "Verification",
    "VersionError",
    "__version__",
    "diff",
    "digest",
    "fetch",
    "listing",
    "load",
    "merge_values",
    "publish",
    "render_many",
    "resolve_version",
    "verify",
]

# What is not needed to render is imported when it is first asked for.
_LATER = {
    "Diff": "difference",
    "Published": "remote",
    "RenderJob": "jobs",
    "Resolved": "remote",
    "diff": "difference",
    "fetch": "remote",
    "publish": "remote",
    "resolve_version": "remote",
}


def __getattr__(name: str) -> object:
    module = _LATER.get(name)
    if module is None:
        raise AttributeError(f"module 'chartpy' has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"chartpy.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
