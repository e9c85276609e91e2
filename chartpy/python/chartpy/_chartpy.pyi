import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, final

from chartpy.errors import ChartError
from chartpy.jobs import RenderJob
from chartpy.records import Diagnostic, Digests, Finding, Listing, Package, Verification

__all__ = [
    "Chart",
    "load",
    "_restore_chart",
    "HelmfileReader",
    "Environment",
    "render_tree",
    "render_many",
    "merge_values",
    "digest",
    "listing",
    "verify",
    "_fetch",
    "_publish",
    "_resolve_version",
    "Manifest",
    "Rendered",
    "_restore_rendered",
    "__version__",
]

_Path: TypeAlias = str | os.PathLike[str]
_Paths: TypeAlias = _Path | Sequence[_Path] | None
_Texts: TypeAlias = str | Sequence[str] | None
_Values: TypeAlias = Mapping[str, Any] | os.PathLike[str] | Sequence[Mapping[str, Any] | os.PathLike[str]] | None
_Compat: TypeAlias = Literal["helm3", "helm4"]

__version__: str

def load(
    source: _Path | bytes | Mapping[str, str | bytes], *, compat: _Compat = "helm4", follow_symlinks: bool = False
) -> Chart: ...
def merge_values(
    *sources: Mapping[str, Any] | _Path,
    set: _Texts = None,
    set_string: _Texts = None,
    set_json: _Texts = None,
    set_file: _Texts = None,
    set_literal: _Texts = None,
    compat: _Compat = "helm4",
) -> dict[str, Any]: ...
def render_many(
    jobs: Iterable[RenderJob], *, workers: int | None = None, fail_fast: bool = False, compat: _Compat = "helm4"
) -> list[Rendered | ChartError]: ...
def verify(path: _Path, *, keyring: _Path, compat: _Compat = "helm4", now: int | None = None) -> Verification: ...
def digest(path: _Path, *, epoch: int | None = None, compat: _Compat = "helm4") -> Digests: ...
def listing(
    path: _Path,
    *,
    version: str | None = None,
    app_version: str | None = None,
    compat: _Compat = "helm4",
    follow_symlinks: bool = False,
) -> Listing: ...
def render_tree(
    folder: _Path,
    values: Mapping[str, Any],
    *,
    prelude: str | None = "_macros.j2",
    filters: Mapping[str, Callable[..., Any]] | None = None,
    globals: Mapping[str, Any] | None = None,
    out: _Path | None = None,
) -> dict[str, str]: ...
@final
class HelmfileReader:
    def __new__(cls, source: _Path | bytes, *, name: str = "helmfile.yaml", folder: _Path | None = None) -> HelmfileReader: ...
    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> str: ...
    @property
    def repositories(self) -> dict[str, str]: ...
    @property
    def releases(self) -> list[dict[str, Any]]: ...
    def select(self, selector: str) -> HelmfileReader: ...
    def order(self) -> list[int]: ...

@final
class Environment:
    def __new__(
        cls,
        folder: _Path,
        *,
        prelude: str | None = "_macros.j2",
        filters: Mapping[str, Callable[..., Any]] | None = None,
        globals: Mapping[str, Any] | None = None,
    ) -> Environment: ...
    @property
    def names(self) -> list[str]: ...
    def render(self, values: Mapping[str, Any]) -> dict[str, str]: ...
    def render_one(self, name: str, values: Mapping[str, Any]) -> str: ...
    def render_text(self, text: str, values: Mapping[str, Any], *, name: str = "<text>") -> str: ...

