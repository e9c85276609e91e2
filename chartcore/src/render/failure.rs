//! Errors of templates, with the place, the way there, and what to do.

use super::hints::nearest;
use super::{Job, Rendered};
use crate::Compat;
use crate::chart::{Chart, File};
use crate::data::Value;
use crate::diag::{Diagnostic, Location};
use crate::error::{Error, ErrorKind};
use crate::quote::quote;
use crate::template::{self, ExecError, Frame, ParseError, Templates};
use crate::values::{Effect, Explanation, Path, Setting, Values};

/// A template that does not parse.
pub(super) fn parsing(error: &ParseError, job: &Job<'_>, compat: Compat) -> Error {
    let message = error.message(&job.name);
    // An action that is never closed is wrong where it starts.
    let (line, column) = match error.started() {
        Some(line) if message.starts_with("unclosed ") => (line, 0),
        _ => (error.line(), error.column() + 1),
    };
    let name = message.strip_prefix("function \"").and_then(|rest| rest.split('"').next());
    let mut diagnostic = Diagnostic::error("template-syntax", message.clone()).at(Location {
        file: job.name.clone(),
        line,
        column,
        length: name.map_or(0, str::len),
        text: line_text(job.file, line),
    });
    if let Some((line, word)) = error.opened().filter(|_| !message.starts_with("unclosed action")) {
        let place =
            Location { file: job.name.clone(), line, column: 0, length: 0, text: line_text(job.file, line) };
        let note = match word {
            "action" => "the action that starts there is still open: does it lack its `}}`?".to_owned(),
            word => format!("this `{word}` has no `{{{{ end }}}}`"),
        };
        diagnostic.notes.push((note, Some(place)));
    }
    if let Some(name) = name {
        let known = template::functions(compat).map(|function| function.name);
        diagnostic = diagnostic.hint(match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "templates have no function of that name; text needs quotes".to_owned(),
        });
    } else if message.contains("unexpected EOF") && error.opened().is_none() {
        diagnostic = diagnostic.hint("an `if`, `with`, `range` or `define` above lacks its `{{ end }}`");
    } else if message.starts_with("unclosed action") {
        diagnostic = diagnostic.hint("an action ends with `}}`");
    } else if message.starts_with("bad character U+002D") {
        diagnostic = diagnostic.hint("a key with `-` in its name is read by `index .Values \"the-key\"`");
    } else if message.starts_with("undefined variable") {
        diagnostic = diagnostic
            .hint("a variable lives from its `{{ $name := … }}` to the `{{ end }}` of the block around it");
    } else if message.starts_with("unexpected {{end}}") || message.starts_with("unexpected {{else}}") {
        diagnostic = diagnostic.hint("no `if`, `with` or `range` is open here");
    }
    Error::new(ErrorKind::Template, error.helm_text(&job.name)).with_diagnostic(diagnostic)
}

/// A template that failed while it ran.
pub(super) fn execution(
    error: &ExecError,
    jobs: &[Job<'_>],
    templates: &Templates,
    values: &Values,
) -> Error {
    let compat = values.chart().compat();
    let mut diagnostic = Diagnostic::error(code(error), one_line(error.message()));
    let frames = error.frames();
    // The innermost frame that lies in a file: inside `tpl` the text has no file.
    let place = frames.iter().rposition(|frame| source(jobs, &frame.file).is_some());
    if let Some(frame) = place.and_then(|index| frames.get(index)) {
        diagnostic = diagnostic.at(location(frame, jobs));
    }
    for (index, frame) in frames.iter().enumerate().rev() {
        if Some(index) != place {
            diagnostic.notes.push((way(frame), Some(location(frame, jobs))));
        }
    }
    if let (Some(first), Some(last)) = (frames.first(), frames.last()) {
        match diagnostic.code {
            "nil-pointer" => explain(&mut diagnostic, first, last, values),
            "no-such-field" | "wrong-type" => explain_types(&mut diagnostic, first, last, values),
            _ => {}
        }
    }
    explain_missing_template(&mut diagnostic, error, templates);
    let kind = if error.message().contains("limit of") { ErrorKind::Limit } else { ErrorKind::Template };
    Error::new(kind, error.helm_text(compat)).with_diagnostic(diagnostic)
}

fn code(error: &ExecError) -> &'static str {
    let message = error.message();
    let node = error.frames().last().map_or("", |frame| frame.node.as_str());
    if message.contains("nil pointer evaluating") {
        "nil-pointer"
    } else if message.contains("no template \"") {
        "template-missing"
    } else if message.starts_with("error calling required") || node.starts_with("required ") {
        "required-value"
    } else if message.starts_with("error calling fail") || node.starts_with("fail ") {
        "chart-fails"
    } else if message.contains("can't evaluate field") {
        "no-such-field"
    } else if message.contains("wrong type for value") || message.contains("incompatible types") {
        "wrong-type"
    } else {
        "template-failed"
    }
}

fn one_line(message: &str) -> String {
    message.replace('\n', " ")
}

