"""The exceptions of the package: one family under `ChartError`.

Each also is what people already catch: `ValuesError` a `ValueError`, `MissingFileError` a `FileNotFoundError`,
`DependencyError` a `LookupError`.

>>> import chartpy
>>> try:
...     chartpy.load("no/such/chart")
... except FileNotFoundError as error:
...     print(error.code, isinstance(error, chartpy.ChartError))
not-found True
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import Any

from chartpy.records import Diagnostic

__all__ = [
    "AlreadyExistsError",
    "AuthError",
    "ChartError",
    "DependencyError",
    "HelmfileError",
    "IntegrityError",
    "InternalError",
    "JinjaError",
    "LimitError",
    "LoadError",
    "ManifestError",
    "MissingFileError",
    "RemoteError",
    "RepositoryError",
    "SchemaError",
    "SignatureError",
    "TemplateError",
    "UsageError",
    "ValuesError",
    "VersionError",
]


class ChartError(Exception):
    """Any error of the package.

    `message` is in Helm's words, `code` is stable, `diagnostics` say where and why. `str(error)` is the message with
    the source line drawn below it.

    >>> from chartpy import ChartError, Diagnostic
    >>> error = ChartError("no", "usage", (Diagnostic("no", file="a.yaml", line=1),))
    >>> error.to_dict()["diagnostics"][0]["file"]
    'a.yaml'
    """

    message: str
    code: str
    diagnostics: tuple[Diagnostic, ...]

    def __init__(
        self, message: str = "", code: str = "", diagnostics: Iterable[Diagnostic] = (), drawn: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.diagnostics = tuple(diagnostics)
        self._drawn = drawn

    def __str__(self) -> str:
        return f"{self.message}\n{self._drawn}" if self._drawn else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.code, self.diagnostics, self._drawn)

    def to_dict(self) -> dict[str, Any]:
        """The error as a dict that JSON can hold."""
        return {
            "type": type(self).__name__,
            "code": self.code,
            "message": self.message,
            "diagnostics": [diagnostic.to_dict() for diagnostic in self.diagnostics],
        }


class LoadError(ChartError):
    """A chart is malformed or cannot be read: metadata, layout, archive."""


class MissingFileError(LoadError, FileNotFoundError):
    """A file or folder does not exist."""

    def __init__(
        self, message: str = "", code: str = "", diagnostics: Iterable[Diagnostic] = (), drawn: str = ""
    ) -> None:
        super().__init__(message, code, diagnostics, drawn)
        self.errno = errno.ENOENT
        # Go's words are `open PATH: no such file or directory`.
        self.strerror = message.rpartition(": ")[2]


class ValuesError(ChartError, ValueError):
    """Values cannot be read, converted or merged."""


class SchemaError(ValuesError):
    """Values do not meet a `values.schema.json`."""


class TemplateError(ChartError):
    """A template does not parse, or fails while it runs."""


class JinjaError(TemplateError):
    """A Jinja template of a plan does not parse, or fails while it runs; `__cause__` is what a function raised."""


class HelmfileError(ChartError, ValueError):
    """A helmfile is malformed, or uses what is not supported: `unsupported_key` names it."""

    @property
    def unsupported_key(self) -> str | None:
        """The key that is not supported, by its path: `releases[0].hooks`."""
        for diagnostic in self.diagnostics:
            if diagnostic.code == "helmfile-key":
                return diagnostic.label
        return None


class ManifestError(ChartError):
    """A rendered document is not a Kubernetes manifest."""


class DependencyError(ChartError, LookupError):
    """A dependency is missing or cannot be resolved."""


class VersionError(ChartError, ValueError):
    """A version or a constraint is malformed."""


class SignatureError(ChartError):
    """A signature does not count, or a key or provenance file cannot be used."""


class LimitError(ChartError):
    """A limit was reached: depth, size or steps."""


class UsageError(ChartError, ValueError):
    """An argument does not make sense."""


class RemoteError(ChartError, ConnectionError):
    """A server cannot be reached, or does not answer as it should."""


class AuthError(RemoteError):
    """A server wants other credentials."""


class RepositoryError(ChartError, LookupError):
    """A repository's index is malformed, or does not have what is asked for."""


class AlreadyExistsError(ChartError, FileExistsError):
    """A version is published already, with other content."""


class IntegrityError(ChartError):
    """Bytes are not what their digest or length says."""


class InternalError(ChartError):
    """The library is broken; please report it."""
