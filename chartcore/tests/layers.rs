//! Keeps the order of the library's modules: a module may use only what stands to its left in
//! [`ORDER`] (see ARCHITECTURE.md). The check reads the source text, so it also sees code behind
//! features; test modules are held to the same order.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the modules it may use.
const ORDER: &[(&str, &[&str])] = &[
    ("diag", &[]),
    ("error", &["diag"]),
    ("unicode", &[]),
    ("quote", &["unicode"]),
    ("version", &["diag", "error", "quote"]),
    ("regex", &["diag", "error", "quote"]),
    ("files", &["diag", "error", "quote"]),
    ("data", &["diag", "error", "quote"]),
    ("template", &["diag", "error", "unicode", "quote", "version", "regex", "files", "data"]),
    ("chart", &["diag", "error", "quote", "version", "regex", "files", "data", "template"]),
    ("dependency", &["diag", "error", "quote", "version", "regex", "files", "data", "template", "chart"]),
    ("values", &["diag", "error", "quote", "version", "regex", "files", "data", "template", "chart"]),
    (
        "render",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "regex",
            "files",
            "data",
            "template",
            "chart",
            "dependency",
            "values",
        ],
    ),
    (
        "manifest",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "regex",
            "files",
            "data",
            "template",
            "chart",
            "dependency",
            "values",
            "render",
        ],
    ),
    (
        "lint",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "files",
            "data",
            "template",
            "chart",
            "dependency",
            "values",
            "render",
            "manifest",
        ],
    ),
    ("archive", &["diag", "error", "quote", "version", "regex", "files", "data", "template", "chart"]),
    ("cache", &["diag", "error", "quote", "archive"]),
    ("transport", &["diag", "error", "quote", "files", "data", "archive", "cache"]),
    (
        "repository",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "regex",
            "files",
            "data",
            "template",
            "chart",
            "archive",
            "cache",
            "transport",
        ],
    ),
    (
        "registry",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "regex",
            "files",
            "data",
            "template",
            "chart",
            "archive",
            "cache",
            "transport",
        ],
    ),
    (
        "vendor",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "regex",
            "files",
            "data",
            "template",
            "chart",
            "dependency",
            "archive",
            "cache",
            "transport",
            "repository",
            "registry",
        ],
    ),
    (
        "publish",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "regex",
            "files",
            "data",
            "template",
            "chart",
            "dependency",
            "values",
            "render",
            "manifest",
            "lint",
            "archive",
            "cache",
            "transport",
            "repository",
            "registry",
            "vendor",
        ],
    ),
    ("jinja", &["diag", "error", "quote", "files", "data"]),
    (
        "helmfile",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "regex",
            "files",
            "data",
            "template",
            "chart",
            "dependency",
            "values",
            "render",
            "manifest",
            "lint",
            "archive",
        ],
    ),
    (
        "sweep",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "regex",
            "files",
            "data",
            "template",
            "chart",
            "dependency",
            "values",
            "render",
            "manifest",
            "lint",
            "archive",
        ],
    ),
    (
        "cluster",
        &[
            "diag", "error", "quote", "version", "regex", "files", "data", "template", "chart", "values",
            "render", "manifest",
        ],
    ),
    (
        "release",
        &[
            "diag",
            "error",
            "quote",
            "version",
            "regex",
            "files",
            "data",
            "template",
            "chart",
            "dependency",
            "values",
            "render",
            "manifest",
            "cluster",
        ],
    ),
];

/// Names of the crate's root that belong to no module: every module may use them.
const ROOT: &[&str] = &["Compat", "Error", "ErrorKind", "Result"];

/// A use of one top module by another that the order does not allow.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    file: String,
    line: usize,
    uses: String,
}

/// The first names of the paths that start at the crate's root, with their lines.
///
/// `module` is the path of the file's module, top module first: `super::` is resolved against it.
fn root_names(module: &[String], text: &str) -> Vec<(usize, String)> {
    let text = without_comments_and_strings(text);
    let mut names = Vec::new();
    for (start, _) in text.match_indices("crate::") {
        if !starts_a_word(&text, start) {
            continue;
        }
        let line = text[..start].matches('\n').count() + 1;
        names.extend(first_names(&text[start + "crate::".len()..]).into_iter().map(|name| (line, name)));
    }
    let mut next = 0;
    while let Some(found) = text[next..].find("super::") {
        let start = next + found;
        let steps = text[start..].split("::").take_while(|part| *part == "super").count();
        next = start + steps * "super::".len();
        if !starts_a_word(&text, start) {
            continue;
        }
        // A `mod tests { }` inside the file adds steps that cannot leave the module, so only count
        // the ones that climb further than the file's own module and the blocks around the path.
        let nested = enclosing_modules(&text[..start]);
        if steps == module.len() + nested {
            let line = text[..start].matches('\n').count() + 1;
            names.extend(first_names(&text[next..]).into_iter().map(|name| (line, name)));
        }
    }
    names.sort();
    names
}

fn starts_a_word(text: &str, at: usize) -> bool {
    !text[..at]
        .ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':' || before == '$')
}

/// The first segment of a path, or of each path of a brace group.
fn first_names(rest: &str) -> Vec<String> {
    let name_of = |text: &str| -> String {
        text.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
    };
    if !rest.starts_with('{') {
        return vec![name_of(rest)];
    }
    let mut names = Vec::new();
    let (mut depth, mut item) = (0, String::new());
    for letter in rest.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && letter == ',' {
            names.push(name_of(&item));
            item.clear();
        } else if !(depth == 1 && letter == '{') {
            item.push(letter);
        }
    }
    names.push(name_of(&item));
    names.retain(|name| !name.is_empty() && name != "self");
    names
}

