"""What a render says about itself: provenance, diff, parts of the text; charts with other metadata; interrupts."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import chartpy
import chartpy.aio
import pytest


def test_provenance(chart: chartpy.Chart, tmp_path: Path) -> None:
    rendered = chart.render("demo", namespace="shop", values={"replicas": 2}, kube_version="1.34.0")
    made = rendered.provenance()
    assert made == json.loads(json.dumps(made))
    assert (made["chart"], made["version"], made["app_version"]) == ("web", "0.1.0", "v1")
    assert (made["release"], made["namespace"], made["kube_version"]) == ("demo", "shop", "v1.34.0")
    assert (made["compat"], made["digest"]) == ("helm4", rendered.digest)
    assert made["engine"] == f"chartpy {chartpy.__version__}"
    assert made["chart_digest"] == chart.digest == chart.package(tmp_path).digest
    other = chart.render("demo", namespace="shop", values={"replicas": 3}, kube_version="1.34.0").provenance()
    differing = {key for key in made if made[key] != other[key]}
    assert differing == {"values_digest", "digest"}
    assert pickle.loads(pickle.dumps(rendered)).provenance() == made


def test_show_only(chart: chartpy.Chart) -> None:
    rendered = chart.render("demo", show_only="templates/check.yaml")
    assert rendered.text.count("---\n") == 1
    assert [document.kind for document in rendered] == ["Pod"]
    assert [item["kind"] for item in rendered.objects] == ["Pod"]
    both = chart.render("demo", show_only=["templates/check.yaml", "templates/web.yaml"])
    assert [document.kind for document in both] == ["Pod", "Deployment"]
    assert pickle.loads(pickle.dumps(both)) == both
    with pytest.raises(chartpy.UsageError, match="could not find template templates/none.yaml in chart"):
        chart.render("demo", show_only="templates/none.yaml")


def test_metadata_can_be_replaced(chart: chartpy.Chart) -> None:
    other = chart.with_metadata(name="shop", version="2.0.0", app_version="v9")
    assert (other.name, other.version, other.app_version) == ("shop", "2.0.0", "v9")
    assert "web:v9" in other.render("demo").text
    assert (chart.name, chart.version) == ("web", "0.1.0")
    assert other.digest != chart.digest
    assert chart.with_metadata().digest == chart.with_metadata().digest
    with pytest.raises(chartpy.LoadError):
        chart.with_metadata(version="not a version")


def test_diff(files: dict[str, str | bytes]) -> None:
    before = chartpy.load(files).render("demo")
    del files["templates/check.yaml"]
    files["templates/more.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"
    after = chartpy.load(files).render("demo", values={"replicas": 5})
    changes = chartpy.diff(before, after)
    assert changes and len(changes) == 3
    assert changes.summary() == "1 added, 1 removed, 1 changed"
    assert [str(key) for key in (*changes.added, *changes.removed, *changes.changed)] == [
        "ConfigMap more",
        "Pod tests/check",
        "Deployment default/demo",
    ]
    assert "-  replicas: 1\n+  replicas: 5\n" in str(changes)
    assert not chartpy.diff(before, before)
    assert {change.action for change in changes} == {"added", "removed", "changed"}


def test_a_notebook_shows_a_table(files: dict[str, str | bytes]) -> None:
    files["templates/a.yaml"] = "kind: A\nmetadata: {name: '<b>'}\n"
    html = chartpy.load(files).render("demo")._repr_html_()
    assert "<th>kind</th>" in html
    assert "&lt;b&gt;" in html and "<b>'" not in html


def test_values_may_be_files_among_mappings(chart: chartpy.Chart, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("replicas: 7\nimage: file\n")
    for values, shown in [
        (tmp_path / "a.yaml", "replicas: 7"),
        ([{"replicas": 8}, tmp_path / "a.yaml"], "replicas: 7"),
        ([tmp_path / "a.yaml", {"replicas": 8}], "replicas: 8"),
    ]:
        rendered = chart.render("demo", values=values)  # type: ignore[arg-type]
        assert shown in rendered.text
    with pytest.raises(FileNotFoundError):
        chart.render("demo", values=[tmp_path / "b.yaml"])


def test_asyncio(files: dict[str, Any], tmp_path: Path) -> None:
    async def everything() -> None:
        chart = await chartpy.aio.load(files)
        renders = await asyncio.gather(*(chartpy.aio.render(chart, f"r{number}") for number in range(8)))
        assert [rendered.release for rendered in renders] == [f"r{number}" for number in range(8)]
        jobs: list[chartpy.RenderJob] = [{"chart": chart, "release": "demo"}]
        assert await chartpy.aio.render_many(jobs) == [chart.render("demo")]
        assert (await chartpy.aio.lint(chart))[0].message == "icon is recommended"
        assert (await chartpy.aio.package(chart, tmp_path)).name == "web"
        (tmp_path / "t").mkdir()
        assert await chartpy.aio.render_tree(tmp_path / "t", {}) == {}
        with pytest.raises(FileNotFoundError):
            await chartpy.aio.load("no/such/chart")

    asyncio.run(everything())


LOOP = "{{ range until 100000 }}{{ range until 100000 }}{{ $x := 1 }}{{ end }}{{ end }}"


@pytest.mark.parametrize(
    "call",
    [
        f"chartpy.load({{'Chart.yaml': METADATA, 'templates/a.yaml': {LOOP!r}}}).render('demo')",
        "Environment(FOLDER).render({})",
    ],
)
def test_ctrl_c_stops_a_long_render(call: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml.j2").write_text("{% for i in range(100000) %}{% for j in range(100000) %}{{ j }}{% endfor %}{% endfor %}")
    script = textwrap.dedent(f"""
        import chartpy
        from chartpy.jinja import Environment
        METADATA = "apiVersion: v2\\nname: web\\nversion: 0.1.0\\n"
        FOLDER = {str(tmp_path)!r}
        print("ready", flush=True)
        try:
            {call}
        except KeyboardInterrupt:
            print("stopped", flush=True)
        except chartpy.ChartError as error:
            print(error.code, flush=True)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        # The signal must come while the library runs.
        threading.Event().wait(0.3)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_after_threads_renders(chart: chartpy.Chart) -> None:
    jobs: list[chartpy.RenderJob] = [{"chart": chart, "release": f"r{number}"} for number in range(50)]
    expected = chartpy.render_many(jobs, workers=4)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            same = chartpy.render_many(jobs, workers=4) == expected
            os.write(writer, b"same" if same else b"other")
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"same"
    os.waitpid(child, 0)
