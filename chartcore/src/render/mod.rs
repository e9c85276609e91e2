//! A chart and its values through its templates.
//!
//! [`render`] runs every template of a chart and its subcharts, in Helm's order, and keeps the texts with
//! the notes and warnings. What the texts are is for [`crate::manifest`] to say.

mod capabilities;
mod capability_object;
mod chart_object;
mod check;
mod context;
mod failure;
mod files;
mod go_struct;
mod hints;
mod host;
mod name;
mod notes;
mod options;
mod origin;
mod reads;

use std::sync::Arc;

pub use capabilities::{Capabilities, KubeVersion};
pub use check::check;
pub(crate) use hints::nearest;
pub use host::SharedHost;
pub use name::text;
pub use notes::Note;
pub use options::RenderOptions;
#[cfg(feature = "cluster")]
pub(crate) use options::is_release_name;
pub use reads::reads;

use crate::Compat;
use crate::chart::{Chart, File, parse_beside};
use crate::data::Str;
use crate::diag::Diagnostic;
use crate::error::Result;
use crate::template::{Any, Executor, Host, Map, Templates, print};
use crate::values::Values;
use context::ChartContext;

/// One template and what it wrote.
#[derive(Debug, Clone)]
pub struct RenderedFile {
    name: Arc<str>,
    content: Arc<Vec<u8>>,
}

impl RenderedFile {
    /// Makes a file, for instance of what a post-renderer gave back.
    pub fn new(name: impl Into<Arc<str>>, content: Vec<u8>) -> Self {
        Self { name: name.into(), content: Arc::new(content) }
    }

    /// The template's name under the root chart: `root/charts/child/templates/service.yaml`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name, shared.
    pub fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// What it wrote. Templates can write bytes that are not UTF-8.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// What it wrote, shared.
    pub fn shared_content(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.content)
    }
}

/// What a render gave: the files by name, the notes, the warnings, and what it was made from.
#[derive(Debug, Clone)]
pub struct Rendered {
    values: Values,
    options: RenderOptions,
    files: Vec<RenderedFile>,
    notes: Vec<Note>,
    warnings: Vec<Diagnostic>,
}

impl Rendered {
    /// Whose rules it was rendered by.
    pub fn compat(&self) -> Compat {
        self.chart().compat()
    }

    /// The files by name, notes and partials left out.
    pub fn files(&self) -> &[RenderedFile] {
        &self.files
    }

    /// Replaces the files, for instance by what a post-renderer gave back.
    #[must_use]
    pub fn with_files(mut self, mut files: Vec<RenderedFile>) -> Self {
        files.sort_by(|left, right| left.name.cmp(&right.name));
        self.files = files;
        self
    }

    /// The notes of the chart itself.
    pub fn notes(&self) -> &[u8] {
        let own = self.notes.iter().find(|note| note.is_root());
        own.map(Note::text).unwrap_or_default()
    }

    /// The notes of the chart and its subcharts, by name.
    pub fn all_notes(&self) -> &[Note] {
        &self.notes
    }

    /// What is worth saying but did not stop the render.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The chart as it was rendered: disabled subcharts left out, aliases applied.
    pub fn chart(&self) -> &Chart {
        self.values.chart()
    }

    /// The values it was rendered with.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// What it was rendered for.
    pub fn options(&self) -> &RenderOptions {
        &self.options
    }
}

/// Renders `chart` with `values`, which [`crate::values`] merged for it.
///
/// The checks of `helm template` come first ([`check`]), then every template is parsed and every one that
/// is not a partial is executed. Templates are parsed once per loaded chart; rendering again costs the
/// execution alone.
///
/// Helm: pkg/engine/engine.go; pkg/action/action.go, `renderResources`.
///
/// # Errors
/// [`crate::ErrorKind::Usage`], [`crate::ErrorKind::Dependency`] or [`crate::ErrorKind::Chart`] from the
/// checks; [`crate::ErrorKind::Template`] when a template does not parse or fails; with Helm's texts.
pub fn render(chart: &Chart, values: &Values, options: &RenderOptions) -> Result<Rendered> {
    let mut warnings = check(chart, options)?;
    check::kube_version(values.chart(), options)?;
    warnings.extend_from_slice(values.warnings());
    let (files, notes) = run(values, options)?;
    Ok(Rendered { values: values.clone(), options: options.clone(), files, notes, warnings })
}

/// A template to run, or a partial.
struct Job<'a> {
    /// Its name in the set.
    name: String,
    /// Whose dot it gets: an index into the contexts.
    context: usize,
    file: &'a File,
}

impl Job<'_> {
    /// Whether it is there for others to include.
    fn is_partial(&self) -> bool {
        self.file.is_partial()
    }
}

/// Everything a render runs on.
struct Stage<'a> {
    compat: Compat,
    contexts: Vec<ChartContext<'a>>,
    jobs: Vec<Job<'a>>,
    templates: Templates,
}

