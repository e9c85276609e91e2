//! `chart template`.

use std::fs;
use std::path::Path;

use chartcore::manifest::{Manifests, OutputFile, PrintOptions, WriteMode};
use chartcore::render::{Capabilities, RenderOptions, Rendered};
use chartcore::template::SystemHost;
use chartcore::{Compat, ErrorKind};

use super::post_renderer::PostRenderer;
use super::{Context, Failure, Outcome, source};
use crate::settings::Role;

/// The longest release name. Helm: pkg/chart/common/util/validate_name.go via pkg/action.
const RELEASE_NAME: &str = "release-name";

/// Renders a chart and prints its manifests.
pub(crate) fn run(context: &Context<'_>) -> Outcome {
    let given = &context.given;
    let mut capabilities = Capabilities::default();
    if let Some(version) = given.text("kube-version").filter(|version| !version.is_empty()) {
        capabilities = capabilities.on(source::kube_version(version)?);
    }
    let mut capabilities = capabilities.api_versions(given.slice("api-versions"));
    let server = asks_server(context)?;
    check_wait(context)?;
    let post_renderer = PostRenderer::asked(context)?;
    let (name, reference) = name_and_chart(context)?;
    let path = source::locate(context, &reference)?;
    let overrides = source::overrides(context)?;
    overrides.resolve(context.settings.compat)?;
    let load = || source::load_and(context, &path, source::Parse::Ahead);
    let chart = super::dependency::check(context, &path, load()?, load)?;

    let releases = if server || given.switch("validate") {
        let releases = super::releases::open(context)?;
        releases.check_reachable()?;
        capabilities = releases.cluster().capabilities()?;
        Some(releases)
    } else {
        None
    };
    let namespace =
        releases.as_ref().map_or(context.settings.namespace.as_str(), |releases| releases.namespace());
    let mut options = RenderOptions::new(&name)
        .namespace(namespace)
        .is_upgrade(given.switch("is-upgrade"))
        .capabilities(capabilities);
    options = match given.text("seed") {
        Some(seed) => options.sealed(seed, context.settings.source_date_epoch),
        None => {
            let host = SystemHost::new().in_time_zone(&context.settings.time_zone);
            let host = if given.switch("enable-dns") { host.with_dns() } else { host };
            let host: chartcore::render::SharedHost = std::sync::Arc::new(host);
            match &releases {
                Some(releases) if server => {
                    let cluster = releases.cluster().clone();
                    options.host(std::sync::Arc::new(chartcore::cluster::ClusterHost::new(cluster, host)))
                }
                _ => options.host(host),
            }
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
    check_unused(context, &rendered)?;

    let print = PrintOptions {
        crds: given.switch("include-crds"),
        hooks: !given.switch("no-hooks"),
        tests: !given.switch("skip-tests"),
        secrets: true,
    };
    let manifests = match Manifests::from_rendered(&rendered) {
        Ok(manifests) => manifests,
        Err(error) if context.settings.debug => {
            let mut text = Vec::new();
            for file in rendered.files() {
                text.extend_from_slice(format!("---\n# Source: {}\n", file.name()).as_bytes());
                text.extend_from_slice(file.content());
                text.push(b'\n');
            }
            crate::output::print(text.trim_ascii());
            crate::output::print(b"\n");
            return Err(error.into());
        }
        Err(error) => return Err(error.suffixed("\n\nUse --debug flag to render out invalid YAML").into()),
    };
    crate::report::warnings(context.settings, manifests.warnings());
    if let Some(releases) = &releases {
        releases.check_manifest(&name, &manifests.release_manifest(&PrintOptions::default()))?;
    }
    let patterns = given.array("show-only");
    if let Some(folder) = given.text("output-dir").filter(|folder| !folder.is_empty()) {
        let below = given.switch("release-name").then_some(name.as_str());
        let files = manifests.output_files(below, &print);
        return write(Path::new(folder), &files);
    }
    match post_renderer {
        Some(program) => {
            let rewritten = program.run(manifests.release_manifest(&print))?;
            let printed = manifests.print_around(&rewritten, &print);
            let printed =
                if patterns.is_empty() { printed } else { manifests.show_only_in(&printed, &patterns)? };
            crate::output::print(&printed);
        }
        None if patterns.is_empty() => crate::output::stream(|out| manifests.write(&print, out)),
        None => crate::output::print(&manifests.show_only(&patterns, &print)?),
    }
    // The process ends here; taking a large chart apart piece by piece would be a tenth of its time.
    std::mem::forget((chart, rendered, manifests));
    Ok(())
}

/// Tells of settings that nothing reads; as `helm` only when asked, because Helm says nothing.
fn check_unused(context: &Context<'_>, rendered: &Rendered) -> Result<(), Failure> {
    const FLAGS: [&str; 7] =
        ["values", "set", "set-string", "set-json", "set-file", "set-literal", "set-jsonpath"];
    let given = &context.given;
    let strict = given.switch("strict-values");
    let any = FLAGS.iter().any(|flag| !given.array(flag).is_empty());
    if !any || !(strict || context.settings.role == Role::Native) {
        return Ok(());
    }
    let unused = rendered.unused_values();
    match unused.first() {
        Some(first) if strict => {
            let error = chartcore::Error::new(ErrorKind::Values, first.message.clone());
            Err(error.with_diagnostic(first.clone()).into())
        }
        _ => {
            crate::report::notices(context.settings, &unused);
            Ok(())
        }
    }
}

/// Helm 3: a switch; Helm 4: pkg/cmd/flags.go, the strategies of waiting. Nothing here waits.
fn check_wait(context: &Context<'_>) -> Result<(), Failure> {
    let Some(text) = context.given.text("wait") else { return Ok(()) };
    let truth = matches!(
        text,
        "1" | "t" | "T" | "true" | "TRUE" | "True" | "0" | "f" | "F" | "false" | "FALSE" | "False"
    );
    let reason = match context.settings.compat {
        Compat::Helm3 if truth => return Ok(()),
        Compat::Helm3 => format!("strconv.ParseBool: parsing {text:?}: invalid syntax"),
        Compat::Helm4 if matches!(text, "true" | "false" | "watcher" | "hookOnly" | "legacy") => {
            return Ok(());
        }
        Compat::Helm4 => {
            format!("invalid wait input {text:?}. Valid inputs are watcher, hookOnly, and legacy")
        }
    };
    Err(Failure::Usage(format!("invalid argument {text:?} for \"--wait\" flag: {reason}")))
}

/// Whether `--dry-run` wants the cluster asked. Helm: pkg/cmd/helpers.go, cmdGetDryRunFlagStrategy.
fn asks_server(context: &Context<'_>) -> Result<bool, Failure> {
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
        (Some("none" | "false" | ""), Compat::Helm3) => false,
        (Some(_), Compat::Helm3) => {
            return Err(Failure::Usage(
                "Invalid dry-run flag. Flag must one of the following: false, true, none, client, server"
                    .to_owned(),
            ));
        }
    };
    Ok(server)
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
        let parent = path.parent().unwrap_or(folder);
        match fs::metadata(parent) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(chartcore::files::directory::io_error("stat", parent, error).into());
            }
            _ => {}
        }
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
