//! One file per command, Helm's names.

mod bump;
mod completion;
mod create;
mod dependency;
mod digest;
mod env;
mod lint;
mod oci;
mod package;
mod post_renderer;
mod pull;
mod push;
mod registry;
mod show;
mod source;
mod template;
mod values;
mod verify;
mod version;

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
}

impl Failure {
    /// The message after `Error: `.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Usage(message) => message,
            Self::Error(error) => error.message(),
        }
    }

    /// What is known of the place and the cure.
    pub(crate) fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Usage(_) => &[],
            Self::Error(error) => error.diagnostics(),
        }
    }

    /// The exit code: Helm knows one; 3 is for what is already there with other content.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Error(error) if error.kind() == ErrorKind::AlreadyExists => 3,
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
        ["digest"],
        "digest CHART",
        "print the digests of a chart: of what it holds, and of its archive",
        [digest::FLAGS],
        Arguments::Exactly(1),
        digest::run
    ),
    spec!(["env"], "env", "client environment information", [], Arguments::AtMost(1), env::run),
    spec!(
        ["lint"],
        "lint PATH",
        "examine a chart for possible issues",
        [flags::LINT, flags::VALUES],
        Arguments::Any,
        lint::run
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
        [package::FLAGS],
        Arguments::Any,
        package::run
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
        ["template"],
        "template [NAME] [CHART]",
        "locally render templates",
        [flags::TEMPLATE, flags::CHART_SOURCE, flags::VALUES],
        Arguments::AtLeast(1),
        template::run
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
