//! Which container images the objects of a release name.

use super::Manifests;
use crate::data::{Value, yaml};

/// The lists of a pod's specification whose entries have an `image`.
const CONTAINERS: [&str; 3] = ["containers", "ephemeralContainers", "initContainers"];

impl Manifests {
    /// The images of all containers, in whatever kind of object they stand: each once, sorted.
    ///
    /// Looks into resources and hooks, below every key `containers`, `initContainers` and
    /// `ephemeralContainers`, and at image volumes. Documents that are not YAML are passed over: only CRDs, which
    /// are not among them, can be so.
    pub fn images(&self) -> Vec<String> {
        let resources = self.resources.iter().map(|resource| &resource.text);
        let texts = resources.chain(self.hooks.iter().map(|hook| &hook.text));
        let mut images = Vec::new();
        for text in texts {
            if let Ok(object) = yaml::parse(text.as_bytes()) {
                collect(&object, &mut images);
            }
        }
        images.sort_unstable();
        images.dedup();
        images
    }
}

/// Walks an object with a stack of its own: documents may nest deep.
fn collect(object: &Value, images: &mut Vec<String>) {
    let mut rest = vec![object];
    while let Some(value) = rest.pop() {
        match value {
            Value::List(list) => rest.extend(list.iter()),
            Value::Map(map) => {
                for (key, value) in map.iter() {
                    let entries = value.as_list().unwrap_or_default().iter();
                    if CONTAINERS.iter().any(|name| *key == **name) {
                        push(images, entries.map(|entry| entry.get("image")));
                    } else if *key == *"volumes" {
                        push(images, entries.map(|entry| entry.get("image")?.get("reference")));
                    }
                    rest.push(value);
                }
            }
            _ => {}
        }
    }
}

fn push<'a>(images: &mut Vec<String>, found: impl Iterator<Item = Option<&'a Value>>) {
    let texts = found.flatten().filter_map(Value::as_str).filter(|text| !text.is_empty());
    images.extend(texts.map(str::to_owned));
}

#[cfg(test)]
mod tests {
    use crate::Compat;
    use crate::manifest::Manifests;
    use crate::render::RenderedFile;

    #[test]
    fn images_come_from_containers_of_any_kind_once_and_sorted() {
        let text = "kind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{image: web:2}, {image: web:2}, {name: x}]\n  \
                    initContainers: [{image: init}]\n  volumes: [{image: {reference: models:1}}, {emptyDir: {}}]\n---\n\
                    kind: CronJob\nmetadata: {name: b, annotations: {helm.sh/hook: test}}\n\
                    spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: job}]}}}}}\n---\n\
                    kind: ConfigMap\nmetadata: {name: c}\ndata: {image: not-one}\n";
        let file = RenderedFile::new("c/templates/all.yaml", text.as_bytes().to_vec());
        let manifests = Manifests::from_files(&[file], Compat::Helm4).unwrap();
        assert_eq!(manifests.images(), ["init", "job", "models:1", "web:2"]);
    }
}
