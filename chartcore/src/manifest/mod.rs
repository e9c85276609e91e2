//! Rendered texts as objects: CRDs, hooks and resources, in the order Helm installs and prints them.

mod failure;
mod hook;
mod images;
mod object;
mod order;
mod output;
mod split;

use std::fmt;
use std::sync::Arc;

pub use hook::{DeletePolicy, Hook, HookEvent, LogPolicy, sort_for_execution};
pub use object::{Head, Resource, Text};
pub use order::KindOrder;
pub use output::{OutputFile, PrintOptions, WriteMode};
pub use split::split;
pub(crate) use split::{trim, trim_start};

use crate::Compat;
use crate::chart::Crd;
use crate::diag::Diagnostic;
use crate::error::Result;
use crate::render::{Rendered, RenderedFile};

/// The objects of a release.
///
/// `Display` prints what `helm template` prints.
#[derive(Debug, Clone)]
pub struct Manifests {
    compat: Compat,
    /// Files of `crds/`: the chart's own, then its subcharts'.
    pub crds: Vec<Crd>,
    /// Hooks, by kind in install order.
    pub hooks: Vec<Hook>,
    /// Everything else, by kind in install order.
    pub resources: Vec<Resource>,
    warnings: Vec<Diagnostic>,
}

impl Manifests {
    /// Splits and sorts what a render wrote.
    ///
    /// Helm: pkg/release/v1/util/manifest_sorter.go, `SortManifests`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Manifest`] when a document is not YAML or not an object, with Helm's text, and a
    /// diagnostic that names the template line that wrote it.
    pub fn from_rendered(rendered: &Rendered) -> Result<Self> {
        let mut manifests = Self::empty(rendered.compat());
        manifests.crds = rendered.chart().crds();
        manifests.read(rendered.files(), Some(rendered))?;
        Ok(manifests)
    }

    /// Splits and sorts files that are not, or no longer, what a render wrote.
    ///
    /// # Errors
    /// As [`Manifests::from_rendered`], without the template line.
    pub fn from_files(files: &[RenderedFile], compat: Compat) -> Result<Self> {
        let mut sorted = files.to_vec();
        sorted.sort_by(|left, right| left.name().cmp(right.name()));
        let mut manifests = Self::empty(compat);
        manifests.read(&sorted, None)?;
        Ok(manifests)
    }

    fn empty(compat: Compat) -> Self {
        Self { compat, crds: Vec::new(), hooks: Vec::new(), resources: Vec::new(), warnings: Vec::new() }
    }

    fn read(&mut self, files: &[RenderedFile], rendered: Option<&Rendered>) -> Result<()> {
        for file in files {
            let is_partial = file.name().rsplit('/').next().is_some_and(|base| base.starts_with('_'));
            if is_partial || trim(file.content()).is_empty() {
                continue;
            }
            let source = file.shared_name();
            for range in split(file.content(), self.compat) {
                let text = Text::new(file.shared_content(), range);
                match Head::read(text.as_bytes(), self.compat) {
                    Ok(head) => self.add(&source, head, text),
                    Err(problem) => return Err(failure::unreadable(&problem, &source, &text, rendered)),
                }
            }
        }
        let order = KindOrder::install(self.compat);
        order.sort(&mut self.hooks, |hook| &hook.kind);
        order.sort(&mut self.resources, |resource| &resource.head.kind);
        Ok(())
    }

    fn add(&mut self, source: &Arc<str>, head: Head, text: Text) {
        match Hook::from_head(&head, source, &text) {
            Ok(Some(hook)) => self.hooks.push(hook),
            Ok(None) => self.resources.push(Resource { source: Arc::clone(source), head, text }),
            Err(names) => {
                let message = format!("skipping unknown hook: {}", crate::quote::quoted(names.as_bytes()));
                self.warnings.push(Diagnostic::warning("unknown-hook", message).note(format!("in {source}")));
            }
        }
    }

    /// Whose rules they follow.
    pub fn compat(&self) -> Compat {
        self.compat
    }

    /// What is worth saying: documents left out because their hook is unknown.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

impl fmt::Display for Manifests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.print(&PrintOptions::default())))
    }
}