/// How many `mod name {` blocks are open at the end of the text.
fn enclosing_modules(text: &str) -> usize {
    let mut open = Vec::new();
    let mut pending = false;
    let mut word = String::new();
    let mut previous = String::new();
    for letter in text.chars() {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            pending = previous == "mod";
            previous = std::mem::take(&mut word);
        }
        match letter {
            '{' => {
                open.push(pending);
                pending = false;
            }
            '}' => {
                open.pop();
            }
            letter if letter.is_whitespace() => {}
            _ => pending = false,
        }
    }
    open.into_iter().filter(|module| *module).count()
}

/// The text with comments, string literals and character literals blanked, lines kept.
fn without_comments_and_strings(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    let blank = |kept: &mut String, piece: &str| {
        kept.extend(piece.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
    };
    while at < text.len() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest, at, bytes) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = rest.find('"').map_or(0, |quote| quote + 1);
            rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len())
        } else if rest.starts_with('"') {
            quoted(rest)
        } else if rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'') && rest.starts_with('\'') {
            rest.char_indices()
                .skip(2)
                .find(|(_, letter)| *letter == '\'')
                .map_or(rest.len(), |(end, _)| end + 1)
        } else {
            let letter = rest.chars().next().map_or(1, char::len_utf8);
            kept.push_str(&rest[..letter]);
            at += letter;
            continue;
        };
        blank(&mut kept, &rest[..length]);
        at += length;
    }
    kept
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The number of hashes of the raw string that starts here.
fn raw_string(rest: &str, at: usize, bytes: &[u8]) -> Option<usize> {
    let inside_a_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')).filter(|_| !inside_a_word)?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The violations in one file; `file` is its path under `src`.
fn check(file: &str, text: &str) -> Vec<Violation> {
    let mut module: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    let top = module[0].clone();
    if top == "lib" {
        return Vec::new();
    }
    let order: BTreeMap<&str, &[&str]> = ORDER.iter().copied().collect();
    let Some(allowed) = order.get(top.as_str()) else {
        return vec![Violation { file: file.to_owned(), line: 1, uses: format!("{top} is not in ORDER") }];
    };
    root_names(&module, text)
        .into_iter()
        .filter(|(_, name)| {
            *name != top && !allowed.contains(&name.as_str()) && !ROOT.contains(&name.as_str())
        })
        .map(|(line, uses)| Violation { file: file.to_owned(), line, uses })
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_module_uses_only_what_stands_to_its_left() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    assert!(files.len() > 10, "the sources are gone");
    let mut violations = Vec::new();
    for path in files {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        violations.extend(check(&file, &fs::read_to_string(&path).unwrap()));
    }
    let shown: Vec<String> = violations
        .iter()
        .map(|found| format!("src/{}:{} uses crate::{}", found.file, found.line, found.uses))
        .collect();
    assert!(violations.is_empty(), "modules out of order:\n  {}", shown.join("\n  "));
}

#[test]
fn the_order_has_no_circles() {
    for (position, (module, allowed)) in ORDER.iter().enumerate() {
        for used in *allowed {
            let earlier = ORDER.iter().position(|(name, _)| name == used);
            assert!(
                earlier.is_some_and(|earlier| earlier < position),
                "{module} may use {used}, which stands to its right"
            );
        }
    }
}

#[test]
fn planted_violations_are_found() {
    for (file, text, line, uses) in [
        ("template/exec.rs", "use crate::chart::Chart;\n", 1, "chart"),
        ("data/yaml/parse.rs", "fn f() {\n    crate::template::parse();\n}\n", 2, "template"),
        ("error.rs", "use crate::{diag::Span, data::{Value, Map}};\n", 1, "data"),
        ("chart/mod.rs", "use super::values::merge;\n", 1, "values"),
        ("chart/load.rs", "\nuse super::super::render;\n", 2, "render"),
        ("chart/load.rs", "mod tests {\n    use super::super::super::render;\n}\n", 2, "render"),
        ("archive/mod.rs", "type T = Vec<crate::render::Rendered>;\n", 1, "render"),
        ("files/glob.rs", "pub(in crate::files) fn a() {}\nuse crate::chart;\n", 2, "chart"),
        ("diag/mod.rs", "impl From<crate::Error> for X { fn f(c: crate::error::Error) {} }\n", 1, "error"),
        ("new/mod.rs", "\n", 1, "new is not in ORDER"),
    ] {
        let found = check(file, text);
        let expected = Violation { file: file.to_owned(), line, uses: uses.to_owned() };
        assert_eq!(found, [expected], "{file}: {text}");
    }
}

#[test]
fn what_is_allowed_is_not_reported() {
    for (file, text) in [
        ("template/exec.rs", "use crate::data::Value;\nuse super::parse;\nuse crate::{Compat, Result};\n"),
        (
            "chart/load.rs",
            "// crate::render is not used\nlet text = \"crate::render\";\nlet raw = r#\"crate::lint\"#;\n",
        ),
        ("chart/load.rs", "/// See [`crate::render`].\n/* crate::lint */\n"),
        ("chart/load.rs", "mod tests {\n    use super::super::Chart;\n    use super::*;\n}\n"),
        ("data/number.rs", "let quote = '\"'; let tick = '\\''; use crate::error; let other = '\"';\n"),
        ("lib.rs", "pub use crate::render::render;\n"),
    ] {
        assert_eq!(check(file, text), [], "{file}: {text}");
    }
}
