"""A sweep on a Dask cluster: the chart is sent once, batches of value sets are the tasks.

    python dask_sweep.py CHART [--count N] [--processes N] [--batch N]

Prints one digest over all renders, which is the same for every number of processes.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from typing import Any

import chartpy


def value_sets(count: int) -> list[dict[str, Any]]:
    """The sets of the sweep."""
    return [{"replicas": number % 7 + 1, "sweep": {"number": number}} for number in range(count)]


def render_batch(chart: chartpy.Chart, batch: Sequence[dict[str, Any]], options: dict[str, Any]) -> list[bytes]:
    """Render one batch; runs in a process of the cluster. Only bytes go back."""
    jobs: list[Any] = [{"chart": chart, "release": "sweep", "values": values} | options for values in batch]
    return [bytes(rendered) for rendered in chartpy.render_many(jobs, workers=1, fail_fast=True)]  # type: ignore[arg-type]


def render_all(
    client: Any, chart: chartpy.Chart, sets: Sequence[dict[str, Any]], size: int, options: dict[str, Any]
) -> list[bytes]:
    """Render all sets on the cluster, in order."""
    shared = client.scatter(chart, broadcast=True, hash=False)
    batches = [sets[start : start + size] for start in range(0, len(sets), size)]
    futures = [client.submit(render_batch, shared, batch, options, pure=False) for batch in batches]
    return [text for texts in client.gather(futures) for text in texts]


def main() -> None:
    from dask import distributed

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chart")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch", type=int, default=50)
    given = parser.parse_args()
    chart = chartpy.load(given.chart)
    options = {"skip_schema": True, "kube_version": "1.34.0"}
    system: Any = distributed
    cluster = system.LocalCluster(n_workers=given.processes, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, system.Client(cluster) as client:
        texts = render_all(client, chart, value_sets(given.count), given.batch, options)
    print(len(texts), hashlib.sha256(b"".join(texts)).hexdigest())


if __name__ == "__main__":
    main()
