//! One file per command, Helm's names.

mod bump;
mod completion;
mod create;
mod dependency;
mod diff;
mod digest;
mod env;
mod get;
mod history;
mod install;
mod lint;
mod list;
mod oci;
mod package;
mod post_renderer;
mod publish;
mod pull;
mod push;
mod registry;
mod release_report;
mod releases;
mod repo;
mod repositories;
mod resolve;
mod rollback;
mod search;
mod show;
mod source;
mod status;
mod sweep;
mod template;
mod test;
mod uninstall;
mod upgrade;
mod values;
mod verify;
mod version;
mod versions;

use chartcore::ErrorKind;
use chartcore::diag::Diagnostic;

use crate::cli::{Arguments, Spec};
use crate::flags::{self, Given};
use crate::network;
use crate::settings::Settings;

/// What a command is run with.
pub(crate) struct Context<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) given: Given<'a>,
}

/// How a command ends.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// The library's error.
    Error(chartcore::Error),
    /// Nothing is wrong, but the answer is in the exit code.
    Exit(u8),
}

impl Failure {
    /// The message after `Error: `.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Usage(message) => message,
            Self::Error(error) => error.message(),
            Self::Exit(_) => "",
        }
    }

    /// What is known of the place and the cure.
    pub(crate) fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Usage(_) | Self::Exit(_) => &[],
            Self::Error(error) => error.diagnostics(),
        }
    }

    /// Puts words in front of the message.
    pub(crate) fn prefixed(self, prefix: &str) -> Self {
        match self {
            Self::Usage(message) => Self::Usage(format!("{prefix}{message}")),
            Self::Error(error) => Self::Error(error.prefixed(prefix)),
            Self::Exit(code) => Self::Exit(code),
        }
    }

    /// The exit code: Helm knows one; 3 is for what is already there with other content.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Error(error) if error.kind() == ErrorKind::AlreadyExists => 3,
            Self::Exit(code) => *code,
            _ => 1,
        }
    }
}

impl From<chartcore::Error> for Failure {
    fn from(error: chartcore::Error) -> Self {
        Self::Error(error)
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Usage(message)
    }
}

macro_rules! spec {
    ($names:expr, $usage:expr, $about:expr, $flags:expr, $arguments:expr, $run:expr) => {
        Spec {
            names: &$names,
            usage: $usage,
            about: $about,
            flags: &$flags,
            arguments: $arguments,
            children: &[],
            run: Some($run),
        }
    };
}

macro_rules! group {
    ($names:expr, $about:expr, $children:expr) => {
        Spec {
            names: &$names,
            usage: $names[0],
            about: $about,
            flags: &[],
            arguments: Arguments::None,
            children: &$children,
            run: None,
        }
    };
}

