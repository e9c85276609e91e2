"""Charts over HTTP from a real server; OCI where a `docker-registry` is installed."""

from __future__ import annotations

import functools
import http.server
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import chartpy
import pytest


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def repository(chart: chartpy.Chart, tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "repository"
    versions = ("0.1.0", "0.2.0", "0.3.0-rc.1")
    packages = {version: chart.package(folder, version=version) for version in versions}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        entries = "".join(
            f"  - {{name: web, version: {version}, appVersion: v1, digest: {package.digest.removeprefix('sha256:')},"
            f" created: '2026-01-02T03:04:05Z', urls: [{Path(package).name}]}}\n"
            for version, package in packages.items()
        )
        (folder / "index.yaml").write_text(f"apiVersion: v1\nentries:\n  web:\n{entries}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_versions_resolve_and_charts_are_fetched(repository: str, tmp_path: Path) -> None:
    newest = chartpy.resolve_version("web", repo=repository)
    assert (newest.name, newest.version, newest.app_version) == ("web", "0.2.0", "v1")
    assert newest.url == f"{repository}/web-0.2.0.tgz"
    assert newest.created == "2026-01-02T03:04:05Z"
    assert chartpy.resolve_version("web", devel=True, repo=repository).version == "0.3.0-rc.1"
    assert chartpy.resolve_version("web", "<0.2", repo=repository).version == "0.1.0"
    cache = tmp_path / "cache"
    chart = chartpy.fetch("web", repo=repository, digest=newest.digest, cache=cache)
    assert chart.version == "0.2.0"
    assert list(cache.rglob("*.chart")) or any(cache.rglob("*"))
    assert chartpy.fetch(f"{repository}/web-0.1.0.tgz").version == "0.1.0"
    with pytest.raises(chartpy.IntegrityError, match="expected sha256:00"):
        chartpy.fetch("web", repo=repository, digest="sha256:00")


def test_a_helmfile_fetches_its_charts(repository: str) -> None:
    from chartpy import helmfile

    text = f"""
repositories:
  - {{name: local, url: {repository}}}
releases:
  - {{name: demo, chart: local/web, version: "~0.1", namespace: shop}}
"""
    rendered = helmfile.load(text.encode()).render("demo")
    assert rendered.provenance()["version"] == "0.1.0"
    assert rendered.namespace == "shop"


def test_what_is_not_there(repository: str, tmp_path: Path) -> None:
    for call in (
        lambda: chartpy.fetch("none", repo=repository),
        lambda: chartpy.fetch("web", ">9", repo=repository),
        lambda: chartpy.resolve_version("web", ">9", repo=repository),
        lambda: chartpy.fetch("web", repo=f"{repository}/nothing"),
        lambda: chartpy.resolve_version("web", "not a version at all", repo=repository),
        lambda: chartpy.publish(tmp_path, "oci://127.0.0.1:1/charts", strategy="other"),  # type: ignore[arg-type]
        lambda: chartpy.publish(tmp_path, "oci://127.0.0.1:1/charts", on_exists="other"),  # type: ignore[arg-type]
    ):
        with pytest.raises(chartpy.ChartError):
            call()


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = shutil.which("docker-registry") or shutil.which("registry")
    if binary is None:
        pytest.skip("docker-registry is not installed")
    folder = tmp_path_factory.mktemp("registry")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "config.yml"
    config.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\nhttp: {{addr: 127.0.0.1:{port}}}\n"
    )
    log = (folder / "log").open("w")
    with subprocess.Popen([binary, "serve", str(config)], stdout=log, stderr=log) as process:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"127.0.0.1:{port}"
        process.terminate()
    log.close()


def test_a_registry(registry: str, files: dict[str, str | bytes], tmp_path: Path) -> None:
    # Its image has no tag, which publishing refuses.
    del files["templates/check.yaml"]
    folder = tmp_path / "web"
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data if isinstance(data, str) else data.decode())
    target = f"oci://{registry}/charts"
    (one,) = chartpy.publish(folder, target, version="1.0.0", allow_dirty=True, plain_http=True, epoch=0)
    assert (one.name, one.version, one.status) == ("web", "1.0.0", "published")
    (again,) = chartpy.publish([folder], target, version="1.0.0", allow_dirty=True, plain_http=True, epoch=0)
    assert (again.status, again.manifest_digest) == ("already published", one.manifest_digest)
    newest = chartpy.resolve_version(f"{target}/web", plain_http=True)
    assert (newest.version, newest.digest) == ("1.0.0", one.chart_digest)
    fetched = chartpy.fetch(f"{target}/web", "1.0.0", digest=one.chart_digest, plain_http=True)
    assert fetched.render("demo").objects == chartpy.load(folder).with_metadata(version="1.0.0").render("demo").objects
    (folder / "values.yaml").write_text("replicas: 2\nimage: web\n")
    with pytest.raises(chartpy.AlreadyExistsError):
        chartpy.publish(folder, target, version="1.0.0", allow_dirty=True, plain_http=True, epoch=0)
    with pytest.raises(chartpy.ChartError):
        chartpy.fetch(f"{target}/nothing", plain_http=True)
