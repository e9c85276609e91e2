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
from chartpy.diff import Diff, diff
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
    SignatureError,
    TemplateError,
    UsageError,
    ValuesError,
    VersionError,
)
from chartpy.jobs import RenderJob
from chartpy.records import Diagnostic, Digests, Finding, Listing, Package, PackedFile, Verification

__all__ = [
    "Chart",
    "ChartError",
    "DependencyError",
    "Diagnostic",
    "Diff",
    "Digests",
    "Finding",
    "HelmfileError",
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
    "RenderJob",
    "Rendered",
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
    "listing",
    "load",
    "merge_values",
    "render_many",
    "verify",
]
