"""How many times faster than what llm-d-benchmark does today: ratios of one run on one machine.

    python ratios.py FOLDER [--helm PATH] [--count N] [--renders N]

FOLDER holds the stacks of llm-d-benchmark, unpacked: `templates/`, `stacks/`, `charts/`. Compared, each only if it is there: `helm` 4.3.1 as a
subprocess, `helm-python-sdk` 0.2.2 in process, Jinja2 with PyYAML as the benchmark runs them. What would take minutes
is measured on a part and counted up. `--renders 100000` looks at the growth of memory.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import chartpy
from chartpy.jinja import Environment

OPTIONS: dict[str, Any] = {"release": "t", "kube_version": "1.34.0", "skip_schema": True}


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of some runs."""

    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return min(once() for _ in range(times))


def resident() -> int:
    """The memory this process has, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def told(code: str) -> list[float]:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


IMPORT = """
import time; start = time.perf_counter()
import {module}
taken = time.perf_counter() - start
line = next(line for line in open('/proc/self/status') if line.startswith('VmRSS'))
print(taken, line.split()[1])
"""
EMPTY = "line = next(line for line in open('/proc/self/status') if line.startswith('VmRSS')); print(0, line.split()[1])"


def value_sets(base: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield base | {"decode": base["decode"] | {"replicas": number % 9 + 1}, "sweep": {"number": number}}


def charts(folder: Path, helm: str | None, count: int) -> None:
    path = folder / "charts" / "llm-d-modelservice"
    values = sorted((folder / "stacks").glob("*/expected/13_ms-values.yaml"))
    base = next(value for value in (chartpy.merge_values(one) for one in values) if value.get("decode"))
    chart = chartpy.load(path)
    jobs: list[Any] = [{"chart": chart, "values": values} | OPTIONS for values in value_sets(base, count)]
    chartpy.render_many(jobs[:20], workers=1, fail_fast=True)

    one = best(lambda: chartpy.render_many(jobs, workers=1, fail_fast=True))
    many = best(lambda: chartpy.render_many(jobs, fail_fast=True))
    two = best(lambda: chartpy.render_many(jobs, workers=2, fail_fast=True))
    print(f"render_many, {count} sets: {one / count * 1e6:.0f} us each on one thread")
    print(f"two threads against one: {one / two:.2f} times")

    if helm is not None:
        part = 20
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch, "values.yaml")
            command = [helm, "template", "t", str(path), "-f", str(file), "--skip-schema-validation", "--kube-version", "1.34.0"]

            def run() -> None:
                for values in value_sets(base, part):
                    file.write_text(json.dumps(values))
                    subprocess.run(command, capture_output=True, check=True)

            taken = best(run, 2) / part * count
        print(f"against subprocess and helm: {taken / many:.0f} times ({taken:.1f} s, counted up from {part})")

    if importlib.util.find_spec("helm_python") is not None:
        import helm_python

        part = 100
        with helm_python.Chart.load(str(path)) as other:

            def sdk() -> None:
                for values in value_sets(base, part):
                    other.render(values, name="t", namespace="default")

            taken = best(sdk) / part * count
        print(f"against helm-python-sdk: {taken / one:.1f} times on one thread, {taken / many:.1f} on all cores")
        ours = [told(IMPORT.format(module="chartpy")) for _ in range(5)]
        theirs = [told(IMPORT.format(module="helm_python; helm_python.helm_c_version()")) for _ in range(5)]
        empty = min(told(EMPTY)[1] for _ in range(3))
        quick, slow = min(taken for taken, _ in ours), min(taken for taken, _ in theirs)
        small, large = min(size for _, size in ours) - empty, min(size for _, size in theirs) - empty
        print(f"import: {quick / slow:.2f} of its time ({quick * 1000:.1f} ms, {slow * 1000:.1f} ms)")
        print(f"memory after import: {small / large:.2f} of its own ({small:.0f} KiB, {large:.0f} KiB)")


def templates(folder: Path) -> None:
    values = {stack.name: json.loads((stack / "values.json").read_text()) for stack in sorted((folder / "stacks").iterdir())}

    def ours() -> None:
        environment = Environment(folder / "templates")
        for one in values.values():
            environment.render(one)

    taken = best(ours)
    print(f"jinja, {len(values)} stacks: {taken * 1000:.0f} ms, compiling included")
    if importlib.util.find_spec("jinja2") is None or importlib.util.find_spec("yaml") is None:
        return
    sys.path.insert(0, str(Path(__file__).parent))
    from jinja2_plan import render_stack

    part = list(values.values())[:2]
    theirs = best(lambda: [render_stack(folder / "templates", one) for one in part], 1) / len(part) * len(values)
    print(f"against Jinja2: {theirs / taken:.0f} times ({theirs:.0f} s, counted up from {len(part)} stacks)")


def growth(folder: Path, renders: int) -> None:
    chart = chartpy.load(folder / "charts" / "llm-d-modelservice")
    jobs: list[Any] = [{"chart": chart, "values": {"sweep": number}} | OPTIONS for number in range(500)]
    for _ in range(8):
        chartpy.render_many(jobs, fail_fast=True)
    before = resident()
    for _ in range(renders // len(jobs)):
        chartpy.render_many(jobs, fail_fast=True)
    after = resident()
    print(f"{renders} renders: resident memory {before} to {after} KiB, {(after - before) / before:+.2%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--helm")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--renders", type=int, default=0)
    given = parser.parse_args()
    charts(given.folder, given.helm, given.count)
    templates(given.folder)
    if given.renders:
        growth(given.folder, given.renders)


if __name__ == "__main__":
    main()
