//! `chart template`.

use std::fs;
use std::path::Path;

use chartcore::manifest::{Manifests, OutputFile, PrintOptions, WriteMode};
use chartcore::render::{Capabilities, RenderOptions};
use chartcore::template::SystemHost;
use chartcore::{Compat, ErrorKind};

use super::{Context, Failure, Outcome, source};

/// The longest release name. Helm: pkg/chart/common/util/validate_name.go via pkg/action.
const RELEASE_NAME: &str = "release-name";

/// Renders a chart and prints its manifests.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let mut capabilities = Capabilities::default();
    if let Some(version) = given.text("kube-version").filter(|version| !version.is_empty()) {
        capabilities = capabilities.on(source::kube_version(version)?);
    }
    let capabilities = capabilities.api_versions(given.slice("api-versions"));
    check_dry_run(context)?;
    let (name, reference) = name_and_chart(context)?;
    let path = source::locate(context, &reference)?;
    let overrides = source::overrides(context)?;
    overrides.resolve(context.settings.compat)?;
    let chart = source::load_and(context, &path, source::Parse::Ahead)?;

    let mut options = RenderOptions::new(&name)
        .namespace(&context.settings.namespace)
        .is_upgrade(given.switch("is-upgrade"))
        .capabilities(capabilities);
    options = match given.text("seed") {
        Some(seed) => options.sealed(seed, context.settings.source_date_epoch),
        None => {
            let host = SystemHost::new().in_time_zone(&context.settings.time_zone);
            let host = if given.switch("enable-dns") { host.with_dns() } else { host };
            options.host(std::sync::Arc::new(host))
        }
    };
    let rendered = source::render(context, &chart, &overrides, &options).inspect_err(|failure| {
        // With --debug, Helm prints the manifests even of a render that failed: there are none.
        let is_template = matches!(failure, Failure::Error(error) if error.kind() == ErrorKind::Template);
        if is_template && context.settings.debug {
            crate::output::print(b"\n");
        }
    })?;
    crate::report::warnings(context.settings, rendered.warnings());

    let print = PrintOptions {
        crds: given.switch("include-crds"),
        hooks: !given.switch("no-hooks"),
        tests: !given.switch("skip-tests"),
        secrets: true,
    };
    let manifests = match Manifests::from_rendered(&rendered) {
        Ok(manifests) => manifests,
        Err(error) if context.settings.debug => {
            for file in rendered.files() {
                crate::output::print(format!("---\n# Source: {}\n", file.name()).as_bytes());
                crate::output::print(file.content());
                crate::output::print(b"\n");
            }
            return Err(error.into());
        }
        Err(error) => return Err(error.suffixed("\n\nUse --debug flag to render out invalid YAML").into()),
    };
    crate::report::warnings(context.settings, manifests.warnings());
    let patterns = given.array("show-only");
    if let Some(folder) = given.text("output-dir").filter(|folder| !folder.is_empty()) {
        let below = given.switch("release-name").then_some(name.as_str());
        let files = manifests.output_files(below, &print);
        return write(Path::new(folder), &files);
    }
    if patterns.is_empty() {
        crate::output::stream(|out| manifests.write(&print, out));
    } else {
        crate::output::print(&manifests.show_only(&patterns, &print)?);
    }
    // The process ends here; taking a large chart apart piece by piece would be a tenth of its time.
    std::mem::forget((chart, rendered, manifests));
    Ok(())
}

/// Helm: pkg/cmd/helpers.go, cmdGetDryRunFlagStrategy.
fn check_dry_run(context: &Context<'_>) -> Result<(), Failure> {
    let server = match (context.given.text("dry-run"), context.settings.compat) {
        (None | Some("client" | "unset" | "true"), _) => false,
        (Some("server"), _) => true,
        (Some(text @ ("none" | "false")), Compat::Helm4) => {
            return Err(Failure::Usage(format!(
                "invalid dry-run value ({text:?}). Must be \"server\" or \"client\""
            )));
        }
        (Some(text), Compat::Helm4) => {
            return Err(Failure::Usage(format!(
                "invalid dry-run value ({text:?}). Must be \"none\", \"server\", or \"client\""
            )));
        }
        (Some(_), Compat::Helm3) => false,
    };
    if server || context.given.switch("validate") {
        return Err(Failure::Usage("cluster reachability check failed: no cluster is connected".to_owned()));
    }
    Ok(())
}

/// Helm: pkg/action/install.go, NameAndChart.
fn name_and_chart(context: &Context<'_>) -> Result<(String, String), Failure> {
    let given = &context.given;
    let generated = given.switch("generate-name");
    let template = given.text("name-template").filter(|template| !template.is_empty());
    let mut arguments = given.positionals();
    if arguments.len() > 2 {
        return Err(Failure::Usage(format!(
            "expected at most two arguments, unexpected arguments: {}",
            arguments[2..].join(", ")
        )));
    }
    if arguments.len() == 2 {
        if generated {
            return Err("cannot set --generate-name and also specify a name".to_owned().into());
        }
        if template.is_some() {
            return Err("cannot set --name-template and also specify a name".to_owned().into());
        }
        let reference = arguments.remove(1);
        return Ok((arguments.remove(0), reference));
    }
    let reference = arguments.remove(0);
    let name = match template {
        Some(template) => {
            let host = SystemHost::new().in_time_zone(&context.settings.time_zone);
            chartcore::render::text("name-template", template, &[], context.settings.compat, &host)?
        }
        // `helm template` sets this name before it looks at the flag.
        None => RELEASE_NAME.to_owned(),
    };
    Ok((name, reference))
}

/// Writes the files of `--output-dir`, telling each as Helm does.
fn write(folder: &Path, files: &[OutputFile]) -> Outcome {
    let mut told = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        write_file(&path, file)
            .map_err(|error| chartcore::files::directory::io_error("open", &path, error))?;
        told.extend_from_slice(
            format!("wrote {}\n", Path::new(folder).join(&file.path).display()).as_bytes(),
        );
    }
    told.push(b'\n');
    crate::output::print(&told);
    Ok(())
}

fn write_file(path: &Path, file: &OutputFile) -> std::io::Result<()> {
    let mut content = match file.mode {
        WriteMode::Create => Vec::new(),
        WriteMode::Append => fs::read(path)?,
        WriteMode::AppendIfExists => fs::read(path).unwrap_or_default(),
    };
    content.extend_from_slice(&file.content);
    crate::output::write_file(path, &content)
}
