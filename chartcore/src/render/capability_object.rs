//! `.Capabilities`: what templates see of [`Capabilities`].

use std::any::Any as Downcast;
use std::ops::Range;
use std::sync::Arc;

use super::capabilities::{self, Capabilities};
use super::go_struct::{in_order, json_object, print_struct};
use crate::Compat;
use crate::data::{self, Value};
use crate::template::{Any, Method, Object, Scope, Type};

/// `.Capabilities` for one render.
pub(super) fn capabilities_object(capabilities: Arc<Capabilities>, compat: Compat) -> Any {
    Any::object(CapabilitiesObject { capabilities, compat })
}

/// `.Capabilities`.
#[derive(Debug)]
struct CapabilitiesObject {
    capabilities: Arc<Capabilities>,
    compat: Compat,
}

impl CapabilitiesObject {
    fn package(&self) -> &'static str {
        match self.compat {
            Compat::Helm3 => "chartutil",
            Compat::Helm4 => "common",
        }
    }

    fn kube_version(&self) -> Any {
        let capabilities = Arc::clone(&self.capabilities);
        Any::object(KubeVersionObject {
            capabilities,
            compat: self.compat,
            addressable: true,
            emptied: false,
        })
    }

    fn api_versions(&self) -> Any {
        let capabilities = Arc::clone(&self.capabilities);
        let shown = 0..capabilities.known_api_versions().len();
        Any::object(ApiVersionsObject { capabilities, compat: self.compat, shown })
    }

    fn helm_version(&self) -> Any {
        Any::object(HelmVersionObject { compat: self.compat })
    }
}

impl Object for CapabilitiesObject {
    fn type_name(&self) -> &str {
        match self.package() {
            "chartutil" => "*chartutil.Capabilities",
            _ => "*common.Capabilities",
        }
    }

    fn kind(&self) -> &'static str {
        "ptr"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        Some(match name {
            b"KubeVersion" => self.kube_version(),
            b"APIVersions" => self.api_versions(),
            b"HelmVersion" => self.helm_version(),
            _ => return None,
        })
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'&');
        print_struct(out, [self.kube_version(), self.api_versions(), self.helm_version()]);
    }

    fn fields(&self) -> Option<Vec<(&'static str, Any)>> {
        self.json_fields()
    }

    fn to_value(&self) -> Value {
        let field = |any: Any| any.to_value().unwrap_or_default();
        data::Map::from_entries(vec![
            ("APIVersions".into(), field(self.api_versions())),
            ("HelmVersion".into(), field(self.helm_version())),
            ("KubeVersion".into(), field(self.kube_version())),
        ])
        .into()
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        Some(vec![
            ("KubeVersion", self.kube_version()),
            ("APIVersions", self.api_versions()),
            ("HelmVersion", self.helm_version()),
        ])
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// `.Capabilities.KubeVersion`: a struct with the methods `String` and `GitVersion`.
#[derive(Debug)]
struct KubeVersionObject {
    capabilities: Arc<Capabilities>,
    compat: Compat,
    /// Whether an action can reach the pointer's `String` method.
    addressable: bool,
    /// Whether `deepCopy` has emptied the field that is not exported.
    emptied: bool,
}

static KUBE_VERSION_METHODS: [Method; 2] = [
    Method {
        name: "String",
        params: &[],
        variadic: false,
        call: |_: &mut Scope<'_>, arguments| {
            Ok(kube_version(arguments)
                .map_or(Any::Nil, |it| Any::str(it.capabilities.kube_version().normalized())))
        },
    },
    Method {
        name: "GitVersion",
        params: &[],
        variadic: false,
        call: |_: &mut Scope<'_>, arguments| {
            Ok(kube_version(arguments)
                .map_or(Any::Nil, |it| Any::str(it.capabilities.kube_version().version(it.compat))))
        },
    },
];

fn kube_version(arguments: &[Any]) -> Option<&KubeVersionObject> {
    arguments.first()?.downcast()
}

impl Object for KubeVersionObject {
    fn type_name(&self) -> &str {
        match self.compat {
            Compat::Helm3 => "chartutil.KubeVersion",
            Compat::Helm4 => "common.KubeVersion",
        }
    }

    fn kind(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        let version = self.capabilities.kube_version();
        Some(match name {
            b"Version" => Any::str(version.version(self.compat)),
            b"Major" => Any::str(version.major()),
            b"Minor" => Any::str(version.minor()),
            _ => return None,
        })
    }

