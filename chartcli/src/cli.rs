//! The tree of commands, and pflag's words for what is wrong with a command line.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::commands::{self, Context, Outcome};
use crate::flags::{self, Flag, Given, POSITIONALS};
use crate::settings::Settings;

/// How many positional arguments a command takes, and Helm's words when there are others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arguments {
    /// Whatever comes; the command looks itself.
    Any,
    /// None at all.
    None,
    /// This many.
    Exactly(usize),
    /// At least this many.
    AtLeast(usize),
    /// At most this many.
    AtMost(usize),
}

/// One command: its names, its flags, what it does.
pub(crate) struct Spec {
    /// Name, then aliases.
    pub(crate) names: &'static [&'static str],
    /// The usage line after the program's name, without flags: `template [NAME] [CHART]`.
    pub(crate) usage: &'static str,
    /// One line.
    pub(crate) about: &'static str,
    /// Groups of flags.
    pub(crate) flags: &'static [&'static [Flag]],
    /// Positional arguments.
    pub(crate) arguments: Arguments,
    /// Subcommands; a command with some does nothing itself.
    pub(crate) children: &'static [Spec],
    /// What it does.
    pub(crate) run: Option<fn(&Context<'_>) -> Outcome>,
}

/// Which commands the tree is built of.
#[derive(Clone, Copy)]
pub(crate) enum Extent<'a> {
    /// All: for help and completion.
    Whole,
    /// Those named by one of these words: a command line reaches nothing else, and building the flags of every command
    /// would cost more than most commands do.
    Named(&'a [OsString]),
}

impl Extent<'_> {
    fn includes(self, spec: &Spec) -> bool {
        match self {
            Self::Whole => true,
            Self::Named(words) => words.iter().any(|word| spec.names.iter().any(|name| word == name)),
        }
    }
}

impl Spec {
    fn command(&self, extent: Extent<'_>) -> Command {
        let mut command = Command::new(self.names[0])
            .about(self.about)
            .visible_aliases(self.names[1..].iter().copied())
            .args_override_self(true)
            .disable_help_subcommand(true)
            .disable_version_flag(true);
        for flag in self.flags.iter().flat_map(|group| group.iter()) {
            command = command.arg(flag.arg());
        }
        for child in self.children.iter().filter(|child| extent.includes(child)) {
            command = command.subcommand(child.command(extent));
        }
        if self.run.is_some() {
            let name = self.usage.split_once(' ').map_or("", |(_, rest)| rest);
            command = command.arg(
                Arg::new(POSITIONALS)
                    .action(ArgAction::Append)
                    .num_args(0..)
                    .value_name(if name.is_empty() { "ARGS" } else { name })
                    .hide(matches!(self.arguments, Arguments::None)),
            );
        }
        command
    }

    fn check_arguments(&self, path: &str, count: usize) -> Result<(), String> {
        let plural = |number: usize| if number == 1 { "argument" } else { "arguments" };
        let wrong = match self.arguments {
            Arguments::None if count > 0 => format!("{path:?} accepts no arguments"),
            Arguments::Exactly(wanted) if count != wanted => {
                format!("{path:?} requires {wanted} {}", plural(wanted))
            }
            Arguments::AtLeast(wanted) if count < wanted => {
                format!("{path:?} requires at least {wanted} {}", plural(wanted))
            }
            Arguments::AtMost(wanted) if count > wanted => {
                format!("{path:?} accepts at most {wanted} {}", plural(wanted))
            }
            _ => return Ok(()),
        };
        let parent = path.rsplit_once(' ').map_or("", |(parent, _)| parent);
        Err(format!("{wrong}\n\nUsage:  {parent} {} [flags]", self.usage))
    }
}

/// The tree of commands.
pub(crate) fn tree(program: &'static str, extent: Extent<'_>) -> Command {
    let mut command = Command::new(program)
        .about("Helm-compatible charts: render, check, pack and publish them, and run releases")
        .args_override_self(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .max_term_width(110);
    for flag in flags::GLOBAL {
        command = command.arg(flag.arg().global(true).help_heading("Global flags"));
    }
    for spec in commands::ALL.iter().filter(|spec| extent.includes(spec)) {
        command = command.subcommand(spec.command(extent));
    }
    command
}

/// Runs the command line; returns the process's exit code.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let program = arguments.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = match Settings::role_of(&program) {
        crate::settings::Role::Native => "chart",
        crate::settings::Role::DropIn => "helm",
    };
    let arguments = rewrite_help(arguments);
    let asks_help = arguments.iter().any(|word| word == "--help" || word == "-h");
    let extent = if asks_help { Extent::Whole } else { Extent::Named(&arguments) };
    let matches = match tree(name, extent).try_get_matches_from(&arguments) {
        Ok(matches) => matches,
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp => {
                crate::output::print(error.render().to_string().as_bytes());
                return 0;
            }
            _ => {
                crate::report::plain(&usage_message(&error, name));
                return 1;
            }
        },
    };
    dispatch(&program, name, &matches)
}

