"""What differs between two renders, object by object."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from chartpy._chartpy import Manifest, Rendered

__all__ = ["Change", "Diff", "ObjectKey", "diff"]


class ObjectKey(NamedTuple):
    """What an object is known by in a cluster."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"


@dataclass(frozen=True)
class Change:
    """One object that was added, removed or changed."""

    key: ObjectKey
    before: str | None
    after: str | None

    @property
    def action(self) -> str:
        """`added`, `removed` or `changed`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    def text(self, context: int = 3) -> str:
        """The change as a unified diff."""
        before = [] if self.before is None else self.before.splitlines()
        after = [] if self.after is None else self.after.splitlines()
        lines = difflib.unified_diff(before, after, f"a/{self.key}", f"b/{self.key}", lineterm="", n=context)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Diff:
    """The changes between two renders, in the order of the second one; false when there are none."""

    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def of(self, action: str) -> tuple[Change, ...]:
        """The changes of one kind: `added`, `removed` or `changed`."""
        return tuple(change for change in self.changes if change.action == action)

    @property
    def added(self) -> tuple[ObjectKey, ...]:
        """Objects only the second render has."""
        return tuple(change.key for change in self.of("added"))

    @property
    def removed(self) -> tuple[ObjectKey, ...]:
        """Objects only the first render has."""
        return tuple(change.key for change in self.of("removed"))

    @property
    def changed(self) -> tuple[ObjectKey, ...]:
        """Objects both have, with other texts."""
        return tuple(change.key for change in self.of("changed"))

    def summary(self) -> str:
        """One line: `1 added, 0 removed, 2 changed`."""
        return f"{len(self.added)} added, {len(self.removed)} removed, {len(self.changed)} changed"

    def text(self, context: int = 3) -> str:
        """All changes as a unified diff."""
        return "".join(change.text(context) for change in self.changes)

    def __str__(self) -> str:
        return self.text()


def diff(before: Rendered, after: Rendered) -> Diff:
    """Compare two renders object by object; the order of documents and where they come from do not matter.

    >>> import chartpy
    >>> chart = chartpy.load({
    ...     "Chart.yaml": "apiVersion: v2\\nname: web\\nversion: 0.1.0\\n",
    ...     "templates/cm.yaml": "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: web}\\ndata: {a: {{ .Values.a }}}\\n",
    ... })
    >>> changes = chartpy.diff(chart.render("demo", values={"a": 1}), chart.render("demo", values={"a": 2}))
    >>> changes.summary(), str(changes.changed[0])
    ('0 added, 0 removed, 1 changed', 'ConfigMap web')
    """
    old, new = _by_key(before), _by_key(after)
    keys = [*new, *(key for key in old if key not in new)]
    changes = (Change(key, old.get(key), new.get(key)) for key in keys)
    return Diff(tuple(change for change in changes if change.before != change.after))


def _by_key(documents: Iterable[Manifest]) -> dict[ObjectKey, str]:
    texts: dict[ObjectKey, str] = {}
    for document in documents:
        if not document.kind and document.object is None:
            continue
        key = ObjectKey(document.api_version, document.kind, document.namespace, document.name)
        text = document.text.strip("\n") + "\n"
        # Two objects of one name are one to a cluster; their texts are kept together.
        texts[key] = f"{texts[key]}---\n{text}" if key in texts else text
    return texts
