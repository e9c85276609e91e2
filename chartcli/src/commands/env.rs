//! `chart env`.

use super::{Context, Outcome};

/// Prints the settings as `NAME="value"`, or one value alone.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let listed = &context.settings.listed;
    let text = match context.given.positionals().first() {
        Some(name) => format!("{}\n", listed.get(name.as_str()).map_or("", String::as_str)),
        None => listed.iter().map(|(name, value)| format!("{name}={value:?}\n")).collect(),
    };
    crate::output::print(text.as_bytes());
    Ok(())
}
