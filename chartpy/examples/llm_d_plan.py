"""The plan of llm-d-benchmark in one process: values to plan files to helmfile to manifests.

    python llm_d_plan.py FOLDER OUT [--workers N] [--compat helm3|helm4]

FOLDER holds `templates/`, `stacks/NAME/values.json` and `charts/`, as the stacks of the benchmark
unpack. Needs Python and chartpy: no helm, no helmfile, no helm-diff, nothing on PATH.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import chartpy
from chartpy import helmfile
from chartpy.jinja import Environment

# The helmfile of a stack, and under which names it finds its values.
HELMFILE = "10_helmfile-main.yaml"
VALUES = {"11_infra.yaml": "infra.yaml", "12_router-values.yaml": "router-values.yaml", "13_ms-values.yaml": "ms-values.yaml"}


def render_stack(
    name: str, values: dict[str, Any], templates: Environment, charts: dict[str, chartpy.Chart], out: Path
) -> dict[str, chartpy.Rendered]:
    """Write the plan of one stack and render those of its releases whose charts are at hand."""
    plan, helm = out / name, out / name / "helm"
    helm.mkdir(parents=True, exist_ok=True)
    texts = templates.render(values)
    for file, text in texts.items():
        (plan / file).write_text(text, encoding="utf-8")
    for file, known_as in VALUES.items():
        (helm / known_as).write_text(texts[file], encoding="utf-8")
    (helm / "helmfile.yaml").write_text(texts[HELMFILE], encoding="utf-8")

    releases = helmfile.load(helm / "helmfile.yaml")
    rendered: dict[str, chartpy.Rendered] = {}
    for release in releases.order():
        chart = charts.get(release.chart.rpartition("/")[2])
        if not release.installed or chart is None:
            continue
        # As the benchmark's own `--skip-schema-validation`.
        result = releases.render(release, charts={release.chart: chart}, kube_version="1.34.0", skip_schema=True)
        (helm / f"{release.name}.yaml").write_text(result.text, encoding="utf-8")
        rendered[release.name] = result
    return rendered


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--compat", choices=("helm3", "helm4"), default="helm4")
    options = parser.parse_args(arguments)

    templates = Environment(options.folder / "templates")
    charts = {path.name: chartpy.load(path, compat=options.compat) for path in sorted((options.folder / "charts").iterdir())}
    stacks = sorted(path.name for path in (options.folder / "stacks").iterdir())
    failed = 0

    def one(name: str) -> dict[str, chartpy.Rendered] | chartpy.ChartError:
        values = json.loads((options.folder / "stacks" / name / "values.json").read_text(encoding="utf-8"))
        try:
            return render_stack(name, values, templates, charts, options.out)
        except chartpy.ChartError as error:
            return error

    index: dict[str, Any] = {}
    with ThreadPoolExecutor(options.workers) as pool:
        for name, result in zip(stacks, pool.map(one, stacks), strict=True):
            if isinstance(result, chartpy.ChartError):
                failed += 1
                index[name] = {"error": result.to_dict()}
                print(f"{name}: {result}", file=sys.stderr)
            else:
                index[name] = {"releases": {release: done.provenance() for release, done in result.items()}}
    (options.out / "index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    count = sum(len(entry.get("releases", {})) for entry in index.values())
    print(f"{len(stacks)} stacks, {count} releases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
