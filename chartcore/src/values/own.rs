//! A chart's own schema over its own defaults, as the linter checks it.

use super::Overrides;
use super::coalesce::{Nulls, tables};
use super::schema::Schema;
use crate::Compat;
use crate::data::Value;
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};

/// Checks `defaults` with `overrides` over them against one schema; subcharts are not looked at.
///
/// Helm: pkg/chart/v2/lint/rules/values.go, `validateValuesFile`.
///
/// # Errors
/// [`ErrorKind::Schema`] with the text of Helm's `ValidateAgainstSingleSchema`; an override cannot be read.
pub(crate) fn check_own_schema(
    schema: &[u8],
    defaults: &Value,
    overrides: &Overrides,
    compat: Compat,
) -> Result<()> {
    let user = overrides.resolve(compat)?;
    let mut warnings = Vec::new();
    let merged = tables(&Value::empty_map(), &user, Nulls::Delete, &mut warnings)?;
    let merged = tables(&merged, defaults, Nulls::Delete, &mut warnings)?;
    Schema::new(schema, compat, None).check(&merged).map_err(|refusal| {
        let diagnostic = Diagnostic::error("schema", refusal.text.trim_end());
        Error::new(ErrorKind::Schema, refusal.text).with_diagnostic(diagnostic)
    })
}
