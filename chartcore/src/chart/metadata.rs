//! Chart.yaml and Chart.lock.

use crate::data::Value;

/// Chart.yaml, field by field as Helm's `chart.Metadata` (pkg/chart/v2/metadata.go). An absent text is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The chart's name.
    pub name: String,
    /// The home page.
    pub home: String,
    /// Where the source is.
    pub sources: Vec<String>,
    /// The chart's version, as written.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// For searching.
    pub keywords: Vec<String>,
    /// Who maintains it. A null entry stays to be refused by validation.
    pub maintainers: Vec<Option<Maintainer>>,
    /// The icon's URL.
    pub icon: String,
    /// `v1` or `v2`.
    pub api_version: String,
    /// For charts that are dependencies: the path that enables them.
    pub condition: String,
    /// For charts that are dependencies: tags.
    pub tags: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Key and value, sorted by key.
    pub annotations: Vec<(String, String)>,
    /// A constraint on the cluster's version.
    pub kube_version: String,
    /// The subcharts. A null entry stays to be refused by validation.
    pub dependencies: Vec<Option<Dependency>>,
    /// `application`, `library` or nothing.
    pub kind: String,
}

/// A person or a team.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Maintainer {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Page.
    pub url: String,
}

/// An entry of `dependencies` (pkg/chart/v2/dependency.go).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dependency {
    /// The chart's name.
    pub name: String,
    /// A constraint.
    pub version: String,
    /// A URL, `file://`, `@name`, `alias:name`, or nothing for a chart in `charts/`.
    pub repository: String,
    /// Comma-separated paths that enable it.
    pub condition: String,
    /// Tags that enable it.
    pub tags: Vec<String>,
    /// Set by Helm when it has decided.
    pub enabled: bool,
    /// `import-values`, as written.
    pub import_values: Vec<Value>,
    /// The name to use instead.
    pub alias: String,
}

/// Chart.lock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lock {
    /// When it was made, as written.
    pub generated: String,
    /// Digest of the dependencies it locks.
    pub digest: String,
    /// Exact versions.
    pub dependencies: Vec<Dependency>,
}
