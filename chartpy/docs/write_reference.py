"""Writes `api.md` from the stubs and docstrings of the installed package; `--check` fails if it is out of date."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from pathlib import Path

MODULES = ["chartpy", "chartpy.jinja", "chartpy.helmfile", "chartpy.testing", "chartpy.aio"]
HERE = Path(__file__).parent
STUBS = HERE.parent / "python" / "chartpy" / "_chartpy.pyi"


def signatures() -> dict[str, str]:
    """The signatures of what is written in Rust, by name and `Class.name`."""
    found: dict[str, str] = {}
    for node in ast.parse(STUBS.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = written(node)
        elif isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    is_property = any(isinstance(it, ast.Name) and it.id == "property" for it in item.decorator_list)
                    returns = ast.unparse(item.returns) if item.returns else "None"
                    found[f"{node.name}.{item.name}"] = f"{item.name}: {returns}" if is_property else written(item)
    return found


def written(node: ast.FunctionDef) -> str:
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("self").removeprefix("cls, ")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({arguments}){returns}".replace("/, ", "").replace(", /", "")


def signature(item: object, name: str) -> str:
    try:
        return f"{name}{inspect.signature(item)}"  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return name


def text(item: object) -> str:
    """A docstring with its examples as code."""
    lines: list[str] = []
    inside = False
    for line in inspect.cleandoc(getattr(item, "__doc__", None) or "").splitlines():
        if line.startswith(">>>") and not inside:
            lines.append("```pycon")
            inside = True
        elif inside and not line.strip():
            lines.append("```")
            inside = False
        lines.append(line)
    if inside:
        lines.append("```")
    return "\n".join(lines).strip()


def members(kind: type, known: dict[str, str]) -> list[str]:
    parts: list[str] = []
    for name, member in sorted(vars(kind).items()):
        if name.startswith("_") or not getattr(member, "__doc__", None):
            continue
        if not (callable(member) or isinstance(member, property) or inspect.isdatadescriptor(member)):
            continue
        shown = known.get(f"{kind.__name__}.{name}") or (signature(member, name) if callable(member) else name)
        parts += [f"#### `{kind.__name__}.{name}`", f"```python\n{shown}\n```" if "(" in shown or ":" in shown else "", text(member)]
    return parts


def reference() -> str:
    known = signatures()
    parts = ["# The API, from its docstrings", "Written by `write_reference.py`; do not edit."]
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        parts += [f"## `{module_name}`", text(module)]
        for name in sorted(module.__all__):
            item = getattr(module, name)
            if name == "__version__" or not (inspect.isclass(item) or callable(item)):
                continue
            if module_name != "chartpy" and name in importlib.import_module("chartpy").__all__:
                continue
            parts.append(f"### `{name}`")
            if inspect.isclass(item):
                parts += [text(item), *members(item, known)]
            else:
                parts += [f"```python\n{known.get(name) or signature(item, name)}\n```", text(item)]
    return "\n\n".join(part for part in parts if part) + "\n"


def main() -> None:
    path = HERE / "api.md"
    made = reference()
    if "--check" in sys.argv:
        if path.read_text() != made:
            raise SystemExit(f"{path} is out of date: run {Path(__file__).name}")
    else:
        path.write_text(made)


if __name__ == "__main__":
    main()
