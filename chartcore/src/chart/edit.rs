//! A chart with other metadata, in memory.

use super::{Chart, File, LoadOptions, load_files};
use crate::data::{Value, yaml};
use crate::error::{Error, ErrorKind, Result};

/// What to change in Chart.yaml.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataChange {
    /// The chart's new name.
    pub name: Option<String>,
    /// The chart's new version.
    pub version: Option<String>,
    /// The new version of what it installs.
    pub app_version: Option<String>,
}

impl Chart {
    /// The chart with other metadata: as if Chart.yaml had been edited and the chart loaded again.
    ///
    /// # Errors
    /// Those of loading: a name or version that is none.
    pub fn with_metadata(&self, change: &MetadataChange) -> Result<Self> {
        let mut metadata = self.metadata().to_value();
        let Some(map) = metadata.as_map_mut() else {
            return Err(Error::new(ErrorKind::Chart, "Chart.yaml is no map"));
        };
        for (key, value) in
            [("name", &change.name), ("version", &change.version), ("appVersion", &change.app_version)]
        {
            if let Some(value) = value {
                map.insert(key, Value::from(value.as_str()));
            }
        }
        let text = yaml::write(&metadata)
            .map_err(|error| Error::new(ErrorKind::Chart, format!("Chart.yaml: {error}")))?;
        let replaced = |file: &File| match file.name() {
            "Chart.yaml" => File::new("Chart.yaml", text.clone()),
            _ => file.clone(),
        };
        load_files(self.raw().iter().map(replaced).collect(), &LoadOptions::new(self.compat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Compat;

    #[test]
    fn metadata_changes_and_nothing_else() {
        let files = vec![
            File::new(
                "Chart.yaml",
                b"apiVersion: v2\nname: web\nversion: 0.1.0\nannotations: {a: b}\n".to_vec(),
            ),
            File::new("templates/a.yaml", b"a: {{ .Chart.Version }}".to_vec()),
        ];
        let chart = load_files(files, &LoadOptions::new(Compat::Helm4)).unwrap();
        let change = MetadataChange {
            name: Some("shop".to_owned()),
            version: Some("2.0.0".to_owned()),
            app_version: Some("7".to_owned()),
        };
        let changed = chart.with_metadata(&change).unwrap();
        let metadata = changed.metadata();
        assert_eq!((changed.name(), &*metadata.version, &*metadata.app_version), ("shop", "2.0.0", "7"));
        assert_eq!(metadata.annotations, chart.metadata().annotations);
        assert_eq!(changed.templates().len(), 1);
        assert_eq!(chart.name(), "web");
    }
}
