//! From the objects of one manifest to those of the next.

use serde_json::{Value as Json, json};

use super::apply::{self, ApplyOptions, Propagation};
use super::request::{Failure, Http};
use super::{AT_ONCE, Cluster, Object, managed, strategic};
use crate::error::{Error, ErrorKind, Result};

/// Who computes what an object shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The server, by field ownership.
    ServerSide,
    /// This program, from the old manifest, the new one and the live object.
    ClientSide,
    /// Nobody: the object is replaced (`--force-replace`).
    Replace,
}

/// How [`Cluster::update`] works.
#[derive(Debug, Clone, Copy)]
pub struct UpdateOptions {
    /// Who merges.
    pub method: Method,
    /// Whether fields of other managers are taken.
    pub force_conflicts: bool,
    /// Whether fields that were written by the client before are taken over first.
    pub upgrade_managed_fields: bool,
    /// Whether objects without a known type merge from the live object too.
    pub three_way_for_unknown: bool,
}

/// What an update did, also when it failed on the way.
#[derive(Debug, Default)]
pub struct Updated {
    /// Objects that were not there before.
    pub created: Vec<Object>,
    /// Objects that were.
    pub updated: Vec<Object>,
    /// Objects that are no longer wanted.
    pub deleted: Vec<Object>,
    /// Why it stopped.
    pub error: Option<Error>,
}

/// The annotation that keeps an object from being deleted. Helm: pkg/kube/resource_policy.go.
const RESOURCE_POLICY: &str = "helm.sh/resource-policy";

impl Cluster {
    /// Makes objects that are not there yet, kind by kind, those of one kind side by side.
    ///
    /// Helm: pkg/kube/client.go, `Create`.
    ///
    /// # Errors
    /// Every refusal, in order, joined by line breaks.
    pub fn create(
        &self,
        objects: &[Object],
        server_side: bool,
        force_conflicts: bool,
    ) -> Result<Vec<Object>> {
        if objects.is_empty() {
            return Err(Error::new(ErrorKind::Cluster, "no objects visited"));
        }
        let mut created = Vec::new();
        let mut refusals = Vec::new();
        for batch in batches(objects) {
            let options = ApplyOptions { force: force_conflicts, ..ApplyOptions::default() };
            let answers = self.each(batch, |object| async move {
                // A generated name cannot be applied.
                if server_side && !object.name.is_empty() {
                    apply::apply(self.http(), self.manager(), object, options).await.map(drop)
                } else {
                    apply::create(self.http(), self.manager(), object).await.map(drop)
                }
            });
            for (object, answer) in batch.iter().zip(answers) {
                match answer {
                    Ok(()) => created.push(object.clone()),
                    Err(failure) => refusals.push(failure),
                }
            }
        }
        if refusals.is_empty() {
            return Ok(created);
        }
        let exists = refusals.iter().all(Failure::already_exists);
        let texts: Vec<String> = refusals.iter().map(Failure::text).collect();
        let kind = if exists { ErrorKind::AlreadyExists } else { ErrorKind::Cluster };
        Err(Error::new(kind, texts.join("\n")))
    }

    /// Makes the live objects those of `targets`, and deletes those of `originals` that are not among them.
    ///
    /// Helm: pkg/kube/client.go, `Update`.
    pub fn update(&self, originals: &[Object], targets: &[Object], options: &UpdateOptions) -> Updated {
        let mut updated = Updated::default();
        let mut problems: Vec<String> = Vec::new();
        for batch in batches(targets) {
            let answers = self.each(batch, |target| async move {
                let original = originals.iter().find(|original| original.is_same(target));
                one(self.http(), self.manager(), original, target, options).await
            });
            let mut stop = None;
            for (target, answer) in batch.iter().zip(answers) {
                match answer {
                    Ok(true) => updated.created.push(target.clone()),
                    Ok(false) => updated.updated.push(target.clone()),
                    Err(Refused::Create(failure)) => {
                        stop.get_or_insert(format!("failed to create resource: {}", failure.text()));
                    }
                    Err(Refused::Read(failure)) => {
                        stop.get_or_insert(format!(
                            "could not get information about the resource: {}",
                            failure.text()
                        ));
                    }
                    Err(Refused::Update(failure)) => problems.push(failure.text()),
                }
            }
            if let Some(text) = stop {
                updated.error = Some(Error::new(ErrorKind::Cluster, text));
                return updated;
            }
        }
        if problems.is_empty() {
            self.delete_unwanted(originals, targets, &mut updated, &mut problems);
        }
        if !problems.is_empty() {
            updated.error = Some(Error::new(ErrorKind::Cluster, problems.join(" && ")));
        }
        updated
    }

