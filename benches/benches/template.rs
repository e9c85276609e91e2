//! The template language alone: parsing, and executing what was parsed.

use chartcore::Compat;
use chartcore::data::yaml;
use chartcore::template::{self, Any, Limits, SealedHost, Templates};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const SOURCE: &str = "\
{{- define \"labels\" }}app: {{ .name | quote }}{{ end -}}
{{- range $index, $item := .items }}
- name: {{ printf \"%s-%d\" $item.name $index }}
  {{- if and $item.enabled (gt (int $item.size) 3) }}
  size: {{ mul 2 (int $item.size) }}
  labels: {{- include \"labels\" $item | nindent 4 }}
  {{- else }}
  size: small
  {{- end }}
  all: {{ toYaml $item | nindent 4 }}
{{- end }}
";

fn data(items: usize) -> Any {
    let mut text = String::from("items:\n");
    for index in 0..items {
        text.push_str(&format!("- {{name: item{index}, enabled: {}, size: {}}}\n", index % 3 > 0, index % 7));
    }
    Any::from(&yaml::parse(text.as_bytes()).expect("the generated document is YAML"))
}

#[divan::bench]
fn parse() -> bool {
    template::parse(black_box(SOURCE.as_bytes()), Compat::Helm4).is_ok()
}

#[divan::bench(args = [1, 10, 100, 1000])]
fn execute(bencher: Bencher, items: usize) {
    let mut templates = Templates::new(Compat::Helm4);
    templates.add("bench", template::parse(SOURCE.as_bytes(), Compat::Helm4).expect("the template parses"));
    let (host, data) = (SealedHost::new("seed"), data(items));
    bencher.bench_local(|| {
        let mut out = Vec::new();
        templates
            .executor(&host, Limits::default())
            .execute("bench", &data, &mut out)
            .expect("the template runs");
        out
    });
}
