//! Putting away a change whose maker died.

use super::plan::{Action, ChangeOptions, Plan, Step};
use super::{ApplyMethod, Release, Releases, Status, is_release_name};
use crate::cluster::Propagation;
use crate::error::{Error, ErrorKind, Result};

impl Releases {
    /// Plans to put a release that is stuck back to where Helm and `chart` go on: a revision that is pending or
    /// uninstalling becomes failed, with a description that says who did it, and the revision that was deployed
    /// before stays the deployed one. Objects are not touched.
    ///
    /// # Errors
    /// [`ErrorKind::Release`] when the release is not stuck.
    pub fn plan_unlock(&self, name: &str) -> Result<Plan> {
        self.cluster.check_reachable(self.compat)?;
        if !is_release_name(name) {
            return Err(Error::new(ErrorKind::Usage, format!("release name is invalid: {name}")));
        }
        let history = self.revisions(name)?;
        let Some(last) = history.last() else { return Err(super::not_found()) };
        if !last.info.status.is_pending() && last.info.status != Status::Uninstalling {
            return Err(Error::new(
                ErrorKind::Release,
                format!(
                    "the release `{name}` is {}, not stuck: there is nothing to unlock",
                    last.info.status
                ),
            ));
        }
        let description = unlocked(last, &history);
        let release = last.clone();
        Ok(Plan {
            action: Action::Unlock,
            compat: self.compat,
            newest: last.revision,
            base: None,
            method: last.apply_method.unwrap_or(ApplyMethod::ClientSide),
            release,
            steps: vec![Step::UpdateRecord { status: Status::Failed.as_str().to_owned(), description }],
            options: ChangeOptions::default(),
            propagation: Propagation::Background,
            warnings: Vec::new(),
            dry_run: false,
            kept: String::new(),
        })
    }
}

fn unlocked(last: &Release, history: &[Release]) -> String {
    let before = history.iter().rfind(|release| release.info.status == Status::Deployed);
    let stuck = last.info.status;
    match before {
        Some(good) => format!("Unlocked: was {stuck}; revision {} is still deployed", good.revision),
        None => format!("Unlocked: was {stuck}; no revision is deployed"),
    }
}