/// `chart help X` is `chart X --help`.
fn rewrite_help(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|word| word == "help") {
        arguments.remove(1);
        arguments.push("--help".into());
    }
    arguments
}

fn dispatch(program: &str, name: &str, root: &ArgMatches) -> u8 {
    let mut path = name.to_owned();
    let mut specs = commands::ALL;
    let mut matches = root;
    let mut found: Option<&'static Spec> = None;
    while let Some((word, inner)) = matches.subcommand() {
        let Some(spec) = specs.iter().find(|spec| spec.names[0] == word) else { break };
        path.push(' ');
        path.push_str(word);
        found = Some(spec);
        specs = spec.children;
        matches = inner;
    }
    let Some((spec, run)) = found.and_then(|spec| Some((spec, spec.run?))) else {
        let mut command = tree(if name == "helm" { "helm" } else { "chart" }, Extent::Whole);
        let mut shown = &mut command;
        for word in path.split(' ').skip(1) {
            if shown.find_subcommand(word).is_none() {
                break;
            }
            shown = shown.find_subcommand_mut(word).unwrap_or_else(|| unreachable!("it was just found"));
        }
        crate::output::print(shown.render_help().to_string().as_bytes());
        return 0;
    };
    let given = Given { matches };
    let settings = match Settings::read(program, &given) {
        Ok(settings) => settings,
        Err(message) => {
            crate::report::plain(&message);
            return 1;
        }
    };
    let strict = (settings.role == crate::settings::Role::DropIn).then_some(settings.compat);
    let checked = flags::check(&[flags::GLOBAL], &given, strict)
        .and_then(|()| flags::check(spec.flags, &given, strict))
        .and_then(|()| {
            let path = path.replacen(name, settings.program(), 1);
            spec.check_arguments(&path, given.positionals().len())
        });
    if let Err(message) = checked {
        crate::report::plain(&message);
        return 1;
    }
    let context = Context { settings: &settings, given };
    match run(&context) {
        Ok(()) => 0,
        Err(commands::Failure::Exit(code)) => code,
        Err(failure) => crate::report::failure(&settings, &failure),
    }
}

/// pflag's and cobra's words for clap's complaint.
fn usage_message(error: &clap::Error, program: &str) -> String {
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => {
            // clap names a subcommand's unknown word an argument too.
            match argument.strip_prefix("--") {
                Some(long) => format!("unknown flag: --{}", long.split('=').next().unwrap_or(long)),
                None => match argument.strip_prefix('-').and_then(|rest| rest.chars().next()) {
                    Some(letter) => format!("unknown shorthand flag: {letter:?} in {argument}"),
                    None => unknown_command(&argument, program),
                },
            }
        }
        ErrorKind::InvalidSubcommand => unknown_command(&context(ContextKind::InvalidSubcommand), program),
        ErrorKind::InvalidValue
        | ErrorKind::WrongNumberOfValues
        | ErrorKind::TooFewValues
        | ErrorKind::NoEquals => {
            let flag = argument.split([' ', '=']).next().unwrap_or(&argument);
            format!("flag needs an argument: {flag}")
        }
        _ => error.render().to_string().trim_start_matches("error: ").trim_end().to_owned(),
    }
}

fn unknown_command(word: &str, program: &str) -> String {
    let near: Vec<&str> = commands::ALL
        .iter()
        .map(|spec| spec.names[0])
        .filter(|name| name.starts_with(word) || distance(word, name) <= 2)
        .collect();
    let mut message = format!("unknown command {word:?} for {program:?}");
    if near.is_empty() {
        message.push_str(&format!("\nRun '{program} --help' for usage."));
    } else {
        message.push_str("\n\nDid you mean this?\n");
        for name in near {
            message.push_str(&format!("\t{name}\n"));
        }
        message.push_str(&format!("\nRun '{program} --help' for usage."));
    }
    message
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
