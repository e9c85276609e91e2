//! `chart lint`.

use chartcore::diag::Severity;
use chartcore::lint::{self, LintOptions, Policy};

use super::{Context, Failure, Outcome, source};

/// Checks charts and prints what it finds. Helm: pkg/cmd/lint.go.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let compat = context.settings.compat;
    let mut paths = given.positionals();
    if paths.is_empty() {
        if compat == chartcore::Compat::Helm4 {
            let program = context.settings.program();
            return Err(Failure::Usage(format!(
                "\"{program} lint\" requires at least 1 argument\n\nUsage:  {program} lint PATH [flags]"
            )));
        }
        paths.push(".".to_owned());
    }
    let mut options = LintOptions::new(compat)
        .namespace(&context.settings.namespace)
        .strict(given.switch("strict"))
        .quiet(given.switch("quiet"))
        .subcharts(given.switch("with-subcharts"))
        .schema(!given.switch("skip-schema-validation"))
        .policy(policy(context));
    if let Some(version) = given.text("kube-version").filter(|version| !version.is_empty()) {
        options = options.kube_version(source::kube_version(version)?);
    }
    let overrides = source::overrides(context)?;
    overrides.resolve(compat)?;
    let report = lint::lint_all(&paths, &overrides, &options);
    crate::output::print(report.to_string().as_bytes());
    if report.failed() > 0 {
        return Err(Failure::Usage(report.summary()));
    }
    Ok(())
}

/// The rules beyond Helm's.
fn policy(context: &Context<'_>) -> Policy {
    let given = &context.given;
    let warning = |asked: bool| asked.then_some(Severity::Warning);
    let all = given.switch("policy");
    let images = if given.switch("strict-images") { Some(Severity::Error) } else { warning(all) };
    Policy {
        images: images.filter(|_| !given.switch("allow-latest")),
        dependencies: warning(all),
        secrets: warning(all),
        unused_values: warning(given.switch("unused-values")),
    }
}
