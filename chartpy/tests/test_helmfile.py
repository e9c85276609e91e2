"""Helmfiles: what is supported is read, what is not is named."""

from __future__ import annotations

import pickle
from pathlib import Path

import chartpy
import pytest
from chartpy import helmfile
from chartpy.helmfile import HelmfileError

PLAN = """\
helmDefaults:
  createNamespace: false
---
repositories:
  - name: models
    url: https://example.com/charts
releases:
  - name: web
    namespace: shop
    chart: ./web
    needs: [shop/base]
    values:
      - base.yaml
      - replicas: 3
    labels: {tier: front}
  - name: base
    namespace: shop
    chart: models/base
    version: ~1.2
  - name: old
    chart: oci://example.com/charts/old
    installed: false
    createNamespace: true
"""


@pytest.fixture
def plan(tmp_path: Path, files: dict[str, str | bytes]) -> Path:
    for name, data in files.items():
        path = tmp_path / "web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data if isinstance(data, str) else data.decode())
    (tmp_path / "base.yaml").write_text("replicas: 2\nimage: fromfile\n")
    (tmp_path / "helmfile.yaml").write_text(PLAN)
    return tmp_path / "helmfile.yaml"


def test_a_helmfile_is_read(plan: Path) -> None:
    loaded = helmfile.load(plan)
    web, base, old = loaded.releases
    assert (web.name, web.namespace, web.chart, web.needs) == ("web", "shop", "./web", ("shop/base",))
    assert web.values == (plan.parent / "base.yaml", {"replicas": 3})
    assert (web.line, web.create_namespace, old.create_namespace, old.installed) == (8, False, True, False)
    assert (base.version, base.repository) == ("~1.2", "https://example.com/charts")
    assert loaded.repositories == {"models": "https://example.com/charts"}
    assert [release.name for release in loaded.order()] == ["base", "old", "web"]
    assert loaded.declares("old") and not loaded.declares("new")
    assert [release.name for release in loaded.select("tier=front").releases] == ["web"]
    assert repr(loaded).endswith("releases=3)")


def test_releases_render_with_their_values(plan: Path, chart: chartpy.Chart) -> None:
    loaded = helmfile.load(plan)
    rendered = loaded.select("name=web").render("web")
    assert (rendered.release, rendered.namespace) == ("web", "shop")
    spec = rendered.objects[0]["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (3, "fromfile:v1")
    everything = loaded.render_all(charts=lambda release: chart)
    assert list(everything) == ["base", "web"]
    by_name = loaded.render("web", charts={"./web": plan.parent / "web"}, kube_version="1.34.0", show_only="templates/web.yaml")
    assert [document.kind for document in by_name] == ["Deployment"]


# What it says, the line, and a part of the problem.
WRONG: dict[str, tuple[str, int, str]] = {
    "environments": ("a: 1\n", 1, "the key `a` is not supported"),
    "hooks": ("releases:\n- name: a\n  chart: b\n  hooks: []\n", 4, "`releases[0].hooks`"),
    "set": ("releases:\n- name: a\n  chart: b\n  set: []\n", 4, "`releases[0].set`"),
    "wait": ("helmDefaults: {wait: true}\n", 1, "`helmDefaults.wait`"),
    "second-document": ("releases: []\n---\nbases: []\n", 3, "`bases`"),
    "nameless": ("releases:\n- chart: b\n", 2, "`releases[0].name` is missing"),
    "chartless": ("releases:\n- name: b\n", 2, "`releases[0].chart` is missing"),
    "number": ("releases:\n- name: a\n  chart: b\n  version: 1.5\n", 4, "must be a text, not a number"),
    "circle": ("releases:\n- {name: a, chart: b, needs: [a]}\n", 2, "in a circle: a"),
    "needs": ("releases:\n- {name: a, chart: b, needs: [c]}\n", 2, "needs `c`, which is not declared"),
    "twice": ("releases:\n- {name: a, chart: b}\n- {name: a, chart: b}\n", 3, "declared twice"),
    "gotmpl": ("releases:\n- name: a\n  chart: b\n  values:\n  - v.yaml.gotmpl\n", 5, "is a template"),
    "template": ("a: 1\n{{ range }}\n", 2, "templates are not supported"),
    "yaml": ("releases:\n  - a\n -\n", 2, "did not find expected"),
    "list": ("- a\n", 1, "a helmfile must be a map"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str, tmp_path: Path) -> None:
    text, line, problem = WRONG[name]
    path = tmp_path / "helmfile.yaml"
    path.write_text(text)
    with pytest.raises(HelmfileError) as caught:
        helmfile.load(path)
    error = caught.value
    assert problem in error.message
    assert (error.diagnostics[0].file, error.diagnostics[0].line) == (str(path), line)
    assert (error.unsupported_key is not None) == ("is not supported;" in error.message)
    assert isinstance(error, ValueError)
    assert pickle.loads(pickle.dumps(error)).to_dict() == error.to_dict()


def test_what_is_not_there(plan: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        helmfile.load(tmp_path / "nothing.yaml")
    loaded = helmfile.load(plan)
    with pytest.raises(HelmfileError, match="there is no release `new`"):
        loaded.render("new")
    with pytest.raises(HelmfileError, match="there is no chart for `models/base` among those given"):
        loaded.render("base", charts={})
    (tmp_path / "base.yaml").unlink()
    with pytest.raises(FileNotFoundError):
        loaded.render("web")
    with pytest.raises(chartpy.UsageError, match="bad selector `web`"):
        loaded.select("web")
    with pytest.raises(TypeError):
        helmfile.load(3)  # type: ignore[arg-type]
