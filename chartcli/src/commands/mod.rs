//! One file per command, Helm's names.

mod bump;
mod completion;
mod create;
mod dependency;
mod diff;
mod env;
mod get;
mod history;
mod install;
mod lint;
mod list;
mod release_report;
mod releases;
mod rollback;
mod show;
mod source;
mod status;
mod template;
mod test;
mod uninstall;
mod upgrade;
mod values;
mod version;

use chartcore::diag::Diagnostic;

use crate::cli::{Arguments, Spec};
use crate::flags::{self, Given};
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

    /// The exit code: Helm knows one.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
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
        [spec!(
            ["list", "ls"],
            "list CHART",
            "list the dependencies for the given chart",
            [dependency::FLAGS],
            Arguments::Any,
            dependency::list
        ),]
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
        ["version"],
        "version",
        "print the version information",
        [version::FLAGS],
        Arguments::None,
        version::run
    ),
];
