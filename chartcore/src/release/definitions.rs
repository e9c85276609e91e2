//! A chart's CRDs, which no release touches once they are there: to look at and to apply on purpose.

use super::diff::{DiffOptions, Difference, compare};
use super::{Release, Releases, ownership};
use crate::Compat;
use crate::chart::Chart;
use crate::cluster::{ApplyOptions, Object, WaitOptions, WaitStrategy};
use crate::error::Result;

/// How long applied CRDs may take to be served.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

impl Releases {
    fn definitions(&self, chart: &Chart) -> Result<Vec<Object>> {
        let mut objects = Vec::new();
        for crd in chart.crds() {
            let found = self.cluster.objects(crd.file.data(), &self.namespace);
            objects.extend(found.map_err(|error| error.prefixed(format!("{}: ", crd.path)))?);
        }
        Ok(objects)
    }

    /// What [`Releases::apply_crds`] would change: asked of the server, nothing is written.
    ///
    /// # Errors
    /// A CRD cannot be read, or the server refuses it.
    pub fn diff_crds(&self, chart: &Chart, options: &DiffOptions) -> Result<Vec<Difference>> {
        self.cluster.check_reachable(self.compat)?;
        let mut out = Vec::new();
        for object in self.definitions(chart)? {
            let old = self.cluster.get(&object)?;
            let new = self.cluster.dry_run(&object)?;
            out.extend(compare(&object, old.as_ref(), Some(&new), options));
        }
        Ok(out)
    }

    /// Applies the CRDs of a chart and its subcharts, those that are there included, and waits until they are
    /// served. Answers which there were.
    ///
    /// # Errors
    /// The server refuses one, or one is not served in a minute.
    pub fn apply_crds(&self, chart: &Chart, force_conflicts: bool) -> Result<Vec<(String, bool)>> {
        self.cluster.check_reachable(self.compat)?;
        let objects = self.definitions(chart)?;
        let mut done = Vec::new();
        for object in &objects {
            let options = ApplyOptions { force: force_conflicts, ..ApplyOptions::default() };
            done.push((object.name.clone(), self.cluster.apply(object, options)?.created));
        }
        let options = WaitOptions {
            strategy: WaitStrategy::Watcher,
            jobs: false,
            timeout: TIMEOUT,
            host: self.host(),
            observer: None,
        };
        self.cluster.wait(&objects, &options)?;
        self.cluster.forget_discovery();
        Ok(done)
    }

    /// Checks what an install of `manifest` would meet, as `template --validate` does: that every kind is
    /// served and no object is somebody else's.
    ///
    /// # Errors
    /// In Helm's words.
    pub fn check_manifest(&self, name: &str, manifest: &[u8]) -> Result<()> {
        let unable = "unable to build kubernetes objects from release manifest: ";
        let objects =
            self.cluster.objects(manifest, &self.namespace).map_err(|error| error.prefixed(unable))?;
        self.existing(&objects, name, false, "install").map(drop)
    }

    /// Checks that the cluster answers, in the words of an install.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Cluster`].
    pub fn check_reachable(&self) -> Result<()> {
        self.cluster.check_reachable(self.compat).map_err(|error| match self.compat {
            Compat::Helm3 => error,
            Compat::Helm4 => error.prefixed("cluster reachability check failed: "),
        })
    }
}

impl Release {
    /// Whether a live object carries this release's marks.
    pub fn owns(&self, live: &serde_json::Value) -> bool {
        ownership::check(live, &self.name, &self.namespace).is_ok()
    }
}
