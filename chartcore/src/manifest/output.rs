//! Manifests as `helm template` writes them.

use std::io::{self, Write};

use super::split::{split, trim, trim_end};
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
        self.release_pieces(options).concat()
    }

    fn release_pieces(&self, options: &PrintOptions) -> Vec<&[u8]> {
        let mut pieces = Vec::new();
        for crd in self.crds.iter().filter(|_| options.crds) {
            pieces.extend(document(&crd.path, crd.file.data()));
        }
        for resource in &self.resources {
            let head = &resource.head;
            let is_hidden = !options.secrets && head.kind == "Secret" && head.api_version == "v1";
            let text = match is_hidden {
                true => b"# HIDDEN: The Secret output has been suppressed",
                false => resource.text.as_bytes(),
            };
            pieces.extend(document(&resource.source, text));
        }
        pieces
    }

    /// What `helm template` prints on stdout.
    ///
    /// Helm: pkg/cmd/template.go.
    pub fn print(&self, options: &PrintOptions) -> Vec<u8> {
        self.pieces(options).concat()
    }

    /// Writes what [`Manifests::print`] gives, without ever holding all of it.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, options: &PrintOptions, out: &mut dyn Write) -> io::Result<()> {
        self.pieces(options).into_iter().try_for_each(|piece| out.write_all(piece))
    }

    /// What is printed, in pieces: the manifest without white space around it, a line's end, the hooks.
    fn pieces(&self, options: &PrintOptions) -> Vec<&[u8]> {
        let mut pieces = self.release_pieces(options);
        // It begins with a header, or is empty. No letter is spread over two pieces: each but the texts is ASCII.
        while let Some(last) = pieces.last_mut() {
            *last = trim_end(last);
            if !last.is_empty() {
                break;
            }
            pieces.pop();
        }
        self.end_with_hooks(pieces, options)
    }

    /// What `helm template` prints when the release's manifest is `manifest`: what a post-renderer made of it.
    /// Hooks are not its affair.
    pub fn print_around(&self, manifest: &[u8], options: &PrintOptions) -> Vec<u8> {
        self.end_with_hooks(vec![trim(manifest)], options).concat()
    }

    fn end_with_hooks<'a>(&'a self, mut pieces: Vec<&'a [u8]>, options: &PrintOptions) -> Vec<&'a [u8]> {
        pieces.push(b"\n");
        for hook in self.printed_hooks(options) {
            pieces.extend(document(&hook.source, hook.text.as_bytes()));
        }
        pieces
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
            let content = document(source, text).concat();
            files.push(OutputFile { path, content, mode });
            written.push(source);
        }
        for hook in self.printed_hooks(options) {
            let content = document(&hook.source, hook.text.as_bytes()).concat();
            files.push(OutputFile { path: below(&hook.source), content, mode: WriteMode::AppendIfExists });
        }
        files
    }
}

/// The pieces of a document under its source.
fn document<'a>(source: &'a str, text: &'a [u8]) -> [&'a [u8]; 5] {
    [b"---\n# Source: ", source.as_bytes(), b"\n", text, b"\n"]
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