impl<'a> Stage<'a> {
    fn set(values: &'a Values, options: &RenderOptions) -> Result<Self> {
        let compat = values.chart().compat();
        let contexts = context::contexts(values, options);
        let jobs = jobs(&contexts);
        let templates = associate(&jobs, compat)?;
        Ok(Self { compat, contexts, jobs, templates })
    }

    fn executor<'b>(&'b self, host: &'b dyn Host, options: &RenderOptions) -> Executor<'b> {
        let executor = self.templates.executor(host, options.limits);
        executor.lint(options.lint).missing_key(options.missing_key())
    }

    /// The templates to run, in order.
    fn cues(&self) -> impl Iterator<Item = (&Job<'a>, &ChartContext<'a>)> {
        let whole = self.jobs.iter().filter(|job| !job.is_partial());
        whole.filter_map(|job| Some((job, self.contexts.get(job.context)?)))
    }

    /// The dot of a template. Its chart's map is shared by all templates of the chart; `.Template` changes.
    fn dot(&self, job: &Job<'_>, context: &ChartContext<'_>) -> Any {
        context.map.insert("Template", template_object(self.compat, context, job));
        Any::Map(context.map.clone())
    }
}

/// Runs all templates. The files come back by name, the notes apart.
fn run(values: &Values, options: &RenderOptions) -> Result<(Vec<RenderedFile>, Vec<Note>)> {
    let stage = Stage::set(values, options)?;
    let host = options.shared_host();
    let mut executor = stage.executor(&*host, options);
    let (mut files, mut notes) = (Vec::with_capacity(stage.jobs.len()), Vec::new());
    let mut content = Vec::new();
    for (job, context) in stage.cues() {
        content.clear();
        if let Err(error) = executor.execute(&job.name, &stage.dot(job, context), &mut content) {
            return Err(failure::execution(&error, &stage.jobs, &stage.templates, values));
        }
        print::remove_no_value(&mut content, 0);
        let content = kept(&mut content);
        match Note::of(values.chart().name(), &job.name) {
            Some(note) => notes.push(note.with_text(content)),
            None => files.push(RenderedFile::new(job.name.as_str(), content)),
        }
    }
    files.sort_by(|left, right| left.name.cmp(&right.name));
    notes.sort_by(|left, right| left.source().cmp(right.source()));
    Ok((files, notes))
}

/// What a template wrote, in no more room than it needs; the buffer serves the next one.
fn kept(buffer: &mut Vec<u8>) -> Vec<u8> {
    /// From here on the buffer itself is kept: copying would touch as much memory again.
    const LARGE: usize = 64 << 10;
    if buffer.len() < LARGE {
        return buffer.as_slice().to_vec();
    }
    let mut content = std::mem::take(buffer);
    content.shrink_to_fit();
    content
}

/// All templates of all charts in the order Helm parses and runs them: deeper paths first, then by name
/// from the end. Of a library chart only the partials count.
fn jobs<'a>(contexts: &[ChartContext<'a>]) -> Vec<Job<'a>> {
    let mut jobs: Vec<Job<'a>> = Vec::new();
    for (index, context) in contexts.iter().enumerate() {
        let is_library = context.chart.metadata().kind.eq_ignore_ascii_case("library");
        for file in context.chart.templates() {
            let job = Job { name: format!("{}/{}", context.path, file.name()), context: index, file };
            if !is_library || job.is_partial() {
                jobs.push(job);
            }
        }
    }
    let depth = |job: &Job<'_>| job.name.bytes().filter(|&byte| byte == b'/').count();
    jobs.sort_by_cached_key(|job| std::cmp::Reverse((depth(job), job.name.clone())));
    // Of two templates of one name (two subcharts of one name) the later one stands.
    jobs.dedup_by(|later, earlier| {
        let same = later.name == earlier.name;
        if same {
            std::mem::swap(later, earlier);
        }
        same
    });
    jobs
}

/// Parses what is not parsed yet and puts all of it under its names.
fn associate(jobs: &[Job<'_>], compat: Compat) -> Result<Templates> {
    parse_beside(jobs.iter().map(|job| job.file), compat, || ());
    let mut templates = Templates::new(compat);
    for job in jobs {
        match job.file.template(compat) {
            Ok(parsed) => templates.add(&job.name, Arc::clone(parsed)),
            Err(error) => return Err(failure::parsing(error, job, compat)),
        }
    }
    Ok(templates)
}

fn template_object(compat: Compat, context: &ChartContext<'_>, job: &Job<'_>) -> Any {
    let base_path = Str::from(format!("{}/templates", context.path));
    let entries = vec![("BasePath".into(), Any::Str(base_path)), ("Name".into(), Any::str(&job.name))];
    Any::Map(Map::typed(context::values_type(compat), entries))
}
