//! Diagnostics as text: a snippet with a caret, notes, hints; and as JSON.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;

use super::{Diagnostic, Location, Severity};

/// Draws one diagnostic for a person: the place with a caret, then notes and hints, one line each. The
/// message itself is left out: it has been printed in Helm's words already. `color` asks for ANSI colours.
///
/// ```
/// use chartcore::diag::{Diagnostic, Location, draw};
///
/// let place = Location {
///     file: "c/templates/cm.yaml".into(),
///     line: 6,
///     column: 13,
///     length: 24,
///     text: Some("  image: {{ .Values.image.repository }}".into()),
/// };
/// let problem = Diagnostic::error("nil-pointer", "`.Values.image` is null")
///     .at(place)
///     .hint("guard it with `{{ (.Values.image).repository }}`");
/// let text = draw(&problem, false);
/// assert!(text.contains("--> c/templates/cm.yaml:6:13"));
/// assert!(text.ends_with("hint: guard it with `{{ (.Values.image).repository }}`\n"));
/// ```
pub fn draw(diagnostic: &Diagnostic, color: bool) -> String {
    let mut out = String::new();
    if let Some(place) = &diagnostic.primary {
        match &place.text {
            Some(text) => out.push_str(&snippet(place, text, diagnostic.label.as_deref(), color)),
            None => out.push_str(&format!(" --> {}\n", shown(place))),
        }
    }
    for (text, place) in &diagnostic.notes {
        out.push_str("note: ");
        if let Some(place) = place {
            out.push_str(&shown(place));
            out.push(' ');
        }
        out.push_str(text);
        out.push('\n');
    }
    for hint in &diagnostic.hints {
        out.push_str("hint: ");
        out.push_str(hint);
        out.push('\n');
    }
    out
}

fn shown(place: &Location) -> String {
    match (place.line, place.column) {
        (0, _) => place.file.clone(),
        (line, 0) => format!("{}:{line}", place.file),
        (line, column) => format!("{}:{line}:{column}", place.file),
    }
}

fn snippet(place: &Location, text: &str, label: Option<&str>, color: bool) -> String {
    let boundary =
        |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let start = boundary(place.column.saturating_sub(1));
    let end = boundary(start.saturating_add(place.length.max(1))).max(start);
    let mut annotation = AnnotationKind::Primary.span(start..end);
    if let Some(label) = label {
        annotation = annotation.label(label);
    }
    let source =
        Snippet::source(text).line_start(place.line.max(1)).path(&*place.file).annotation(annotation);
    let group = Group::with_level(Level::ERROR).element(source);
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut drawn = renderer.render(&[group]).to_string();
    drawn.push('\n');
    drawn
}

/// One JSON object for a message and its diagnostics, on one line.
pub fn to_json(message: &str, diagnostics: &[Diagnostic]) -> String {
    let place = |place: &Location| json!({ "file": place.file, "line": place.line, "column": place.column, "length": place.length });
    let listed: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| {
            json!({
                "code": diagnostic.code,
                "severity": match diagnostic.severity {
                    Severity::Info => "info",
                    Severity::Warning => "warning",
                    Severity::Error => "error",
                },
                "message": diagnostic.message,
                "at": diagnostic.primary.as_ref().map(place),
                "notes": diagnostic.notes.iter().map(|(text, at)| json!({
                    "text": text, "at": at.as_ref().map(place),
                })).collect::<Vec<_>>(),
                "hints": diagnostic.hints,
            })
        })
        .collect();
    json!({ "message": message, "diagnostics": listed }).to_string()
}
