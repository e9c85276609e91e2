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
from chartpy.jobs import RenderJob
from chartpy.records import Diagnostic, Digests, Finding, Listing, Package, PackedFile, Verification
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
