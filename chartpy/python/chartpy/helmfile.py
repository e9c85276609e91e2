"""The part of helmfile that plans of releases use: load, select, order, render; no helmfile and no helm needed.

Known are `repositories` (`name`, `url`), `helmDefaults.createNamespace`, and `releases` (`name`, `namespace`, `chart`,
`version`, `installed`, `labels`, `needs`, `values`, `createNamespace`), in one or several documents. Any other key is
a `HelmfileError` that names it with its line: nothing is left out in silence.

>>> from chartpy import helmfile
>>> plan = helmfile.load(b'''
... releases:
...   - {name: web, chart: ./web, needs: [base]}
...   - {name: base, chart: ./base}
... ''')
>>> [release.name for release in plan.order()]
['base', 'web']
>>> plan.select("name=web").declares("base")
False
>>> try:
...     helmfile.load(b"releases: []\\nenvironments: {}\\n")
... except helmfile.HelmfileError as error:
...     print(error.unsupported_key, error.diagnostics[0].line)
environments 2
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from chartpy._chartpy import Chart, HelmfileReader, Rendered
from chartpy._chartpy import load as load_chart
from chartpy.errors import HelmfileError

__all__ = ["Charts", "Helmfile", "HelmfileError", "Release", "load"]


@dataclass(frozen=True)
class Release:
    """A release a helmfile declares."""

    name: str
    namespace: str | None
    chart: str
    version: str | None
    installed: bool
    labels: Mapping[str, str]
    needs: tuple[str, ...]
    values: tuple[Mapping[str, Any] | Path, ...]
    create_namespace: bool
    line: int
    repository: str | None
    """The URL of the repository `chart` names, if it names one."""


Charts: TypeAlias = (
    Mapping[str, Chart | str | os.PathLike[str]] | Callable[[Release], Chart | str | os.PathLike[str]] | None
)
"""Where charts come from: by `Release.chart`, or asked for each release. Without it paths are loaded and everything
else is fetched."""


class Helmfile:
    """A helmfile, all its documents as one. Immutable."""

    def __init__(self, reader: HelmfileReader) -> None:
        self._reader = reader
        self.releases: tuple[Release, ...] = tuple(
            Release(**fields | {"needs": tuple(fields["needs"]), "values": tuple(fields["values"])})
            for fields in reader.releases
        )

    @property
    def name(self) -> str:
        """Its path."""
        return self._reader.name

    @property
    def repositories(self) -> dict[str, str]:
        """The URLs of the repositories by name."""
        return self._reader.repositories

    def declares(self, name: str) -> bool:
        """Whether a release of that name is declared."""
        return any(release.name == name for release in self.releases)

    def select(self, selector: str) -> Helmfile:
        """The helmfile with only what a selector matches: `name=web`, `tier!=front`, joined by commas.

        Labels are matched, and `name`, `namespace` and `chart`, which every release has.
        """
        return Helmfile(self._reader.select(selector))

    def order(self) -> list[Release]:
        """The releases in the order they are to be installed: what others need first."""
        return [self.releases[place] for place in self._reader.order()]

    def chart(self, release: Release | str, *, charts: Charts = None, compat: str = "helm4") -> Chart:
        """The chart of a release."""
        release = self._find(release)
        source: Any
        if callable(charts):
            source = charts(release)
        elif charts is not None and release.chart in charts:
            source = charts[release.chart]
        elif charts is not None or release.repository or release.chart.startswith("oci://"):
            source = self._fetched(release, charts, compat)
        else:
            source = Path(self._reader.folder, release.chart)
        return source if isinstance(source, Chart) else load_chart(source, compat=compat)  # type: ignore[arg-type]

    def render(
        self, release: Release | str, *, charts: Charts = None, compat: str = "helm4", **options: Any
    ) -> Rendered:
        """Render one release with its values, as `helmfile template` does.

        `options` are those of `Chart.render`.
        """
        release = self._find(release)
        chart = self.chart(release, charts=charts, compat=compat)
        options.setdefault("namespace", release.namespace or "default")
        return chart.render(release.name, values=release.values, **options)

    def render_all(self, *, charts: Charts = None, compat: str = "helm4", **options: Any) -> dict[str, Rendered]:
        """Render every release that is to be installed, in order; by name."""
        return {
            release.name: self.render(release, charts=charts, compat=compat, **options)
            for release in self.order()
            if release.installed
        }

    def _find(self, release: Release | str) -> Release:
        if isinstance(release, Release):
            return release
        for candidate in self.releases:
            if candidate.name == release:
                return candidate
        raise HelmfileError(f"{self.name}: there is no release `{release}`", "helmfile-release")

    def _fetched(self, release: Release, charts: Charts, compat: str) -> Chart:
        from chartpy import remote

        if charts is not None:
            problem = f"{self.name}:{release.line}: there is no chart for `{release.chart}` among those given"
            raise HelmfileError(problem, "helmfile-chart")
        reference = release.chart
        if release.repository:
            reference = reference.partition("/")[2]
        return remote.fetch(reference, release.version, repo=release.repository, compat=compat)

    def __repr__(self) -> str:
        return f"Helmfile({self.name!r}, releases={len(self.releases)})"


def load(source: str | os.PathLike[str] | bytes, *, folder: str | os.PathLike[str] | None = None) -> Helmfile:
    """Load a helmfile from a path, or from bytes whose files are in `folder`."""
    return Helmfile(HelmfileReader(source, folder=folder))