    fn method(&self, name: &[u8]) -> Option<&'static Method> {
        KUBE_VERSION_METHODS.iter().find(|method| method.name.as_bytes() == name)
    }

    /// The `String` method is the pointer's: printf does not see it.
    fn print(&self, out: &mut Vec<u8>) {
        print_struct(out, self.fields().unwrap_or_default().into_iter().map(|field| field.1));
    }

    fn print_in_action(&self, out: &mut Vec<u8>) {
        if self.addressable {
            out.extend_from_slice(self.capabilities.kube_version().normalized().as_bytes());
        } else {
            self.print(out);
        }
    }

    fn copied(&self) -> Option<Any> {
        let capabilities = Arc::clone(&self.capabilities);
        let emptied = self.emptied;
        Some(Any::object(KubeVersionObject {
            capabilities,
            compat: self.compat,
            addressable: false,
            emptied,
        }))
    }

    fn deep_copied(&self) -> Option<Any> {
        let (capabilities, compat) = (Arc::clone(&self.capabilities), self.compat);
        Some(Any::object(KubeVersionObject { capabilities, compat, addressable: false, emptied: true }))
    }

    fn fields(&self) -> Option<Vec<(&'static str, Any)>> {
        let version = self.capabilities.kube_version();
        let mut fields = vec![
            ("Version", Any::str(version.version(self.compat))),
            ("Major", Any::str(version.major())),
            ("Minor", Any::str(version.minor())),
        ];
        if self.compat == Compat::Helm4 {
            let normalized = if self.emptied { "" } else { version.normalized() };
            fields.insert(1, ("normalizedVersion", Any::str(normalized)));
        }
        Some(fields)
    }

    fn to_value(&self) -> Value {
        let version = self.capabilities.kube_version();
        data::Map::from_entries(vec![
            ("Version".into(), version.version(self.compat).into()),
            ("Major".into(), version.major().into()),
            ("Minor".into(), version.minor().into()),
        ])
        .into()
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        Some(in_order(&self.to_value(), &["Version", "Major", "Minor"]))
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// `.Capabilities.APIVersions`: a list of texts with the method `Has`.
#[derive(Debug)]
struct ApiVersionsObject {
    capabilities: Arc<Capabilities>,
    compat: Compat,
    /// Which of them: all, or what `slice` left.
    shown: Range<usize>,
}

impl ApiVersionsObject {
    fn versions(&self) -> &[String] {
        self.capabilities.known_api_versions().get(self.shown.clone()).unwrap_or_default()
    }
}

static HAS: Method = Method {
    name: "Has",
    params: &[Type::String],
    variadic: false,
    call: |_: &mut Scope<'_>, arguments| {
        let versions = arguments.first().and_then(Any::downcast::<ApiVersionsObject>);
        let (Some(versions), Some(Any::Str(wanted))) = (versions, arguments.get(1)) else {
            return Ok(Any::Bool(false));
        };
        let found = versions.versions().iter().any(|known| known.as_bytes() == wanted.as_bytes());
        Ok(Any::Bool(found))
    },
};

impl Object for ApiVersionsObject {
    fn type_name(&self) -> &str {
        match self.compat {
            Compat::Helm3 => "chartutil.VersionSet",
            Compat::Helm4 => "common.VersionSet",
        }
    }

    fn kind(&self) -> &'static str {
        "slice"
    }

    fn method(&self, name: &[u8]) -> Option<&'static Method> {
        (name == b"Has").then_some(&HAS)
    }

    fn entries(&self) -> Option<Vec<(Any, Any)>> {
        let versions = self.versions().iter().enumerate();
        Some(versions.map(|(index, version)| (Any::Int(index as i64), Any::str(version))).collect())
    }

    fn part(&self, start: usize, end: usize) -> Option<Any> {
        self.versions().get(start..end)?;
        let shown = self.shown.start + start..self.shown.start + end;
        let capabilities = Arc::clone(&self.capabilities);
        Some(Any::object(ApiVersionsObject { capabilities, compat: self.compat, shown }))
    }

    fn truth(&self) -> bool {
        !self.versions().is_empty()
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        out.extend_from_slice(self.versions().join(" ").as_bytes());
        out.push(b']');
    }

    fn to_value(&self) -> Value {
        let versions = self.versions().iter();
        versions.map(|version| Value::from(version.as_str())).collect::<Vec<_>>().into()
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}

/// `.Capabilities.HelmVersion`: the build charts may ask about.
#[derive(Debug)]
struct HelmVersionObject {
    compat: Compat,
}

impl HelmVersionObject {
    fn texts(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut texts = vec![
            ("Version", "version", capabilities::helm_version(self.compat)),
            ("GitCommit", "git_commit", ""),
            ("GitTreeState", "git_tree_state", "clean"),
            ("GoVersion", "go_version", "go1.26.8"),
        ];
        if self.compat == Compat::Helm4 {
            texts.push(("KubeClientVersion", "kube_client_version", "v1.37"));
        }
        texts
    }
}

impl Object for HelmVersionObject {
    fn type_name(&self) -> &str {
        "version.BuildInfo"
    }

    fn kind(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        self.texts().iter().find(|field| field.0.as_bytes() == name).map(|field| Any::str(field.2))
    }

    fn print(&self, out: &mut Vec<u8>) {
        print_struct(out, self.texts().iter().map(|field| Any::str(field.2)));
    }

    fn fields(&self) -> Option<Vec<(&'static str, Any)>> {
        Some(self.texts().iter().map(|field| (field.0, Any::str(field.2))).collect())
    }

    fn to_value(&self) -> Value {
        json_object(self.texts().iter().map(|field| (field.1, field.2)))
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Any)>> {
        let keys: Vec<&'static str> = self.texts().iter().map(|field| field.1).collect();
        Some(in_order(&self.to_value(), &keys))
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}
