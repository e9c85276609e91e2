//! `helm template` and `helm lint` over the library, with the flags most used:
//! `template [--compat helm3] template NAME CHART [-f FILE]... [--set K=V]... [--kube-version V] ...`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command prints")]

use std::io::Write;
use std::process::ExitCode;

use chartcore::chart::{self, LoadOptions};
use chartcore::lint::{self, LintOptions};
use chartcore::manifest::{Manifests, PrintOptions};
use chartcore::render::{self, Capabilities, KubeVersion, RenderOptions};
use chartcore::values::{self, MergeOptions, Overrides};
use chartcore::{Compat, Error, ErrorKind, Result};

#[derive(Default)]
struct Arguments {
    words: Vec<String>,
    compat: Compat,
    namespace: Option<String>,
    kube_version: Option<String>,
    api_versions: Vec<String>,
    overrides: Vec<(String, String)>,
    only: Vec<String>,
    flags: Vec<String>,
}

impl Arguments {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut parsed = Self::default();
        let mut arguments = arguments.flat_map(|word| match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => vec![flag.to_owned(), value.to_owned()],
            _ => vec![word],
        });
        while let Some(word) = arguments.next() {
            if !word.starts_with('-') {
                parsed.words.push(word);
                continue;
            }
            if matches!(
                word.as_str(),
                "--include-crds"
                    | "--is-upgrade"
                    | "--no-hooks"
                    | "--skip-tests"
                    | "--skip-schema-validation"
                    | "--notes"
                    | "--times"
            ) {
                parsed.flags.push(word);
                continue;
            }
            let missing = || Error::new(ErrorKind::Usage, format!("flag needs an argument: {word}"));
            let value = arguments.next().ok_or_else(missing)?;
            match word.as_str() {
                "--compat" if value == "helm3" => parsed.compat = Compat::Helm3,
                "--compat" => parsed.compat = Compat::Helm4,
                "-n" | "--namespace" => parsed.namespace = Some(value),
                "--kube-version" => parsed.kube_version = Some(value),
                "-a" | "--api-versions" => parsed.api_versions.extend(value.split(',').map(str::to_owned)),
                "-s" | "--show-only" => parsed.only.push(value),
                _ => parsed.overrides.push((word, value)),
            }
        }
        Ok(parsed)
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }

    fn overrides(&self) -> Result<Overrides> {
        let mut overrides = Overrides::new();
        for (flag, value) in &self.overrides {
            overrides = match flag.as_str() {
                "-f" | "--values" => overrides.file(value)?,
                "--set" => overrides.set(value),
                "--set-string" => overrides.set_string(value),
                "--set-json" => overrides.set_json(value),
                "--set-literal" => overrides.set_literal(value),
                "--set-file" => overrides.set_file(value),
                flag => return Err(Error::new(ErrorKind::Usage, format!("unknown flag: {flag}"))),
            };
        }
        Ok(overrides)
    }

    fn template(&self, name: &str, path: &str) -> Result<Vec<u8>> {
        let mut capabilities = Capabilities::default().api_versions(&self.api_versions);
        if let Some(version) = &self.kube_version {
            capabilities = capabilities.on(KubeVersion::parse(version)?);
        }
        let options = RenderOptions::new(name)
            .namespace(self.namespace.as_deref().unwrap_or("default"))
            .is_upgrade(self.has("--is-upgrade"))
            .capabilities(capabilities);
        let overrides = self.overrides()?;
        let chart = chart::load(path, &LoadOptions::new(self.compat))?;
        render::check(&chart, &options)?;
        let merge_options = MergeOptions::default().skip_schema(self.has("--skip-schema-validation"));
        let values = values::merge_with(&chart, &overrides, &merge_options)?;
        let rendered = render::render(&chart, &values, &options)?;
        for warning in rendered.warnings() {
            eprintln!("{}", warning.message);
        }
        let print = PrintOptions {
            crds: self.has("--include-crds"),
            hooks: !self.has("--no-hooks"),
            tests: !self.has("--skip-tests"),
            secrets: true,
        };
        let manifests = Manifests::from_rendered(&rendered)?;
        if self.has("--notes") {
            return Ok(rendered.notes().to_vec());
        }
        if self.only.is_empty() {
            Ok(manifests.print(&print))
        } else {
            manifests.show_only(&self.only, &print)
        }
    }

    fn lint(&self, paths: &[String]) -> Result<lint::Report> {
        let mut options = LintOptions::new(self.compat)
            .namespace(self.namespace.as_deref().unwrap_or("default"))
            .schema(!self.has("--skip-schema-validation"));
        if let Some(version) = &self.kube_version {
            options = options.kube_version(KubeVersion::parse(version)?);
        }
        Ok(lint::lint_all(paths, &self.overrides()?, &options))
    }

    fn run(&self) -> Result<bool> {
        match self.words.as_slice() {
            [command, name, path] if command == "template" => {
                let printed = self.template(name, path)?;
                // A reader that went away is no error worth telling.
                let _ = std::io::stdout().write_all(&printed);
                Ok(true)
            }
            [command, paths @ ..] if command == "lint" => {
                let report = self.lint(paths)?;
                print!("{report}");
                if report.failed() > 0 {
                    eprintln!("Error: {}", report.summary());
                }
                Ok(report.failed() == 0)
            }
            _ => Err(Error::new(ErrorKind::Usage, "usage: template NAME CHART | lint CHART...")),
        }
    }
}

fn main() -> ExitCode {
    let outcome = Arguments::parse(std::env::args().skip(1)).and_then(|arguments| arguments.run());
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}
