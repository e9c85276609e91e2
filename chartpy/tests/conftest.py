"""Charts and paths the tests share."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import chartpy
import pytest

CHART = "apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: v1\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image }}:{{ .Chart.AppVersion }}"
"""
HOOK = """\
apiVersion: v1
kind: Pod
metadata:
  name: check
  namespace: tests
  annotations:
    helm.sh/hook: test
    helm.sh/hook-weight: "3"
spec:
  containers: [{name: check, image: busybox}]
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.com
"""


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """39 stacks of llm-d-benchmark, unpacked: `templates/`, `stacks/`, `charts/`, `golden/`."""
    shared = Path(__file__).resolve().parents[3] / "shared"
    stacks = Path(os.environ.get("CHART_PLANS", shared / "llm-d-benchmark" / "stacks.tar.xz"))
    if not stacks.is_file():
        pytest.skip(f"NOT CHECKED: {stacks} is not there; CHART_PLANS names the stacks elsewhere")
    folder = tmp_path_factory.mktemp("llm-d-benchmark")
    with tarfile.open(stacks) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def files() -> dict[str, str | bytes]:
    return {
        "Chart.yaml": CHART,
        "values.yaml": "replicas: 1\nimage: web\nratio: 0.5\n",
        "templates/web.yaml": DEPLOYMENT,
        "templates/check.yaml": HOOK,
        "templates/NOTES.txt": "Hello {{ .Release.Name }}\n",
        "crds/thing.yaml": CRD,
        "README.md": "# web\n",
    }


@pytest.fixture
def chart(files: dict[str, str | bytes]) -> chartpy.Chart:
    return chartpy.load(files)