fn way(frame: &Frame) -> String {
    format!("in `{}`, at `{}`", frame.executing, one_line(&frame.node))
}

fn source<'a>(jobs: &'a [Job<'_>], name: &str) -> Option<&'a File> {
    jobs.iter().find(|job| job.name == name).map(|job| job.file)
}

fn location(frame: &Frame, jobs: &[Job<'_>]) -> Location {
    let (line, column) = frame.start;
    let text = source(jobs, &frame.file).and_then(|file| line_text(file, line));
    Location { file: frame.file.clone(), line, column: column + 1, length: frame.length, text }
}

/// The text of a line, counted from 1.
pub(super) fn line_text(file: &File, line: usize) -> Option<String> {
    let index = line.checked_sub(1)?;
    let text = file.data().split(|&byte| byte == b'\n').nth(index)?;
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    Some(String::from_utf8_lossy(text).into_owned())
}

/// Says which value is missing, where it was set, what its neighbours are called, and how to guard.
fn explain(diagnostic: &mut Diagnostic, executed: &Frame, innermost: &Frame, values: &Values) {
    let Some(path) = values_path(&innermost.node) else { return explain_object(diagnostic, innermost) };
    if is_elsewhere(diagnostic, innermost, &path) {
        return;
    }
    let Some((chart_path, tree)) = chart_values(values.chart(), values.tree(), &executed.file) else {
        return;
    };
    let mut here = tree;
    for (index, key) in path.iter().enumerate() {
        let last = index + 1 == path.len();
        match here.get(key) {
            Some(next) if !next.is_null() && !last => here = next,
            found => {
                if last {
                    return;
                }
                let whole = Path::of_keys(
                    chart_path.iter().map(String::as_str).chain(path[..=index].iter().copied()),
                );
                let explanation = values.explain(&whole);
                let setting = explanation.as_ref().and_then(Explanation::winner);
                // A null may have taken the key away.
                let is_null = found.is_some() || setting.is_some_and(|setting| setting.value.is_null());
                let state = if is_null { "null" } else { "not set" };
                diagnostic.label = Some(format!("`.Values.{}` is {state}", path[..=index].join(".")));
                let keys =
                    here.as_map().into_iter().flat_map(|map| map.keys()).filter_map(|key| key.as_str());
                if !is_null && let Some(near) = nearest(key, keys) {
                    diagnostic.hints.push(format!("did you mean `{near}`? it is set beside it"));
                }
                if let Some(setting) = setting {
                    diagnostic.notes.push((origin(setting, key), setting.location.clone()));
                }
                diagnostic.hints.push(format!("guard it with `{{{{ {} }}}}`", guarded(&path, index)));
                return;
            }
        }
    }
}

/// Inside `range`, `with` and many a definition the dot is not the chart's: then `.Values` itself is what is missing.
fn is_elsewhere(diagnostic: &mut Diagnostic, innermost: &Frame, path: &[&str]) -> bool {
    let missing = format!("nil pointer evaluating interface {{}}.{}", path.first().unwrap_or(&""));
    let no_values = diagnostic.message.contains("can't evaluate field Values in type");
    if !innermost.node.starts_with(".Values") || !(no_values || diagnostic.message.ends_with(&missing)) {
        return false;
    }
    diagnostic.label = Some("the dot has no `Values` here".to_owned());
    let whole = format!("$.Values.{}", path.join("."));
    diagnostic.hints.push(format!("inside `range` and `with` the dot is something else: write `{whole}`"));
    true
}

/// `.Relase.Name`: an object that templates do not have.
fn explain_object(diagnostic: &mut Diagnostic, innermost: &Frame) {
    const OBJECTS: [&str; 8] =
        ["Values", "Release", "Chart", "Capabilities", "Template", "Files", "Subcharts", "Revision"];
    let Some(name) = innermost.node.trim_start_matches('$').strip_prefix('.') else { return };
    let name = name.split('.').next().unwrap_or_default();
    if let Some(near) = nearest(name, OBJECTS) {
        diagnostic.label = Some(format!("`.{name}` is not set"));
        diagnostic.hints.push(format!("did you mean `.{near}`?"));
    }
}

/// Says what the values in a node are, and who set them.
fn explain_types(diagnostic: &mut Diagnostic, executed: &Frame, innermost: &Frame, values: &Values) {
    let Some((chart_path, tree)) = chart_values(values.chart(), values.tree(), &executed.file) else {
        return;
    };
    let words = innermost.node.split([' ', '(', ')', '|']).filter(|word| word.contains(".Values."));
    for path in words.filter_map(values_path) {
        if is_elsewhere(diagnostic, innermost, &path) {
            return;
        }
        // The first value on the way that is no map, or the last one.
        let (mut here, mut length) = (Some(tree), 0);
        for key in &path {
            let Some(map) = here.and_then(Value::as_map) else { break };
            here = map.get(key);
            length += 1;
        }
        let shown = path[..length].join(".");
        let Some(value) = here else {
            diagnostic.hints.push(format!("`.Values.{shown}` is not set"));
            continue;
        };
        let whole =
            Path::of_keys(chart_path.iter().map(String::as_str).chain(path[..length].iter().copied()));
        let explanation = values.explain(&whole);
        let setting = explanation.as_ref().and_then(Explanation::winner);
        let by = setting.map_or_else(String::new, |setting| format!(", set by {}", setting.origin));
        let place = setting.and_then(|setting| setting.location.clone());
        diagnostic.notes.push((format!("`.Values.{shown}` is {}{by}", described(value)), place));
    }
}

/// `the text "on"`, `the number 3`, `a list`.
fn described(value: &Value) -> String {
    /// Of a longer text the start is enough to know it by.
    const LONGEST: usize = 40;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => format!("the truth value {truth}"),
        Value::Int(number) => format!("the number {number}"),
        Value::Float(number) => format!("the number {number}"),
        Value::String(text) => {
            let text = text.to_text();
            let short: String = text.chars().take(LONGEST).collect();
            let dots = if short.len() < text.len() { "…" } else { "" };
            format!("the text {}{dots}", quote(&short))
        }
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a map".to_owned(),
    }
}

/// `values-prod.yaml sets `image: null`, which takes the chart's default away`.
fn origin(setting: &Setting, key: &str) -> String {
    match (setting.effect, &setting.value) {
        (Effect::Deletes, Value::Null) => {
            format!("{} sets `{key}: null`, which takes the chart's default away", setting.origin)
        }
        (Effect::Deletes, value) => format!("{} puts {} in its place", setting.origin, described(value)),
        (_, Value::Null) => format!("{} sets `{key}: null`", setting.origin),
        _ => format!("{} sets `{key}`", setting.origin),
    }
}

/// `(.Values.image).repository`: from the missing key on, each step in parentheses.
fn guarded(path: &[&str], missing: usize) -> String {
    let mut text = format!(".Values.{}", path[..=missing].join("."));
    for key in &path[missing + 1..] {
        text = format!("({text}).{key}");
    }
    text
}

/// The keys behind `.Values.` in a node that is a field chain: `.Values.a.b`, `$.Values.a.b`.
fn values_path(node: &str) -> Option<Vec<&str>> {
    let (_, path) = node.split_once(".Values.")?;
    let is_key =
        |key: &str| !key.is_empty() && key.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let keys: Vec<&str> = path.split('.').collect();
    keys.iter().all(|key| is_key(key)).then_some(keys)
}

/// The values of the chart that owns the template `file`, and the keys that lead to them from the root.
fn chart_values<'a>(root: &Chart, tree: &'a Value, file: &str) -> Option<(Vec<String>, &'a Value)> {
    let mut rest = file.strip_prefix(root.name())?.strip_prefix('/')?;
    let (mut chart, mut here, mut path) = (root, tree, Vec::new());
    while let Some(inner) = rest.strip_prefix("charts/") {
        let (name, behind) = inner.split_once('/')?;
        chart = chart.dependencies().iter().find(|child| child.name() == name)?;
        here = here.get(name)?;
        path.push(name.to_owned());
        rest = behind;
    }
    Some((path, here))
}