    fn delete_unwanted(
        &self,
        originals: &[Object],
        targets: &[Object],
        updated: &mut Updated,
        problems: &mut Vec<String>,
    ) {
        let unwanted: Vec<Object> = originals
            .iter()
            .filter(|original| !targets.iter().any(|target| target.is_same(original)))
            .cloned()
            .collect();
        let answers = self.each(&unwanted, |object| async move {
            let live = match self.http().find(&object.path()).await {
                Ok(Some(live)) => live,
                // What cannot be seen is not deleted, as in Helm.
                Ok(None) | Err(_) => return Ok(false),
            };
            let policy = live.get("metadata").and_then(|metadata| metadata.get("annotations"));
            if policy.and_then(|all| all.get(RESOURCE_POLICY)).and_then(Json::as_str) == Some("keep") {
                return Ok(false);
            }
            apply::delete(self.http(), object, Propagation::Background).await
        });
        for (object, answer) in unwanted.into_iter().zip(answers) {
            match answer {
                Ok(true) => updated.deleted.push(object),
                Ok(false) => {}
                Err(failure) => problems.push(format!(
                    "failed to delete resource namespace={}, name={}, kind={}: {}",
                    object.namespace,
                    object.name,
                    object.resource.kind,
                    failure.text()
                )),
            }
        }
    }

    /// Deletes objects, kind by kind; those that are gone already do not matter.
    ///
    /// # Errors
    /// The refusals, in order.
    pub fn delete(
        &self,
        objects: &[Object],
        propagation: Propagation,
    ) -> std::result::Result<(), Vec<Error>> {
        let mut refusals = Vec::new();
        for batch in batches(objects) {
            let answers = self
                .each(batch, |object| async move { apply::delete(self.http(), object, propagation).await });
            refusals.extend(answers.into_iter().filter_map(std::result::Result::err).map(Error::from));
        }
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }

    /// What an apply of `object` would make of it; nothing is written.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`] with the server's text.
    pub fn dry_run(&self, object: &Object) -> Result<Json> {
        let options = ApplyOptions { force: true, dry_run: true, lenient: false };
        let answer = self.run(apply::apply(self.http(), self.manager(), object, options));
        answer.map(|applied| applied.live).map_err(Failure::into_error)
    }

    /// Applies `object` on the server.
    ///
    /// # Errors
    /// [`ErrorKind::Cluster`] with the server's text.
    pub fn apply(&self, object: &Object, options: ApplyOptions) -> Result<super::Applied> {
        self.run(apply::apply(self.http(), self.manager(), object, options)).map_err(Failure::into_error)
    }
}

/// Neighbours of one kind, no more than are sent at a time.
fn batches(objects: &[Object]) -> impl Iterator<Item = &[Object]> {
    objects
        .chunk_by(|left, right| left.resource.kind == right.resource.kind)
        .flat_map(|kind| kind.chunks(AT_ONCE * 4))
}

/// At which step an update of one object was refused.
enum Refused {
    Read(Failure),
    Create(Failure),
    Update(Failure),
}

