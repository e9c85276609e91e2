//! `chart values`: the computed values, and who set what.

use std::str::FromStr;

use chartcore::data::{Value, json, yaml};
use chartcore::values::{self, MergeOptions, Path};
use chartcore::{Error, ErrorKind};

use super::{Context, Failure, Outcome, source};
use crate::flags::{Flag, Kind};

pub(crate) const FLAGS: &[Flag] = &[
    Flag::new("explain", Kind::Array("key"), "tell which file, flag or default set this key"),
    Flag::new("output", Kind::Text("yaml|json"), "how to print the values (default yaml)").short('o'),
    Flag::new("skip-schema-validation", Kind::Switch, "do not check values against values.schema.json"),
];

/// Prints what templates would see as `.Values`, or where single keys come from.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let path = source::locate(context, &given.positionals().remove(0))?;
    let overrides = source::overrides(context)?;
    let chart = source::load(context, &path)?;
    let merge = MergeOptions::default().skip_schema(given.switch("skip-schema-validation"));
    let merged = values::merge_with(&chart, &overrides, &merge)?;
    crate::report::warnings(context.settings, merged.warnings());
    let keys = given.array("explain");
    if !keys.is_empty() {
        let mut text = String::new();
        for key in &keys {
            let path = Path::from_str(key)?;
            match merged.explain(&path) {
                Some(explanation) => text.push_str(&explanation.to_string()),
                None => {
                    let message =
                        format!("no value at `{key}`: nothing sets it, and no chart has a default for it");
                    return Err(Error::new(ErrorKind::Values, message).into());
                }
            }
        }
        crate::output::print(text.as_bytes());
        return Ok(());
    }
    crate::output::print(&printed(merged.tree(), given.text("output"))?);
    Ok(())
}

fn printed(tree: &Value, output: Option<&str>) -> Result<Vec<u8>, Failure> {
    let failed = |text: String| Failure::Error(Error::new(ErrorKind::Values, text));
    match output {
        None | Some("" | "yaml") => yaml::write(tree).map_err(|error| failed(error.to_string())),
        Some("json") => {
            let mut out = json::write(tree).map_err(|error| failed(error.to_string()))?;
            out.push(b'\n');
            Ok(out)
        }
        Some(other) => {
            Err(Failure::Usage(format!("invalid format type {other:?}: must be \"yaml\" or \"json\"")))
        }
    }
}
