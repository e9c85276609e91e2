"""Plain records: what the library says about places, findings and packages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Diagnostic", "Digests", "Finding", "Listing", "Package", "PackedFile", "Verification"]


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
    provenance: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", str(self.path))
        if self.provenance is not None:
            object.__setattr__(self, "provenance", str(self.provenance))

    def __fspath__(self) -> str:
        return self.path


@dataclass(frozen=True)
class PackedFile:
    """A file of an archive, or one that stays out of it; a folder's name ends in `/`."""

    name: str
    size: int


@dataclass(frozen=True)
class Listing:
    """What goes into an archive, and what does not."""

    name: str
    version: str
    files: tuple[PackedFile, ...]
    ignored: tuple[PackedFile, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", tuple(self.files))
        object.__setattr__(self, "ignored", tuple(self.ignored))

    @property
    def size(self) -> int:
        """The bytes of all files that go in."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class Digests:
    """Two digests: of what an archive holds, and of the archive."""

    content: str
    archive: str


@dataclass(frozen=True)
class Verification:
    """Who signed an archive; `str()` is what `helm verify` prints."""

    file_name: str
    digest: str
    fingerprint: str
    signed_by: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "signed_by", tuple(self.signed_by))

    def __str__(self) -> str:
        names = "".join(f"Signed by: {name}\n" for name in self.signed_by)
        return f"{names}Using Key With Fingerprint: {self.fingerprint}\nChart Hash Verified: {self.digest}\n"
