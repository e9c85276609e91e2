//! Manifests as `helm template` writes them.

use super::split::{split, trim};
use super::{Hook, Manifests};
use crate::error::{Error, ErrorKind, Result};
use crate::files::ignore;

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintOptions {
    /// Whether CRDs come first (`--include-crds`).
    pub crds: bool,
    /// Whether hooks come last; `--no-hooks` turns it off.
    pub hooks: bool,
    /// Whether hooks for `helm test` are among them; `--skip-tests` turns it off.
    pub tests: bool,
    /// Whether the contents of Secrets are shown; `--hide-secret` turns it off.
    pub secrets: bool,
}

impl Default for PrintOptions {
    /// What `helm template` prints without flags.
    fn default() -> Self {
        Self { crds: false, hooks: true, tests: true, secrets: true }
    }
}

/// How a file of `--output-dir` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// Made anew, replacing what was there.
    Create,
    /// Appended to what this run wrote.
    Append,
    /// Appended to what is there, if anything is, even from an earlier run: what Helm does with hooks.
    AppendIfExists,
}

/// A file of `--output-dir`, in the order Helm writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// The path under the output directory.
    pub path: String,
    /// What to write.
    pub content: Vec<u8>,
    /// How to write it.
    pub mode: WriteMode,
}

impl Manifests {
    /// The manifest as a release records it: CRDs if asked for, then resources, each under its source.
    ///
    /// Helm: pkg/action/action.go, `renderResources`.
    pub fn release_manifest(&self, options: &PrintOptions) -> Vec<u8> {
        let mut out = Vec::new();
        if options.crds {
            for crd in &self.crds {
                push_document(&mut out, &crd.path, crd.file.data());
            }
        }
        for resource in &self.resources {
            let head = &resource.head;
            if !options.secrets && head.kind == "Secret" && head.api_version == "v1" {
                push_header(&mut out, &resource.source);
                out.extend_from_slice(b"# HIDDEN: The Secret output has been suppressed\n");
            } else {
                push_document(&mut out, &resource.source, resource.text.as_bytes());
            }
        }
        out
    }

    /// What `helm template` prints on stdout.
    ///
    /// Helm: pkg/cmd/template.go.
    pub fn print(&self, options: &PrintOptions) -> Vec<u8> {
        self.print_around(&self.release_manifest(options), options)
    }

    /// What `helm template` prints when the release's manifest is `manifest`: what a post-renderer made of it.
    /// Hooks are not its affair.
    pub fn print_around(&self, manifest: &[u8], options: &PrintOptions) -> Vec<u8> {
        let mut out = trim(manifest).to_vec();
        out.push(b'\n');
        for hook in self.printed_hooks(options) {
            push_document(&mut out, &hook.source, hook.text.as_bytes());
        }
        out
    }

    fn printed_hooks(&self, options: &PrintOptions) -> impl Iterator<Item = &Hook> {
        let (hooks, tests) = (options.hooks, options.tests);
        self.hooks.iter().filter(move |hook| hooks && (tests || !hook.is_test()))
    }

    /// What `helm template --show-only` prints: the documents of the templates that match a pattern, in the
    /// order of the patterns. A template is matched by its path without the chart's name.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when nothing matches a pattern, with Helm's text.
    pub fn show_only<T: AsRef<str>>(&self, patterns: &[T], options: &PrintOptions) -> Result<Vec<u8>> {
        self.show_only_in(&self.print(options), patterns)
    }

    /// As [`Manifests::show_only`], of what [`Manifests::print_around`] gave.
    ///
    /// # Errors
    /// As [`Manifests::show_only`].
    pub fn show_only_in<T: AsRef<str>>(&self, printed: &[u8], patterns: &[T]) -> Result<Vec<u8>> {
        let documents: Vec<(&[u8], &str)> = split(printed, self.compat)
            .into_iter()
            .filter_map(|range| printed.get(range))
            .filter_map(|document| Some((document, source_below_chart(document)?)))
            .collect();
        let mut out = Vec::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            let before = out.len();
            for (document, source) in &documents {
                if ignore::matches(pattern.as_bytes(), source.as_bytes()).unwrap_or(false) {
                    out.extend_from_slice(b"---\n");
                    out.extend_from_slice(document);
                    out.push(b'\n');
                }
            }
            if out.len() == before {
                let sources = documents.iter().map(|(_, source)| *source);
                return Err(not_found(pattern, sources));
            }
        }
        Ok(out)
    }

    /// The files `helm template --output-dir` writes. With a release's name (`--release-name`) all but the
    /// CRDs go into a folder of that name.
    pub fn output_files(&self, release_name: Option<&str>, options: &PrintOptions) -> Vec<OutputFile> {
        let mut files: Vec<OutputFile> = Vec::new();
        let mut written: Vec<&str> = Vec::new();
        let below = |source: &str| match release_name {
            Some(release_name) => format!("{release_name}/{source}"),
            None => source.to_owned(),
        };
        let crds =
            self.crds.iter().filter(|_| options.crds).map(|crd| (crd.path.as_str(), crd.file.data(), true));
        let resources = self.resources.iter().map(|it| (&*it.source, it.text.as_bytes(), false));
        for (source, text, is_crd) in crds.chain(resources) {
            let mode = if written.contains(&source) { WriteMode::Append } else { WriteMode::Create };
            let path = if is_crd { source.to_owned() } else { below(source) };
            let mut content = Vec::new();
            push_document(&mut content, source, text);
            files.push(OutputFile { path, content, mode });
            written.push(source);
        }
        for hook in self.printed_hooks(options) {
            let mut content = Vec::new();
            push_document(&mut content, &hook.source, hook.text.as_bytes());
            files.push(OutputFile { path: below(&hook.source), content, mode: WriteMode::AppendIfExists });
        }
        files
    }
}

fn push_header(out: &mut Vec<u8>, source: &str) {
    out.extend_from_slice(b"---\n# Source: ");
    out.extend_from_slice(source.as_bytes());
    out.push(b'\n');
}

fn push_document(out: &mut Vec<u8>, source: &str, text: &[u8]) {
    push_header(out, source);
    out.extend_from_slice(text);
    out.push(b'\n');
}

/// What the pattern `# Source: [^/]+/(.+)` finds: the first source's path behind its first slash.
fn source_below_chart(document: &[u8]) -> Option<&str> {
    const HEADER: &[u8] = b"# Source: ";
    for at in memchr::memmem::find_iter(document, HEADER) {
        let rest = document.get(at + HEADER.len()..)?;
        let Some(slash) = memchr::memchr(b'/', rest) else { continue };
        let behind = rest.get(slash + 1..)?;
        let end = memchr::memchr(b'\n', behind).unwrap_or(behind.len());
        if slash > 0 && end > 0 {
            return std::str::from_utf8(behind.get(..end)?).ok();
        }
    }
    None
}

fn not_found<'a>(pattern: &str, sources: impl Iterator<Item = &'a str>) -> Error {
    use crate::diag::Diagnostic;
    let message = format!("could not find template {pattern} in chart");
    let mut diagnostic = Diagnostic::error("show-only", message.clone());
    let mut known: Vec<&str> = sources.collect();
    known.sort_unstable();
    known.dedup();
    if let Some(near) = crate::render::nearest(pattern, known.iter().copied()) {
        diagnostic = diagnostic.hint(format!("did you mean `{near}`?"));
    } else if known.iter().any(|source| source.ends_with(pattern)) {
        diagnostic = diagnostic.hint("give the path from the chart's folder, as in `templates/service.yaml`");
    }
    Error::new(ErrorKind::Usage, message).with_diagnostic(diagnostic)
}
