//! `.Files`: the chart's other files, as templates may read them.
//!
//! Helm: pkg/engine/files.go.

use std::any::Any as Downcast;
use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use crate::Compat;
use crate::chart::File;
use crate::data::{self, Str, Value, json, yaml};
use crate::files::{Glob, base_name};
use crate::template::{Any, Element, Fault, List, Method, Object, Scope, Type};

/// A set of files: all of a chart, or those a pattern chose.
pub(super) struct Files {
    compat: Compat,
    all: Arc<[File]>,
    /// The set by name, made when a template first asks.
    sorted: OnceCell<Vec<File>>,
}

impl Files {
    /// All files of a chart.
    pub(super) fn new(compat: Compat, all: Arc<[File]>) -> Self {
        Self { compat, all, sorted: OnceCell::new() }
    }

    /// The files by name; of files of one name the last.
    fn sorted(&self) -> &[File] {
        self.sorted.get_or_init(|| {
            let mut files = self.all.to_vec();
            files.sort_by(|left, right| left.name().cmp(right.name()));
            files.dedup_by(|later, earlier| {
                let same = later.name() == earlier.name();
                if same {
                    std::mem::swap(later, earlier);
                }
                same
            });
            files
        })
    }

    fn find(&self, name: &[u8]) -> Option<&File> {
        let files = self.sorted();
        let index = files.binary_search_by(|file| file.name().as_bytes().cmp(name)).ok()?;
        files.get(index)
    }

    fn data(&self, name: &[u8]) -> Arc<[u8]> {
        self.find(name).map(File::shared_data).unwrap_or_default()
    }

    fn glob(&self, pattern: &[u8]) -> Self {
        let pattern = String::from_utf8_lossy(pattern);
        let chosen = match Glob::new(&pattern) {
            Ok(glob) => self.sorted().iter().filter(|file| glob.is_match(file.name())).cloned().collect(),
            // Helm takes `**` for a pattern it cannot read.
            Err(_) => self.sorted().to_vec(),
        };
        Self { compat: self.compat, all: Arc::default(), sorted: OnceCell::from(chosen) }
    }

    /// The files under their base names as a YAML map, each through `show`. Of files of one base name Helm
    /// takes any; here it is the last by path.
    fn as_yaml(&self, show: impl Fn(&File) -> Value) -> Any {
        let entries = self.sorted().iter().map(|file| (base_name(file.name()).into(), show(file)));
        let map: Value = entries.collect::<data::Map>().into();
        let mut text = yaml::write(&map).unwrap_or_default();
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        Any::str(text)
    }
}

fn bytes(data: Arc<[u8]>) -> Any {
    Any::List(List::bytes(data))
}

fn base64(file: &File) -> Value {
    Value::String(json::encode_base64(file.data()).into())
}

fn receiver(arguments: &[Any]) -> Result<&Files, Fault> {
    arguments.first().and_then(Any::downcast).ok_or_else(|| Fault::new("not a files object"))
}

fn name(arguments: &[Any]) -> &[u8] {
    match arguments.get(1) {
        Some(Any::Str(name)) => name,
        _ => b"",
    }
}

static METHODS: [Method; 6] = [
    Method { name: "Get", params: &[Type::String], variadic: false, call: get },
    Method { name: "GetBytes", params: &[Type::String], variadic: false, call: get_bytes },
    Method { name: "Glob", params: &[Type::String], variadic: false, call: glob },
    Method { name: "AsConfig", params: &[], variadic: false, call: as_config },
    Method { name: "AsSecrets", params: &[], variadic: false, call: as_secrets },
    Method { name: "Lines", params: &[Type::String], variadic: false, call: lines },
];

fn get(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Str(receiver(arguments)?.data(name(arguments)).into()))
}

fn get_bytes(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(bytes(receiver(arguments)?.data(name(arguments))))
}

fn glob(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::object(receiver(arguments)?.glob(name(arguments))))
}

fn as_config(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(receiver(arguments)?.as_yaml(|file| Value::String(file.shared_data().into())))
}

fn as_secrets(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(receiver(arguments)?.as_yaml(base64))
}

fn lines(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let data = receiver(arguments)?.data(name(arguments));
    if data.is_empty() {
        return Ok(Any::List(List::strings([])));
    }
    let data = data.strip_suffix(b"\n").unwrap_or(&data);
    Ok(Any::List(List::strings(data.split(|&byte| byte == b'\n').map(Str::from))))
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Files({})", self.sorted().len())
    }
}

impl Object for Files {
    fn type_name(&self) -> &str {
        "engine.files"
    }

    fn kind(&self) -> &'static str {
        "map"
    }

    fn field(&self, name: &[u8]) -> Option<Any> {
        self.find(name).map(|file| bytes(file.shared_data()))
    }

    fn method(&self, name: &[u8]) -> Option<&'static Method> {
        METHODS.iter().find(|method| method.name.as_bytes() == name)
    }

    fn entries(&self) -> Option<Vec<(Any, Any)>> {
        Some(self.sorted().iter().map(|file| (Any::str(file.name()), bytes(file.shared_data()))).collect())
    }

    fn zero(&self) -> Option<Any> {
        Some(Any::List(List::nil(Element::Byte)))
    }

    fn truth(&self) -> bool {
        !self.sorted().is_empty()
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"map[");
        for (index, file) in self.sorted().iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(file.name().as_bytes());
            out.push(b':');
            crate::template::print::write_v(out, &bytes(file.shared_data()));
        }
        out.push(b']');
    }

    fn to_value(&self) -> Value {
        let entries = self.sorted().iter().map(|file| (file.name().into(), base64(file)));
        entries.collect::<data::Map>().into()
    }

    fn as_any(&self) -> &dyn Downcast {
        self
    }
}