/// Makes one live object what `target` says; tells whether it was made.
async fn one(
    http: &Http,
    manager: &str,
    original: Option<&Object>,
    target: &Object,
    options: &UpdateOptions,
) -> std::result::Result<bool, Refused> {
    let apply_options = ApplyOptions { force: options.force_conflicts, ..ApplyOptions::default() };
    if options.method == Method::ServerSide && !options.upgrade_managed_fields && !target.name.is_empty() {
        // The server says whether it made the object: there is nothing to ask before.
        let applied = apply::apply(http, manager, target, apply_options).await.map_err(Refused::Update)?;
        return Ok(applied.created);
    }
    let live =
        if target.name.is_empty() { None } else { http.find(&target.path()).await.map_err(Refused::Read)? };
    let Some(live) = live else {
        let made = match options.method {
            Method::ServerSide if !target.name.is_empty() => {
                apply::apply(http, manager, target, apply_options).await.map(drop)
            }
            _ => apply::create(http, manager, target).await.map(drop),
        };
        return made.map(|()| true).map_err(Refused::Create);
    };
    let changed = match options.method {
        Method::Replace => apply::replace(http, manager, target, apply_options).await.map(drop),
        Method::ServerSide => take_over_and_apply(http, manager, target, live, apply_options).await,
        Method::ClientSide => merge(http, manager, original, target, live, options).await,
    };
    changed.map(|()| false).map_err(Refused::Update)
}

async fn take_over_and_apply(
    http: &Http,
    manager: &str,
    target: &Object,
    mut live: Json,
    options: ApplyOptions,
) -> std::result::Result<(), Failure> {
    for _ in 0..5 {
        let Some(patch) = managed::upgrade(&live, manager) else { break };
        match apply::patch(http, manager, target, "application/json-patch+json", &patch).await {
            Ok(_) => break,
            Err(failure) if failure.is_conflict() => match http.find(&target.path()).await? {
                Some(newer) => live = newer,
                None => break,
            },
            Err(failure) => return Err(failure),
        }
    }
    apply::apply(http, manager, target, options).await.map(drop)
}

/// Merges by the client. A write that meets a newer object is computed again from it.
async fn merge(
    http: &Http,
    manager: &str,
    original: Option<&Object>,
    target: &Object,
    mut live: Json,
    options: &UpdateOptions,
) -> std::result::Result<(), Failure> {
    let kind = target.resource.kind.as_str();
    let mut tries = 0;
    loop {
        let Some(patch) = merge_patch(original, target, &live, options) else { return Ok(()) };
        match apply::patch(http, manager, target, "application/merge-patch+json", &patch).await {
            Ok(_) => return Ok(()),
            Err(failure) if failure.is_conflict() && tries < 5 => {
                tries += 1;
                match http.find(&target.path()).await? {
                    Some(newer) => live = newer,
                    None => return apply::create(http, manager, target).await.map(drop),
                }
            }
            Err(failure) => {
                let prefix = format!("cannot patch {:?} with kind {kind}: ", target.name);
                return Err(apply::prefixed(failure, &prefix));
            }
        }
    }
}

/// What to send so that the live object becomes what it shall be; nothing when it is already.
fn merge_patch(
    original: Option<&Object>,
    target: &Object,
    live: &Json,
    options: &UpdateOptions,
) -> Option<Json> {
    let old = original.map_or(live, |original| &original.json);
    let api_version = target.resource.api_version();
    let merged = if strategic::is_known(&api_version, &target.resource.kind) {
        strategic::merge(&api_version, &target.resource.kind, old, &target.json, live)
    } else if options.three_way_for_unknown {
        strategic::merge_json(old, &target.json, live)
    } else {
        // Helm patches from the old manifest to the new one, whatever the live object says.
        return strategic::difference(old, &target.json);
    };
    let mut patch = strategic::difference(live, &merged)?;
    if let (Some(patch), Some(version)) =
        (patch.as_object_mut(), live.pointer("/metadata/resourceVersion").cloned())
    {
        let metadata = patch.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("resourceVersion".to_owned(), version);
        }
    }
    Some(patch)
}
