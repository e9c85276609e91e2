"""Plain records: what the library says about places, findings and packages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Diagnostic", "Finding", "Package"]


@dataclass(frozen=True)
class Diagnostic:
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
        fields = asdict(self)
        return fields | {"notes": list(self.notes), "hints": list(self.hints)}


@dataclass(frozen=True)
class Finding:
    """What the linter found."""

    severity: Literal["info", "warning", "error"]
    path: str
    message: str
    diagnostics: tuple[Diagnostic, ...] = ()

    def __str__(self) -> str:
        return f"[{self.severity.upper()}] {self.path}: {self.message}"


@dataclass(frozen=True)
class Package:
    """A packed chart on the disk; an `os.PathLike`."""

    path: str
    name: str
    version: str
    digest: str
    size: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", str(self.path))

    def __fspath__(self) -> str:
        return self.path
