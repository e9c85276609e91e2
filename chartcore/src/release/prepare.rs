//! From a chart and values to what a record holds.

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{HookRun, RecordedHook, Release, Releases};
use crate::Compat;
use crate::chart::Chart;
use crate::cluster::{ApiResource, ClusterHost, documents};
use crate::data::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{Hook, Manifests, PrintOptions};
use crate::render::{self, Capabilities, RenderOptions, RenderedFile};
use crate::values::{self, MergeOptions, Overrides};

/// Whether a change is only shown (`--dry-run`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRun {
    /// It is made.
    #[default]
    None,
    /// It is shown; `lookup` finds nothing, and Helm 4 asks the cluster nothing at all for an install.
    Client,
    /// It is shown, with everything the cluster knows.
    Server,
}

/// Something that changes manifests on their way (`--post-renderer`).
pub trait PostRenderer {
    /// Gives back what becomes of `manifests`.
    ///
    /// # Errors
    /// It failed; the text goes behind `error while running post render on files: `.
    fn run(&self, manifests: &[u8]) -> std::result::Result<Vec<u8>, String>;
}

/// What to render.
#[derive(Clone, Copy)]
pub struct Source<'s> {
    /// The chart.
    pub chart: &'s Chart,
    /// What the user sets.
    pub overrides: &'s Overrides,
    /// How values are merged.
    pub merge: &'s MergeOptions,
    /// What goes over the manifests.
    pub post_renderer: Option<&'s dyn PostRenderer>,
    /// Whether subcharts' notes are recorded too (`--render-subchart-notes`).
    pub subchart_notes: bool,
    /// Whether Secrets are hidden in a dry run (`--hide-secret`).
    pub hide_secrets: bool,
    /// Whether `getHostByName` may ask (`--enable-dns`): given by the host of [`Releases`].
    pub skip_crds: bool,
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("chart", &self.chart.name()).finish_non_exhaustive()
    }
}

/// What a render gave for a record.
pub(super) struct Prepared {
    pub(super) chart: Value,
    pub(super) config: Value,
    pub(super) manifest: String,
    pub(super) hooks: Vec<RecordedHook>,
    pub(super) notes: String,
    pub(super) crds: Vec<(String, String)>,
    pub(super) coming: Vec<ApiResource>,
    pub(super) warnings: Vec<String>,
}

/// For which release.
pub(super) struct Target<'t> {
    pub(super) name: &'t str,
    pub(super) revision: i64,
    pub(super) is_upgrade: bool,
    pub(super) dry_run: DryRun,
}