/// Every command.
pub(crate) static ALL: &[Spec] = &[
    spec!(["apply"], "apply", "do what a kept plan says", [diff::PLAN_FLAGS], Arguments::None, diff::apply),
    spec!(
        ["bump"],
        "bump CHART",
        "raise the version of a chart",
        [bump::FLAGS],
        Arguments::Exactly(1),
        bump::run
    ),
    spec!(
        ["changed"],
        "changed [DIR...]",
        "list the charts that changed since a commit",
        [publish::CHANGED],
        Arguments::Any,
        publish::changed
    ),
    group!(
        ["completion"],
        "generate autocompletion scripts for the specified shell",
        [
            spec!(["bash"], "bash", "for bash", [completion::FLAGS], Arguments::None, completion::bash),
            spec!(["fish"], "fish", "for fish", [completion::FLAGS], Arguments::None, completion::fish),
            spec!(
                ["powershell"],
                "powershell",
                "for powershell",
                [completion::FLAGS],
                Arguments::None,
                completion::powershell
            ),
            spec!(["zsh"], "zsh", "for zsh", [completion::FLAGS], Arguments::None, completion::zsh),
        ]
    ),
    group!(
        ["crds"],
        "look at and apply a chart's CRDs, which releases never touch",
        [
            spec!(
                ["apply"],
                "apply [CHART]",
                "apply a chart's CRDs",
                [diff::CRDS_FLAGS, flags::CHART_SOURCE],
                Arguments::Exactly(1),
                diff::crds_apply
            ),
            spec!(
                ["diff"],
                "diff [CHART]",
                "show how a chart's CRDs differ from the cluster's",
                [diff::DIFF_FLAGS, flags::CHART_SOURCE],
                Arguments::Exactly(1),
                diff::crds_diff
            ),
        ]
    ),
    spec!(
        ["create"],
        "create NAME",
        "create a new chart with the given name",
        [create::FLAGS],
        Arguments::Exactly(1),
        create::run
    ),
    group!(
        ["dependency", "dep", "dependencies"],
        "manage a chart's dependencies",
        [
            spec!(
                ["build"],
                "build CHART",
                "rebuild the charts/ directory based on the Chart.lock file",
                [dependency::VENDOR_FLAGS, network::TLS, network::PLAIN_HTTP, network::CREDENTIALS],
                Arguments::Any,
                dependency::build
            ),
            spec!(
                ["list", "ls"],
                "list CHART",
                "list the dependencies for the given chart",
                [dependency::FLAGS],
                Arguments::Any,
                dependency::list
            ),
            spec!(
                ["tree"],
                "tree CHART",
                "show what a chart is made of, subcharts of subcharts included",
                [dependency::TREE_FLAGS],
                Arguments::AtMost(1),
                dependency::tree
            ),
            spec!(
                ["update", "up"],
                "update CHART",
                "update charts/ based on the contents of Chart.yaml",
                [dependency::VENDOR_FLAGS, network::TLS, network::PLAIN_HTTP, network::CREDENTIALS],
                Arguments::Any,
                dependency::update
            ),
        ]
    ),
    spec!(
        ["digest"],
        "digest CHART",
        "print the digests of a chart: of what it holds, and of its archive",
        [digest::FLAGS],
        Arguments::Exactly(1),
        digest::run
    ),
    spec!(
        ["diff"],
        "diff [RELEASE] [CHART]",
        "show what an upgrade or an install would change",
        [
            diff::DIFF_FLAGS,
            diff::LIVE_FLAGS,
            releases::CHANGE,
            releases::RENDER,
            upgrade::FLAGS,
            flags::CHART_SOURCE,
            flags::VALUES
        ],
        Arguments::Exactly(2),
        diff::run
    ),
    spec!(["env"], "env", "client environment information", [], Arguments::AtMost(1), env::run),
    group!(
        ["get"],
        "download extended information of a named release",
        [
            spec!(
                ["all"],
                "all RELEASE_NAME",
                "download all information for a named release",
                [get::FLAGS, get::ALL_FLAGS],
                Arguments::Exactly(1),
                get::all
            ),
            spec!(
                ["hooks"],
                "hooks RELEASE_NAME",
                "download all hooks for a named release",
                [get::FLAGS],
                Arguments::Exactly(1),
                get::hooks
            ),
            spec!(
                ["manifest"],
                "manifest RELEASE_NAME",
                "download the manifest for a named release",
                [get::FLAGS],
                Arguments::Exactly(1),
                get::manifest
            ),
            spec!(
                ["metadata"],
                "metadata RELEASE_NAME",
                "This command fetches metadata for a given release",
                [get::FLAGS, get::METADATA_FLAGS],
                Arguments::Exactly(1),
                get::metadata
            ),
            spec!(
                ["notes"],
                "notes RELEASE_NAME",
                "download the notes for a named release",
                [get::FLAGS],
                Arguments::Exactly(1),
                get::notes
            ),
            spec!(
                ["values"],
                "values RELEASE_NAME",
                "download the values file for a named release",
                [get::FLAGS, get::VALUES_FLAGS],
                Arguments::Exactly(1),
                get::values
            ),
        ]
    ),
    spec!(
        ["history", "hist"],
        "history RELEASE_NAME",
        "fetch release history",
        [history::FLAGS],
        Arguments::Exactly(1),
        history::run
    ),
    spec!(
        ["install"],
        "install [NAME] [CHART]",
        "install a chart",
        [releases::CHANGE, releases::RENDER, install::FLAGS, flags::CHART_SOURCE, flags::VALUES],
        Arguments::AtLeast(1),
        install::run
    ),
    spec!(
        ["lint"],
        "lint PATH",
        "examine a chart for possible issues",
        [flags::LINT, flags::VALUES],
        Arguments::Any,
        lint::run
    ),
    spec!(
        ["publish"],
        "publish DIR... oci://HOST/PATH",
        "publish charts of a commit, each version once and for all",
        [publish::FLAGS, network::TLS, network::PLAIN_HTTP, network::CREDENTIALS, flags::VALUES],
        Arguments::AtLeast(1),
        publish::run
    ),
    spec!(
        ["pull", "fetch"],
        "pull [chart URL | repo/chartname] [...]",
        "download a chart from a repository and (optionally) unpack it in local directory",
        [pull::FLAGS, flags::CHART_SOURCE],
        Arguments::AtLeast(1),
        pull::run
    ),
    spec!(
        ["push"],
        "push [chart] [remote]",
        "push a chart to remote",
        [push::FLAGS, network::TLS, network::PLAIN_HTTP, network::CREDENTIALS],
        Arguments::AtLeast(2),
        push::run
    ),
    group!(
        ["registry"],
        "login to or logout from a registry",
        [
            spec!(
                ["login"],
                "login [host]",
                "login to a registry",
                [registry::FLAGS],
                Arguments::AtLeast(1),
                registry::login
            ),
            spec!(
                ["logout"],
                "logout [host]",
                "logout from a registry",
                [],
                Arguments::AtLeast(1),
                registry::logout
            ),
        ]
    ),
    spec!(
        ["package"],
        "package [CHART_PATH] [...]",
        "package a chart directory into a chart archive",
        [package::FLAGS, network::TLS, network::PLAIN_HTTP, network::CREDENTIALS],
        Arguments::Any,
        package::run
    ),
    group!(
        ["repo"],
        "add, list, remove, update, and index chart repositories",
        [
            spec!(
                ["add"],
                "add [NAME] [URL]",
                "add a chart repository",
                [repo::ADD_FLAGS],
                Arguments::Exactly(2),
                repo::add
            ),
            spec!(
                ["index"],
                "index [DIR]",
                "generate an index file given a directory containing packaged charts",
                [repo::INDEX_FLAGS],
                Arguments::Exactly(1),
                repo::index
            ),
            spec!(
                ["list", "ls"],
                "list",
                "list chart repositories",
                [repo::LIST_FLAGS],
                Arguments::None,
                repo::list
            ),
            spec!(
                ["remove", "rm"],
                "remove [REPO1 [REPO2 ...]]",
                "remove one or more chart repositories",
                [],
                Arguments::AtLeast(1),
                repo::remove
            ),
            spec!(
                ["update", "up"],
                "update [REPO1 [REPO2 ...]]",
                "update information of available charts locally from chart repositories",
                [repo::UPDATE_FLAGS],
                Arguments::Any,
                repo::update
            ),
        ]
    ),
    spec!(
        ["resolve"],
        "resolve REF [CONSTRAINT]",
        "say which chart exactly is meant: name, version, appVersion, url, digest",
        [resolve::FLAGS],
        Arguments::AtLeast(1),
        resolve::run
    ),
    Spec {
        names: &["search"],
        usage: "search oci://HOST/REPOSITORY",
        about: "search for a keyword in charts, or for the versions of a chart in a registry",
        flags: &[versions::FLAGS, network::TLS, network::PLAIN_HTTP, network::CREDENTIALS],
        arguments: Arguments::Any,
        children: &[
            spec!(
                ["hub"],
                "hub [KEYWORD]",
                "search for charts in the Artifact Hub or your own hub instance",
                [search::HUB_FLAGS, search::OUTPUT_FLAGS],
                Arguments::Any,
                search::hub
            ),
            spec!(
                ["repo"],
                "repo [keyword]",
                "search repositories for a keyword in charts",
                [search::REPO_FLAGS, search::OUTPUT_FLAGS],
                Arguments::Any,
                search::repo
            ),
        ],
        run: Some(versions::run),
    },
    spec!(["list", "ls"], "list", "list releases", [list::FLAGS], Arguments::None, list::run),
    spec!(
        ["plan"],
        "plan [RELEASE] [CHART]",
        "say step by step what an upgrade or an install would do",
        [
            diff::PLAN_FLAGS,
            releases::CHANGE,
            releases::RENDER,
            upgrade::FLAGS,
            flags::CHART_SOURCE,
            flags::VALUES
        ],
        Arguments::Exactly(2),
        diff::plan
    ),
    spec!(
        ["rollback"],
        "rollback <RELEASE> [REVISION]",
        "roll back a release to a previous revision",
        [releases::CHANGE, rollback::FLAGS],
        Arguments::AtLeast(1),
        rollback::run
    ),
    group!(
        ["show", "inspect"],
        "show information of a chart",
        [
            spec!(
                ["all"],
                "all [CHART]",
                "show all information of the chart",
                [flags::CHART_SOURCE],
                Arguments::Exactly(1),
                show::all
            ),
            spec!(
                ["chart"],
                "chart [CHART]",
                "show the chart's definition",
                [flags::CHART_SOURCE],
                Arguments::Exactly(1),
                show::chart
            ),
            spec!(
                ["crds"],
                "crds [CHART]",
                "show the chart's CRDs",
                [flags::CHART_SOURCE],
                Arguments::Exactly(1),
                show::crds
            ),
            spec!(
                ["readme"],
                "readme [CHART]",
                "show the chart's README",
                [flags::CHART_SOURCE],
                Arguments::Exactly(1),
                show::readme
            ),
            spec!(
                ["values"],
                "values [CHART]",
                "show the chart's values",
                [flags::CHART_SOURCE, show::VALUES_FLAGS],
                Arguments::Exactly(1),
                show::values
            ),
        ]
    ),
    spec!(
        ["sweep"],
        "sweep FILE",
        "render many sets of values over charts into a folder",
        [sweep::FLAGS],
        Arguments::Exactly(1),
        sweep::run
    ),
    spec!(
        ["status"],
        "status RELEASE_NAME",
        "display the status of the named release",
        [status::FLAGS],
        Arguments::Exactly(1),
        status::run
    ),
    spec!(
        ["template"],
        "template [NAME] [CHART]",
        "locally render templates",
        [flags::TEMPLATE, flags::CHART_SOURCE, flags::VALUES],
        Arguments::AtLeast(1),
        template::run
    ),
    spec!(
        ["trace"],
        "trace oci://HOST/REPOSITORY[:VERSION]",
        "show which commit a published chart was made of",
        [publish::TRACE, flags::CHART_SOURCE],
        Arguments::Exactly(1),
        publish::trace
    ),
    spec!(
        ["test"],
        "test [RELEASE]",
        "run tests for a release",
        [test::FLAGS],
        Arguments::Exactly(1),
        test::run
    ),
    spec!(
        ["uninstall", "del", "delete", "un"],
        "uninstall RELEASE_NAME [...]",
        "uninstall a release",
        [uninstall::FLAGS],
        Arguments::AtLeast(1),
        uninstall::run
    ),
    spec!(
        ["unlock"],
        "unlock RELEASE",
        "put a release that is stuck back to where one can go on",
        [],
        Arguments::Exactly(1),
        diff::unlock
    ),
    spec!(
        ["upgrade"],
        "upgrade [RELEASE] [CHART]",
        "upgrade a release",
        [releases::CHANGE, releases::RENDER, upgrade::FLAGS, flags::CHART_SOURCE, flags::VALUES],
        Arguments::Exactly(2),
        upgrade::run
    ),
    spec!(
        ["values"],
        "values CHART",
        "show the computed values, and where each comes from",
        [values::FLAGS, flags::VALUES],
        Arguments::Exactly(1),
        values::run
    ),
    spec!(
        ["verify"],
        "verify PATH",
        "verify that a chart at the given path has been signed and is valid",
        [verify::FLAGS],
        Arguments::Exactly(1),
        verify::run
    ),
    spec!(
        ["version"],
        "version",
        "print the version information",
        [version::FLAGS],
        Arguments::None,
        version::run
    ),
];
