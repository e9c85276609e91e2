//! `chart completion`.

use clap_complete::Shell;

use super::{Context, Outcome};
use crate::flags::{Flag, Kind};

/// Helm has it; our scripts carry descriptions where the shell shows them.
pub(crate) const FLAGS: &[Flag] =
    &[Flag::new("no-descriptions", Kind::Switch, "disable completion descriptions")];

fn script(context: &Context<'_>, shell: Shell) -> Outcome {
    let name = context.settings.program();
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut crate::cli::tree(name, crate::cli::Extent::Whole), name, &mut out);
    crate::output::print(&out);
    Ok(())
}

pub(crate) fn bash(context: &Context<'_>) -> Outcome {
    script(context, Shell::Bash)
}

pub(crate) fn fish(context: &Context<'_>) -> Outcome {
    script(context, Shell::Fish)
}

pub(crate) fn powershell(context: &Context<'_>) -> Outcome {
    script(context, Shell::PowerShell)
}

pub(crate) fn zsh(context: &Context<'_>) -> Outcome {
    script(context, Shell::Zsh)
}