impl Releases {
    /// Renders a chart for a revision.
    pub(super) fn prepare(&self, source: &Source<'_>, target: &Target<'_>) -> Result<Prepared> {
        let crds: Vec<(String, String)> = if source.skip_crds {
            Vec::new()
        } else {
            let files = source.chart.crds().into_iter();
            files.map(|crd| (crd.path, String::from_utf8_lossy(crd.file.data()).into_owned())).collect()
        };
        let coming = served_by(&crds)?;
        let offline = target.dry_run == DryRun::Client && !target.is_upgrade && self.compat == Compat::Helm4;
        let capabilities = if offline {
            Capabilities::default()
        } else {
            let served = self.cluster.discovery()?.with(&coming);
            self.cluster.capabilities()?.only_api_versions(served.api_versions().iter().cloned())
        };
        let mut options = RenderOptions::new(target.name)
            .namespace(&self.namespace)
            .revision(target.revision)
            .is_upgrade(target.is_upgrade)
            .capabilities(capabilities);
        options = if target.dry_run == DryRun::Client {
            options.host(Arc::clone(&self.host))
        } else {
            options.host(Arc::new(ClusterHost::new(self.cluster.clone(), Arc::clone(&self.host))))
        };
        let mut warnings: Vec<String> = Vec::new();
        if !target.is_upgrade {
            render::check(source.chart, &options)?;
        }
        let values = values::merge_with(source.chart, source.overrides, source.merge)
            .map_err(|error| self.merge_failure(error, source.chart, target))?;
        let rendered = render::render(source.chart, &values, &options)?;
        warnings.extend(rendered.warnings().iter().map(|warning| warning.message.clone()));
        let mut notes = String::from_utf8_lossy(rendered.notes()).into_owned();
        if source.subchart_notes {
            let all =
                rendered.all_notes().iter().map(|note| String::from_utf8_lossy(note.text()).into_owned());
            notes = all.collect::<Vec<_>>().join("\n");
        }
        let chart = super::record::chart_value(values.chart(), self.compat);
        let config = values.user().clone();
        let rendered = match (source.post_renderer, self.compat) {
            (Some(post_renderer), Compat::Helm4) => {
                let files = post_render(post_renderer, rendered.files())?;
                rendered.with_files(files)
            }
            _ => rendered,
        };
        let manifests = Manifests::from_rendered(&rendered)?;
        warnings.extend(manifests.warnings().iter().map(|warning| warning.message.clone()));
        let secrets = !(source.hide_secrets && target.dry_run != DryRun::None);
        let print = PrintOptions { secrets, ..PrintOptions::default() };
        let mut manifest = manifests.release_manifest(&print);
        if let (Some(post_renderer), Compat::Helm3) = (source.post_renderer, self.compat) {
            manifest = post_renderer.run(&manifest).map_err(post_render_failure)?;
        }
        Ok(Prepared {
            chart,
            config,
            manifest: String::from_utf8_lossy(&manifest).into_owned(),
            hooks: manifests.hooks.iter().map(recorded).collect(),
            notes,
            crds,
            coming,
            warnings,
        })
    }

    fn merge_failure(&self, error: Error, chart: &Chart, target: &Target<'_>) -> Error {
        let names_step = self.compat == Compat::Helm4
            && !target.is_upgrade
            && error.kind() == ErrorKind::Values
            && chart.metadata().lists_dependencies;
        if names_step { error.prefixed("chart dependencies processing failed: ") } else { error }
    }
}

fn post_render_failure(text: String) -> Error {
    Error::new(ErrorKind::Template, format!("error while running post render on files: {text}"))
}

fn recorded(hook: &Hook) -> RecordedHook {
    RecordedHook {
        name: hook.name.clone(),
        kind: hook.kind.clone(),
        path: hook.source.to_string(),
        manifest: hook.text.to_text().into_owned(),
        events: hook.events.iter().map(|event| event.as_str().to_owned()).collect(),
        last_run: HookRun::default(),
        weight: hook.weight,
        delete_policies: hook.delete_policies.iter().map(|policy| policy.as_str().to_owned()).collect(),
        log_policies: hook.log_policies.iter().map(|policy| policy.as_str().to_owned()).collect(),
    }
}

/// The annotation by which documents find back to their files. Helm: pkg/action/action.go.
const FILE_NAME: &str = "postrenderer.helm.sh/postrender-filename";

/// Runs a post-renderer over all documents at once; each comes back to the file it is marked with.
fn post_render(post_renderer: &dyn PostRenderer, files: &[RenderedFile]) -> Result<Vec<RenderedFile>> {
    use crate::data::yaml;
    let mut merged = Vec::new();
    for file in files {
        for range in crate::manifest::split(file.content(), Compat::Helm4) {
            let text = file.content().get(range).unwrap_or_default();
            let value = yaml::parse(text).map_err(|error| {
                let text = format!("error merging manifests: parsing {}: {}", file.name(), error.full());
                Error::new(ErrorKind::Manifest, text)
            })?;
            let Value::Map(mut map) = value else { continue };
            annotate(&mut map, file.name());
            if !merged.is_empty() {
                merged.extend_from_slice(b"---\n");
            }
            yaml::write_pretty_into(&mut merged, &Value::Map(map))
                .map_err(|error| Error::new(ErrorKind::Manifest, error.full()))?;
        }
    }
    let answer = post_renderer.run(&merged).map_err(post_render_failure)?;
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for (index, range) in crate::manifest::split(&answer, Compat::Helm4).into_iter().enumerate() {
        let text = answer.get(range).unwrap_or_default();
        let value = yaml::parse(text).map_err(|error| {
            let text =
                format!("error while parsing post rendered output: error parsing YAML: {}", error.full());
            Error::new(ErrorKind::Manifest, text)
        })?;
        let Value::Map(mut map) = value else { continue };
        let name =
            take_annotation(&mut map).unwrap_or_else(|| format!("generated-by-postrender-{index}.yaml"));
        let slot = match found.iter().position(|(known, _)| *known == name) {
            Some(at) => at,
            None => {
                found.push((name, Vec::new()));
                found.len() - 1
            }
        };
        if let Some((_, content)) = found.get_mut(slot) {
            if !content.is_empty() {
                content.extend_from_slice(b"---\n");
            }
            yaml::write_pretty_into(content, &Value::Map(map))
                .map_err(|error| Error::new(ErrorKind::Manifest, error.full()))?;
        }
    }
    Ok(found.into_iter().map(|(name, content)| RenderedFile::new(name, content)).collect())
}

