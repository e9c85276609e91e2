//! Errors and warnings on standard error: Helm's first line, then what helps.

use std::io::Write;

use chartcore::Compat;
use chartcore::diag::{self, Diagnostic, Severity};

use crate::commands::Failure;
use crate::settings::{ErrorFormat, Settings};

/// Prints a message under Helm's `Error: `.
pub(crate) fn plain(message: &str) {
    write(&format!("Error: {message}\n"));
}

/// Writes a part of a progress bar.
pub(crate) fn bar(text: &str) {
    write(text);
}

/// Prints a failure; returns the exit code.
pub(crate) fn failure(settings: &Settings, failure: &Failure) -> u8 {
    let message = failure.message();
    let diagnostics = failure.diagnostics();
    match settings.error_format {
        ErrorFormat::Human => {
            let mut text = format!("Error: {message}\n");
            for diagnostic in diagnostics {
                text.push_str(&diag::draw(diagnostic, settings.color));
            }
            write(&text);
        }
        ErrorFormat::Short => {
            let place = diagnostics.iter().find_map(|diagnostic| diagnostic.primary.as_ref());
            let line = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
            match place {
                Some(place) => write(&format!("{}:{}:{}: {line}\n", place.file, place.line, place.column)),
                None => write(&format!("error: {line}\n")),
            }
        }
        ErrorFormat::Json => write(&format!("{}\n", diag::to_json(message, diagnostics))),
    }
    failure.exit_code()
}

/// Prints warnings in the profile's layout.
pub(crate) fn warnings(settings: &Settings, warnings: &[Diagnostic]) {
    let mut text = String::new();
    for warning in warnings {
        if warning.severity == Severity::Info && !settings.debug {
            continue;
        }
        match (settings.error_format, settings.compat) {
            (ErrorFormat::Json, _) => {
                text.push_str(&diag::to_json(&warning.message, std::slice::from_ref(warning)));
                text.push('\n');
            }
            // What merging says has the word in front already; Helm 4 takes it for information.
            (_, compat) if warning.message.starts_with("warning: ") => match compat {
                Compat::Helm3 => text.push_str(&format!("{}\n", warning.message)),
                Compat::Helm4 => text.push_str(&format!("level=INFO msg={:?}\n", warning.message)),
            },
            (_, Compat::Helm4) => text.push_str(&format!("level=WARN msg={:?}\n", warning.message)),
            (_, Compat::Helm3) => text.push_str(&format!("WARNING: {}\n", warning.message)),
        }
    }
    write(&text);
}

/// Prints text as it is.
pub(crate) fn note(text: &str) {
    write(text);
}

/// Prints warnings that Helm does not know, with their places and hints.
pub(crate) fn notices(settings: &Settings, warnings: &[Diagnostic]) {
    let mut text = String::new();
    for warning in warnings {
        match settings.error_format {
            ErrorFormat::Json => {
                text.push_str(&diag::to_json(&warning.message, std::slice::from_ref(warning)));
                text.push('\n');
            }
            ErrorFormat::Short => text.push_str(&format!("warning: {}\n", warning.message)),
            ErrorFormat::Human => {
                text.push_str(&format!("warning: {}\n", warning.message));
                text.push_str(&diag::draw(warning, settings.color));
            }
        }
    }
    write(&text);
}

/// Standard error may be closed; there is nobody left to tell.
fn write(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