@final
class Chart:
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def app_version(self) -> str: ...
    @property
    def digest(self) -> str: ...
    def with_metadata(
        self, *, name: str | None = None, version: str | None = None, app_version: str | None = None
    ) -> Chart: ...
    @property
    def compat(self) -> _Compat: ...
    @property
    def metadata(self) -> dict[str, Any]: ...
    @property
    def values(self) -> dict[str, Any]: ...
    @property
    def schema(self) -> Any: ...
    @property
    def files(self) -> dict[str, bytes]: ...
    @property
    def dependencies(self) -> list[Chart]: ...
    @property
    def crds(self) -> dict[str, str]: ...
    @property
    def readme(self) -> str | None: ...
    @property
    def warnings(self) -> tuple[Diagnostic, ...]: ...
    def render(
        self,
        release: str,
        *,
        namespace: str = "default",
        values: _Values = None,
        values_files: _Paths = None,
        set: _Texts = None,
        set_string: _Texts = None,
        set_json: _Texts = None,
        set_file: _Texts = None,
        set_literal: _Texts = None,
        kube_version: str | None = None,
        api_versions: _Texts = None,
        show_only: _Texts = None,
        is_upgrade: bool = False,
        revision: int = 1,
        include_crds: bool = False,
        hooks: bool = True,
        tests: bool = True,
        skip_schema: bool = False,
        strict: bool = False,
        enable_dns: bool = False,
        seed: str | None = None,
        now: int | None = None,
    ) -> Rendered: ...
    def lint(
        self,
        *,
        namespace: str = "default",
        values: _Values = None,
        values_files: _Paths = None,
        set: _Texts = None,
        set_string: _Texts = None,
        set_json: _Texts = None,
        set_file: _Texts = None,
        set_literal: _Texts = None,
        kube_version: str | None = None,
        skip_schema: bool = False,
    ) -> list[Finding]: ...
    def package(
        self,
        destination: _Path,
        *,
        version: str | None = None,
        app_version: str | None = None,
        epoch: int | None = None,
        key: str | None = None,
        keyring: _Path | None = None,
        passphrase: str | bytes | None = None,
    ) -> Package: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Rendered:
    @property
    def release(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def documents(self) -> list[Manifest]: ...
    @property
    def objects(self) -> list[Any]: ...
    @property
    def hooks(self) -> list[Manifest]: ...
    @property
    def crds(self) -> list[Manifest]: ...
    @property
    def notes(self) -> str: ...
    @property
    def values(self) -> dict[str, Any]: ...
    @property
    def warnings(self) -> tuple[Diagnostic, ...]: ...
    @property
    def images(self) -> list[str]: ...
    @property
    def digest(self) -> str: ...
    def provenance(self) -> dict[str, str]: ...
    def _repr_html_(self) -> str: ...
    def __bytes__(self, /) -> bytes: ...
    def __len__(self, /) -> int: ...
    def __iter__(self, /) -> Iterator[Manifest]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Manifest:
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def api_version(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def object(self) -> Any: ...
    @property
    def hook_events(self) -> tuple[str, ...]: ...
    @property
    def hook_weight(self) -> int: ...

def _restore_chart(compat: str, files: Sequence[tuple[str, bytes]]) -> Chart: ...
def _restore_rendered(
    compat: str,
    names: tuple[str, str, str],
    files: Sequence[tuple[str, bytes]],
    crds: Sequence[tuple[str, bytes]],
    notes: bytes,
    values: object,
    warnings: tuple[Diagnostic, ...],
    print: tuple[bool, bool, bool],
    origin: tuple[str, str, str, str],
    shown: bytes | None,
) -> Rendered: ...
def _fetch(
    reference: str,
    version: str,
    repository: str,
    digest: str | None,
    cache: _Path,
    connection: Mapping[str, Any],
    compat: str,
) -> Chart: ...
def _resolve_version(
    reference: str, version: str, repository: str, cache: _Path, connection: Mapping[str, Any], compat: str
) -> tuple[str, str, str, str, str, str]: ...
def _publish(
    folders: Sequence[_Path],
    target: str,
    strategy: str,
    version: str | None,
    app_version: str | None,
    images: Sequence[tuple[str, str]],
    on_exists: str,
    allow_dirty: bool,
    dry_run: bool,
    epoch: int | None,
    connection: Mapping[str, Any],
    compat: str,
) -> list[dict[str, Any]]: ...
