//! Inputs of the benchmarks: the fixtures' charts, and generated ones of any size.

use std::fmt::Write as _;
use std::path::PathBuf;

use chartcore::chart::{Chart, File, LoadOptions, load, load_files};
use chartcore::{Compat, Result};

/// The README's Rust, compiled and run with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// A chart of the fixtures.
///
/// # Errors
/// When it does not load.
pub fn fixture(name: &str) -> Result<Chart> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/charts").join(name);
    load(path, &LoadOptions::new(Compat::Helm4))
}

/// A YAML document of `entries` entries that look like a values file.
pub fn document(entries: usize) -> String {
    let mut text = String::new();
    for index in 0..entries {
        let _ = write!(
            text,
            "service{index}:\n  enabled: {}\n  image: {{repository: registry.example/app{index}, tag: \"1.{index}\"}}\n  \
             replicas: {index}\n  args: [\"--port\", \"8080\", --level=info]\n  annotations:\n    example.test/note: a note \
             with some words in it\n  script: |\n    echo {index}\n    exit 0\n",
            index % 2 == 0
        );
    }
    text
}

/// A chart with that many templates, and values of that many entries.
///
/// # Errors
/// When the generated chart does not load, which would be a defect of this function.
pub fn generated(templates: usize, entries: usize) -> Result<Chart> {
    let mut files = vec![
        File::new("Chart.yaml", b"apiVersion: v2\nname: generated\nversion: 1.0.0\n".as_slice()),
        File::new("values.yaml", document(entries).into_bytes()),
        File::new("templates/_names.tpl", NAMES.as_bytes()),
    ];
    for index in 0..templates {
        files.push(File::new(format!("templates/service-{index}.yaml"), DEPLOYMENT.as_bytes()));
    }
    load_files(files, &LoadOptions::new(Compat::Helm4))
}

const NAMES: &str = "\
{{- define \"generated.name\" -}}{{ printf \"%s-%s\" .Release.Name .Chart.Name | trunc 63 | trimSuffix \"-\" }}{{- end -}}
{{- define \"generated.labels\" -}}
app.kubernetes.io/name: {{ include \"generated.name\" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf \"%s-%s\" .Chart.Name .Chart.Version | replace \"+\" \"_\" }}
{{- end -}}
";

/// One template; it reads a fixed number of values, however many there are.
const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include \"generated.name\" . }}
  labels:
    {{- include \"generated.labels\" . | nindent 4 }}
spec:
  {{- with .Values.service0 }}
  replicas: {{ .replicas | int }}
  template:
    metadata:
      annotations: {{- toYaml .annotations | nindent 8 }}
    spec:
      containers:
        {{- range $index, $argument := .args }}
        - name: container-{{ $index }}
          image: {{ printf \"%s:%s\" $.Values.service0.image.repository $.Values.service0.image.tag | quote }}
          args: [{{ $argument | quote }}]
          {{- if and $.Values.service0.enabled (gt (len $argument) 3) }}
          env:
            - {name: ENABLED, value: \"true\"}
          {{- end }}
        {{- end }}
  {{- end }}
";