fn annotate(map: &mut Arc<crate::data::Map>, file: &str) {
    let map = Arc::make_mut(map);
    let mut metadata = map.remove("metadata").and_then(into_map).unwrap_or_default();
    let mut annotations = metadata.remove("annotations").and_then(into_map).unwrap_or_default();
    annotations.insert(FILE_NAME, file.into());
    metadata.insert("annotations", annotations.into());
    map.insert("metadata", metadata.into());
}

fn take_annotation(map: &mut Arc<crate::data::Map>) -> Option<String> {
    let map = Arc::make_mut(map);
    let mut metadata = map.remove("metadata").and_then(into_map)?;
    let mut name = None;
    if let Some(mut annotations) = metadata.remove("annotations").and_then(into_map) {
        name = annotations.remove(FILE_NAME).and_then(|value| value.as_str().map(str::to_owned));
        if !annotations.is_empty() {
            metadata.insert("annotations", annotations.into());
        }
    }
    map.insert("metadata", metadata.into());
    name
}

fn into_map(value: Value) -> Option<crate::data::Map> {
    match value {
        Value::Map(map) => Some(Arc::unwrap_or_clone(map)),
        _ => None,
    }
}

/// The kinds that CRDs will serve.
fn served_by(crds: &[(String, String)]) -> Result<Vec<ApiResource>> {
    let mut resources = Vec::new();
    for (path, manifest) in crds {
        let found = documents(manifest.as_bytes())
            .map_err(|error| error.prefixed(format!("failed to install CRD {path}: ")))?;
        for document in &found {
            let text = |pointer: &str| {
                document.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned()
            };
            let versions = document.pointer("/spec/versions").and_then(Json::as_array);
            for version in versions.into_iter().flatten() {
                if version.get("served").and_then(Json::as_bool) == Some(false) {
                    continue;
                }
                resources.push(ApiResource {
                    group: text("/spec/group"),
                    version: version.get("name").and_then(Json::as_str).unwrap_or_default().to_owned(),
                    kind: text("/spec/names/kind"),
                    plural: text("/spec/names/plural"),
                    namespaced: text("/spec/scope") == "Namespaced",
                });
            }
        }
    }
    Ok(resources)
}

/// The chart of a record, as far as values go.
pub(super) fn recorded_chart(release: &Release, compat: Compat) -> Result<Chart> {
    let values = match release.chart.get("values") {
        Some(values @ Value::Map(_)) => values.clone(),
        _ => Value::empty_map(),
    };
    let name = match release.chart_name() {
        "" => "chart",
        name => name,
    };
    Chart::builder(name).compat(compat).values(values).build()
}

/// The user's values over the chart's.
pub(super) fn recorded_values(release: &Release, compat: Compat) -> Result<Value> {
    let chart = recorded_chart(release, compat)?;
    let overrides = Overrides::new().value(release.config.clone());
    let merged = values::merge_with(&chart, &overrides, &MergeOptions::default().skip_schema(true))?;
    Ok(merged.tree().clone())
}
