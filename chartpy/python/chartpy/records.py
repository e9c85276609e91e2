"""Plain records: what the library says about places, findings and packages.

They are named tuples: `dataclasses` alone takes longer to import than the rest of the package.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

__all__ = ["Diagnostic", "Finding", "Package"]


class Diagnostic(NamedTuple):
    """One problem, located.

    >>> from chartpy import Diagnostic
    >>> Diagnostic("`.Values.image` is null", file="web/templates/cm.yaml", line=6).line
    6
    """

    message: str
    code: str = ""
    severity: Literal["info", "warning", "error"] = "error"
    file: str | None = None
    line: int | None = None
    column: int | None = None
    text: str | None = None
    label: str | None = None
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields as a dict that JSON can hold."""
        return self._asdict() | {"notes": list(self.notes), "hints": list(self.hints)}


class Finding(NamedTuple):
    """What the linter found."""

    severity: Literal["info", "warning", "error"]
    path: str
    message: str
    diagnostics: tuple[Diagnostic, ...] = ()

    def __str__(self) -> str:
        return f"[{self.severity.upper()}] {self.path}: {self.message}"


class Package(NamedTuple):
    """A packed chart on the disk; an `os.PathLike`."""

    path: str
    name: str
    version: str
    digest: str
    size: int

    def __fspath__(self) -> str:
        return self.path