fn explain_missing_template(diagnostic: &mut Diagnostic, error: &ExecError, templates: &Templates) {
    let Some((_, rest)) = error.message().split_once("no template \"") else { return };
    let Some((name, _)) = rest.split_once('"') else { return };
    if let Some(near) = nearest(name, templates.names().filter_map(|name| name.as_str())) {
        diagnostic.hints.push(format!("did you mean `{near}`?"));
    } else if name.starts_with("common.") {
        diagnostic
            .hints
            .push("a library chart seems to be missing: check `dependencies` in Chart.yaml".to_owned());
    }
}

impl Rendered {
    /// The template a rendered file came from, with its text.
    pub(crate) fn template(&self, name: &str) -> Option<&File> {
        let mut chart = self.chart();
        let mut rest = name.strip_prefix(chart.name())?.strip_prefix('/')?;
        while let Some(inner) = rest.strip_prefix("charts/") {
            let (name, behind) = inner.split_once('/')?;
            chart = chart.dependencies().iter().find(|child| child.name() == name)?;
            rest = behind;
        }
        chart.templates().iter().find(|file| file.name() == rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_put_each_step_in_parentheses() {
        let path = values_path("$.Values.image.tag.suffix").unwrap();
        assert_eq!(guarded(&path, 0), "((.Values.image).tag).suffix");
        assert_eq!(guarded(&path, 1), "(.Values.image.tag).suffix");
        assert_eq!(values_path("include \"x\" .Values.a"), Some(vec!["a"]));
        assert_eq!(values_path("index .Values.a 0"), None);
        assert_eq!(values_path(".image"), None);
    }

    #[test]
    fn lines_come_without_their_ends() {
        let file = File::new("templates/a.yaml", &b"a\r\nb\n"[..]);
        assert_eq!(line_text(&file, 1).as_deref(), Some("a"));
        assert_eq!(line_text(&file, 2).as_deref(), Some("b"));
        assert_eq!(line_text(&file, 0), None);
        assert_eq!(line_text(&file, 9), None);
    }
}
