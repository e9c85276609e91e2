"""Charts from registries (`oci://`) and repositories, and into registries.

Nothing of the user's is read or written: no `repositories.yaml`, no cache unless one is given, no credentials but
those of the call. Proxies are Python's own (`urllib.request.getproxies`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from chartpy._chartpy import Chart, _fetch, _publish, _resolve_version

__all__ = ["Auth", "Published", "Resolved", "fetch", "publish", "resolve_version"]

_Path: TypeAlias = str | os.PathLike[str]
Auth: TypeAlias = tuple[str, str] | os.PathLike[str] | None
"""A user and a password, or the path of a `config.json` as Docker and Helm write it."""


@dataclass(frozen=True)
class Resolved:
    """A version of a chart, and where it is."""

    name: str
    version: str
    app_version: str
    url: str
    digest: str
    created: str


@dataclass(frozen=True)
class Published:
    """A published chart."""

    status: str
    name: str
    version: str
    app_version: str
    reference: str
    tag: str
    manifest_digest: str
    chart_digest: str
    commit: str | None
    images: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The fields as a dict that JSON can hold."""
        return asdict(self) | {"images": list(self.images)}


def fetch(
    reference: str,
    version: str | None = None,
    *,
    repo: str | None = None,
    digest: str | None = None,
    cache: _Path | None = None,
    auth: Auth = None,
    devel: bool = False,
    plain_http: bool = False,
    insecure: bool = False,
    ca_file: _Path | None = None,
    compat: Literal["helm3", "helm4"] | str = "helm4",
) -> Chart:
    """Fetch a chart: `oci://...`, the URL of an archive, or a name with the URL of its repository as `repo`.

    `version` is a version or a constraint; without it the newest stable one, with `devel` also a pre-release. `digest`
    is what the archive must have. What is fetched is kept in the folder `cache`, if there is one.

    Raises `RemoteError`, `AuthError`, `RepositoryError`, `VersionError`, `IntegrityError`, `LoadError`.
    """
    with _folder(cache) as folder:
        connection = _connection(auth, plain_http, insecure, ca_file)
        wanted = _version(version, devel)
        return _fetch(reference, wanted, repo or "", digest, folder, connection, compat)


def resolve_version(
    reference: str,
    constraint: str | None = None,
    *,
    repo: _Path | None = None,
    devel: bool = False,
    cache: _Path | None = None,
    auth: Auth = None,
    plain_http: bool = False,
    insecure: bool = False,
    ca_file: _Path | None = None,
    compat: Literal["helm3", "helm4"] | str = "helm4",
) -> Resolved:
    """Find the newest version of a chart that meets a constraint, as Helm chooses it.

    `reference` is `oci://...`, or a name with `repo`: the URL of a repository, or the path of an index.yaml.

    >>> import pathlib, tempfile, chartpy
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     index = pathlib.Path(folder, "index.yaml")
    ...     _ = index.write_text('''apiVersion: v1
    ... entries:
    ...   web:
    ...   - {name: web, version: 1.2.0, urls: [web-1.2.0.tgz]}
    ...   - {name: web, version: 1.3.0-rc.1, urls: [web-1.3.0-rc.1.tgz]}
    ...   - {name: web, version: 1.1.0, urls: [web-1.1.0.tgz]}
    ... ''')
    ...     newest = chartpy.resolve_version("web", repo=index).version
    ...     coming = chartpy.resolve_version("web", repo=index, devel=True).version
    ...     newest, coming, chartpy.resolve_version("web", "~1.1", repo=index).url
    ('1.2.0', '1.3.0-rc.1', 'web-1.1.0.tgz')
    """
    with _folder(cache) as folder:
        connection = _connection(auth, plain_http, insecure, ca_file)
        repository = os.fspath(repo) if repo is not None else ""
        return Resolved(
            *_resolve_version(reference, _version(constraint, devel), repository, folder, connection, compat)
        )


def publish(
    folders: _Path | Sequence[_Path],
    target: str,
    *,
    strategy: Literal["base", "git-hash", "tag", "describe"] = "base",
    version: str | None = None,
    app_version: str | None = None,
    images: Mapping[str, str] | None = None,
    on_exists: Literal["fail", "skip", "verify"] = "fail",
    allow_dirty: bool = False,
    dry_run: bool = False,
    epoch: int | None = None,
    auth: Auth = None,
    plain_http: bool = False,
    insecure: bool = False,
    ca_file: _Path | None = None,
    compat: Literal["helm3", "helm4"] | str = "helm4",
) -> list[Published]:
    """Publish the charts in `folders` below `target` (`oci://host/path`), from the commit they are in.

    The version is that of Chart.yaml, made by `strategy`, or `version`. `images` sets images in values.yaml before
    packing. All charts are checked, and looked for in the registry, before the first is pushed.

    Raises `AlreadyExistsError` where a version is there with other content, and as `fetch`.
    """
    given = [folders] if isinstance(folders, (str, os.PathLike)) else list(folders)
    done = _publish(
        given,
        target,
        strategy,
        version,
        app_version,
        list((images or {}).items()),
        on_exists,
        allow_dirty,
        dry_run,
        epoch,
        _connection(auth, plain_http, insecure, ca_file),
        compat,
    )
    return [Published(**record | {"images": tuple(record["images"])}) for record in done]


def _version(version: str | None, devel: bool) -> str:
    if version:
        return version
    return ">0.0.0-0" if devel else ""


@contextmanager
def _folder(cache: _Path | None) -> Iterator[_Path]:
    if cache is not None:
        yield cache
        return
    # Imported here: it takes longer than everything else of the package.
    import tempfile

    with tempfile.TemporaryDirectory(prefix="chartpy-") as folder:
        yield folder


def _connection(auth: Auth, plain_http: bool, insecure: bool, ca_file: _Path | None) -> dict[str, Any]:
    from urllib.request import getproxies

    proxies = getproxies()
    user, password, config = None, None, None
    if isinstance(auth, tuple):
        user, password = auth
    elif auth is not None:
        config = os.fspath(auth)
    return {
        "user": user,
        "password": password,
        "config": config,
        "plain_http": plain_http,
        "insecure": insecure,
        "ca_file": ca_file,
        "http_proxy": proxies.get("http", ""),
        "https_proxy": proxies.get("https", ""),
        "no_proxy": proxies.get("no", ""),
    }
