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

from chartpy._chartpy import Chart, Manifest, Rendered, __version__, load, merge_values, render_many
from chartpy.errors import (
    ChartError,
    DependencyError,
    HelmfileError,
    InternalError,
    JinjaError,
    LimitError,
    LoadError,
    ManifestError,
    MissingFileError,
    SchemaError,
    TemplateError,
    UsageError,
    ValuesError,
    VersionError,
)
from chartpy.jobs import RenderJob
from chartpy.records import Diagnostic, Finding, Package

__all__ = [
    "Chart",
    "ChartError",
    "DependencyError",
    "Diagnostic",
    "Finding",
    "HelmfileError",
    "InternalError",
    "JinjaError",
    "LimitError",
    "LoadError",
    "Manifest",
    "ManifestError",
    "MissingFileError",
    "Package",
    "RenderJob",
    "Rendered",
    "SchemaError",
    "TemplateError",
    "UsageError",
    "ValuesError",
    "VersionError",
    "__version__",
    "load",
    "merge_values",
    "render_many",
]
