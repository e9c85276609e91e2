"""Plan templates through Jinja2 and PyYAML as llm-d-benchmark runs them: every template with the macros in front,
compiled anew for each stack."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import jinja2
import yaml


class Dumper(yaml.Dumper):
    """PyYAML's, with literal blocks for texts of several lines."""


def represent_text(dumper: yaml.Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, represent_text)


def indent(text: str, width: int = 4, first: bool = False) -> str:
    if not text:
        return text
    lines = [" " * width + line if line else "" for line in text.split("\n")]
    return "\n".join(lines if first else [text.split("\n")[0], *lines[1:]])


def to_yaml(value: Any, width: int = 0, flow: bool = False) -> str:
    if value is None or (isinstance(value, (dict, list)) and not value):
        return ""
    if isinstance(value, str):
        return value
    text: str = yaml.dump(value, Dumper=Dumper, default_flow_style=flow, allow_unicode=True).rstrip()
    return indent(text, width, True) if width else text


def model_id_label(model: str, namespace: str = "") -> str:
    if not model:
        return model
    name = model.replace("/", "-").replace(".", "-")
    digest = hashlib.sha256((f"{namespace}/{name}" if namespace else name).encode()).hexdigest()
    return f"{name[:8]}-{digest[:8]}-{name[-8:]}".lower()


def fail(message: str) -> None:
    raise ValueError(message)


def render_stack(folder: Path, values: dict[str, Any]) -> dict[str, str]:
    """The plan files of one stack."""
    environment = jinja2.Environment(autoescape=False, trim_blocks=True, lstrip_blocks=True, cache_size=0)
    environment.filters |= {
        "indent": indent,
        "toyaml": to_yaml,
        "tojson": lambda value: json.dumps(value, separators=(",", ":")),
        "b64pad": lambda text: text.strip() + "=" * (-len(text.strip()) % 4),
        "b64encode": lambda text: base64.b64encode(text.encode()).decode(),
        "model_id_label": model_id_label,
    }
    environment.globals["raise"] = fail
    macros = (folder / "_macros.j2").read_text()
    texts = {}
    for path in sorted(folder.glob("[!_]*.j2")):
        template = environment.from_string(f"{macros}\n{path.read_text()}")
        texts[path.name] = template.render(**values).strip() + "\n"
    return texts
