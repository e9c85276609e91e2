//! JSONPath templates as kubectl and `helm show values --jsonpath` read them.
//!
//! Text with expressions in braces: `{.image.tag}`, `{.hosts[0]}`, `{.a['x','y']}`, `{..name}`,
//! `{.list[?(@.on==true)].name}`, `{range .list[*]}{.name}{"\n"}{end}`. Missing keys give nothing.
//! Kubernetes: k8s.io/client-go/util/jsonpath.

use std::borrow::Cow;

use super::{Str, Value, json, number};

/// How deep expressions may nest (filters in unions in filters).
const DEPTH: usize = 32;

/// How many values one step may select, so that a chain of `..` stays bounded.
const SELECTED: usize = 1_000_000;

/// Prints what `template` selects of `value`. An expression that fails while it runs prints nothing, as in
/// Helm, which ignores that error.
///
/// # Errors
/// The template does not parse; the text is Kubernetes' (`unclosed action`).
///
/// ```
/// use chartcore::data::{jsonpath, yaml};
///
/// let value = yaml::parse(b"image: {repository: nginx, tag: '1.2'}").expect("YAML");
/// let text = jsonpath::print("{.image.repository}:{.image.tag}", &value).expect("a path");
/// assert_eq!(text, b"nginx:1.2");
/// ```
pub fn print(template: &str, value: &Value) -> Result<Vec<u8>, String> {
    let parts = parse(template, 0)?;
    let mut out = Vec::new();
    let mut printed = Vec::new();
    let mut run = Run { out: &mut printed };
    if run.block(&parts, value, false).is_ok() {
        out = printed;
    }
    Ok(out)
}

/// One step of an expression.
#[derive(Debug, Clone)]
enum Step {
    Text(Str),
    Number(Value),
    Field(String),
    Wildcard,
    Recursive,
    Slice([Option<i64>; 3], bool),
    Union(Vec<Vec<Step>>),
    Filter(Vec<Step>, String, Vec<Step>),
    Word(String),
}

/// The top level: each brace pair is a list of steps, each stretch of text a step of its own.
fn parse(template: &str, depth: usize) -> Result<Vec<Vec<Step>>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let Some(open) = rest.find('{') else {
            parts.push(vec![Step::Text(rest.into())]);
            break;
        };
        if open > 0 {
            parts.push(vec![Step::Text(rest[..open].into())]);
        }
        let (steps, after) = action(&rest[open + 1..], depth)?;
        parts.push(steps);
        rest = after;
    }
    Ok(parts)
}

/// A whole expression without its braces.
fn expression(text: &str, depth: usize) -> Result<Vec<Step>, String> {
    if depth > DEPTH {
        return Err("expression nests too deeply".to_owned());
    }
    action(&format!("{text}}}"), depth).map(|(steps, _)| steps)
}

/// The steps up to the closing brace, and what follows it.
fn action(text: &str, depth: usize) -> Result<(Vec<Step>, &str), String> {
    let mut steps = Vec::new();
    let mut rest = text;
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((steps, after));
        }
        if let Some(after) = rest.strip_prefix("[?(") {
            let (step, after) = filter(after, depth)?;
            steps.push(step);
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("..") {
            if matches!(steps.last(), Some(Step::Recursive)) {
                return Err("invalid multiple recursive descent".to_owned());
            }
            steps.push(Step::Recursive);
            rest = after;
            if after.starts_with(|letter: char| letter == '_' || letter.is_alphanumeric()) {
                rest = field(after, &mut steps);
            }
            continue;
        }
        let Some(letter) = rest.chars().next().filter(|letter| !matches!(letter, '\n' | '\r')) else {
            return Err("unclosed action".to_owned());
        };
        let after = &rest[letter.len_utf8()..];
        match letter {
            ' ' | '@' | '$' => rest = after,
            '[' => {
                let close = after.find([']', '\n']).filter(|&at| after.as_bytes()[at] == b']');
                let Some(close) = close else { return Err("unterminated array".to_owned()) };
                brackets(&after[..close], depth, &mut steps)?;
                rest = &after[close + 1..];
            }
            '"' | '\'' => {
                let (text, tail) = quoted(after, letter)?;
                steps.push(Step::Text(text.into()));
                rest = tail;
            }
            '.' => rest = field(after, &mut steps),
            '+' | '-' | '0'..='9' => {
                let end = after.find(|letter: char| letter != '.' && !letter.is_ascii_digit());
                let length = 1 + end.unwrap_or(after.len());
                let digits = &rest[..length];
                let number = digits.parse().map(Value::Int).or_else(|_| digits.parse().map(Value::Float));
                steps.push(Step::Number(number.map_err(|_| format!("cannot parse number {digits}"))?));
                rest = &rest[length..];
            }
            '_' | 'a'..='z' | 'A'..='Z' => {
                let end = rest.find(is_terminator).unwrap_or(rest.len());
                steps.push(match &rest[..end] {
                    "true" => Step::Number(Value::Bool(true)),
                    "false" => Step::Number(Value::Bool(false)),
                    word => Step::Word(word.to_owned()),
                });
                rest = &rest[end..];
            }
            other => {
                return Err(format!(
                    "unrecognized character in action: U+{:04X} '{other}'",
                    u32::from(other)
                ));
            }
        }
    }
}

fn is_terminator(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

/// A field's name up to a terminator; a backslash keeps the letter after it.
fn field<'a>(text: &'a str, steps: &mut Vec<Step>) -> &'a str {
    let mut name = String::new();
    let mut letters = text.char_indices();
    let mut end = text.len();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            name.extend(letters.next().map(|(_, escaped)| escaped));
        } else if is_terminator(letter) {
            end = at;
            break;
        } else {
            name.push(letter);
        }
    }
    steps.push(if name == "*" { Step::Wildcard } else { Step::Field(name) });
    &text[end..]
}

fn brackets(text: &str, depth: usize, steps: &mut Vec<Step>) -> Result<(), String> {
    let text = if text == "*" { ":" } else { text };
    let choices: Vec<&str> = text.split(',').collect();
    if choices.len() > 1 {
        let choices =
            choices.iter().map(|choice| expression(&format!("[{}]", choice.trim_matches(' ')), depth + 1));
        steps.push(Step::Union(choices.collect::<Result<_, _>>()?));
        return Ok(());
    }
    if let Some(name) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''))
        && !name.contains('\'')
        && !name.is_empty()
    {
        steps.extend(expression(&format!(".{name}"), depth + 1)?);
        return Ok(());
    }
    let invalid = || format!("invalid array index {text}");
    let bounds: Vec<&str> = text.split(':').collect();
    let number = |text: &str| match text {
        "" => Ok(None),
        text => text.parse::<i64>().map(Some).map_err(|_| invalid()),
    };
    steps.push(match bounds[..] {
        ["" | "*"] => return Err(invalid()),
        [index] => {
            let index = number(index)?.ok_or_else(invalid)?;
            Step::Slice([Some(index), Some(index.saturating_add(1)), None], true)
        }
        [start, end] => Step::Slice([number(start)?, number(end)?, None], false),
        [start, end, step] => Step::Slice([number(start)?, number(end)?, number(step)?], false),
        _ => return Err(invalid()),
    });
    Ok(())
}

/// `left OP right)]`, or `path)]` for what must exist.
fn filter(text: &str, depth: usize) -> Result<(Step, &str), String> {
    let mut quote = None;
    let mut close = None;
    for (at, letter) in text.char_indices() {
        match (letter, quote) {
            ('\n', _) => break,
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open && !text[..at].ends_with('\\') => quote = None,
            (')', None) => {
                close = Some(at);
                break;
            }
            _ => {}
        }
    }
    let close = close.ok_or("unterminated filter")?;
    let after = text[close + 1..].strip_prefix(']').ok_or("unclosed array expect ]")?;
    let inner = &text[..close];
    let is_operator = |letter: char| matches!(letter, '!' | '<' | '>' | '=');
    let step = match inner.find(is_operator).filter(|&at| at > 0) {
        Some(at) => {
            let length = inner[at..].find(|letter| !is_operator(letter)).unwrap_or(inner.len() - at);
            Step::Filter(
                expression(&inner[..at], depth + 1)?,
                inner[at..at + length].to_owned(),
                expression(&inner[at + length..], depth + 1)?,
            )
        }
        None => Step::Filter(expression(inner, depth + 1)?, "exists".to_owned(), Vec::new()),
    };
    Ok((step, after))
}

/// A quoted text and what follows it.
fn quoted(text: &str, quote: char) -> Result<(String, &str), String> {
    let mut out = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\n' => break,
            letter if letter == quote => return Ok((out, &text[at + 1..])),
            '\\' => match letters.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, escaped @ ('\\' | '"' | '\''))) => out.push(escaped),
                _ => return Err(format!("unquote string {quote}{text} error invalid syntax")),
            },
            letter => out.push(letter),
        }
    }
    Err("unterminated quoted string".to_owned())
}

type Selected<'v> = Vec<Cow<'v, Value>>;

struct Run<'o> {
    out: &'o mut Vec<u8>,
}

impl Run<'_> {
    /// Prints `parts` over `value`; in a range it stops at `end` and returns how many parts it passed.
    fn block(&mut self, parts: &[Vec<Step>], value: &Value, ranged: bool) -> Result<usize, ()> {
        let mut at = 0;
        while at < parts.len() {
            let steps = &parts[at];
            match steps.first() {
                Some(Step::Word(word)) if word == "end" => return if ranged { Ok(at) } else { Err(()) },
                Some(Step::Word(word)) if word == "range" => {
                    let body = &parts[at + 1..];
                    let length = closing(body).unwrap_or(body.len());
                    for item in select(&steps[1..], &Cow::Borrowed(value))? {
                        self.block(&body[..length], &item, true)?;
                    }
                    at += 1 + length;
                }
                _ => self.print(&select(steps, &Cow::Borrowed(value))?),
            }
            at += 1;
        }
        Ok(at)
    }

    fn print(&mut self, values: &[Cow<'_, Value>]) {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.out.push(b' ');
            }
            match &**value {
                Value::Null => self.out.extend_from_slice(b"null"),
                Value::Bool(truth) => self.out.extend_from_slice(truth.to_string().as_bytes()),
                Value::Int(integer) => self.out.extend_from_slice(integer.to_string().as_bytes()),
                Value::Float(float) => number::write_v(self.out, *float),
                Value::String(text) => self.out.extend_from_slice(text),
                Value::List(_) | Value::Map(_) => {
                    self.out.extend_from_slice(&json::write(value).unwrap_or_default());
                }
            }
        }
    }
}

/// Where the `end` of a range's body stands.
fn closing(parts: &[Vec<Step>]) -> Option<usize> {
    let mut open = 0usize;
    for (at, steps) in parts.iter().enumerate() {
        match steps.first() {
            Some(Step::Word(word)) if word == "range" => open += 1,
            Some(Step::Word(word)) if word == "end" => match open.checked_sub(1) {
                Some(left) => open = left,
                None => return Some(at),
            },
            _ => {}
        }
    }
    None
}

fn select<'v>(steps: &[Step], value: &Cow<'v, Value>) -> Result<Selected<'v>, ()> {
    steps.iter().try_fold(vec![value.clone()], |values, step| {
        let selected = apply(step, values)?;
        if selected.len() > SELECTED { Err(()) } else { Ok(selected) }
    })
}

fn children<'v>(value: &Cow<'v, Value>) -> Selected<'v> {
    match value {
        Cow::Borrowed(Value::List(list)) => list.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Map(map)) => map.iter().map(|(_, item)| Cow::Borrowed(item)).collect(),
        Cow::Owned(Value::List(list)) => list.iter().cloned().map(Cow::Owned).collect(),
        Cow::Owned(Value::Map(map)) => map.iter().map(|(_, item)| Cow::Owned(item.clone())).collect(),
        _ => Vec::new(),
    }
}

fn member<'v>(value: &Cow<'v, Value>, name: &str) -> Option<Cow<'v, Value>> {
    match value {
        Cow::Borrowed(Value::Map(map)) => map.get(name).map(Cow::Borrowed),
        Cow::Owned(Value::Map(map)) => map.get(name).cloned().map(Cow::Owned),
        _ => None,
    }
}

fn apply<'v>(step: &Step, values: Selected<'v>) -> Result<Selected<'v>, ()> {
    Ok(match step {
        Step::Text(text) => vec![Cow::Owned(Value::String(text.clone()))],
        Step::Number(number) => values.iter().map(|_| Cow::Owned(number.clone())).collect(),
        Step::Field(name) => values.iter().filter_map(|value| member(value, name)).collect(),
        Step::Wildcard => values.iter().flat_map(children).collect(),
        Step::Recursive => {
            let mut found = Vec::new();
            // A stack of our own: values may nest as deep as their reader lets them.
            let mut waiting: Vec<Cow<'v, Value>> = values.into_iter().rev().collect();
            while let Some(value) = waiting.pop() {
                let inner = children(&value);
                if !inner.is_empty() {
                    waiting.extend(inner.into_iter().rev());
                    found.push(value);
                }
                if found.len() > SELECTED {
                    return Err(());
                }
            }
            found
        }
        Step::Slice(bounds, single) => {
            let mut found = Vec::new();
            for value in &values {
                if value.is_null() {
                    continue;
                }
                let items = match &**value {
                    Value::List(_) => children(value),
                    _ => return Err(()),
                };
                found.extend(slice(items, *bounds, *single)?);
            }
            found
        }
        Step::Union(choices) => {
            let mut found = Vec::new();
            for steps in choices {
                let mut current = values.clone();
                for step in steps {
                    current = apply(step, current)?;
                }
                found.extend(current);
            }
            found
        }
        Step::Filter(left, operator, right) => {
            let mut found = Vec::new();
            for value in &values {
                if value.as_list().is_none() {
                    return Err(());
                }
                for item in children(value) {
                    let lefts = select(left, &item);
                    if operator == "exists" {
                        if lefts.is_ok_and(|lefts| !lefts.is_empty()) {
                            found.push(item);
                        }
                        continue;
                    }
                    if let ([left], [right]) = (&lefts?[..], &select(right, &item)?[..])
                        && compare(left, operator, right)?
                    {
                        found.push(item);
                    }
                }
            }
            found
        }
        Step::Word(_) => return Err(()),
    })
}

fn slice<'v>(items: Selected<'v>, bounds: [Option<i64>; 3], single: bool) -> Result<Selected<'v>, ()> {
    let length = i64::try_from(items.len()).map_err(|_| ())?;
    let from_end = |bound: i64| if bound < 0 { bound.saturating_add(length) } else { bound };
    let start = from_end(bounds[0].unwrap_or(0));
    let end = match bounds[1] {
        None => length,
        Some(0) if single => length,
        Some(end) => from_end(end),
    };
    if start == end {
        return Ok(Vec::new());
    }
    if !(0..length).contains(&start) || !(0..=length).contains(&end) || start > end {
        return Err(());
    }
    let step = usize::try_from(bounds[2].unwrap_or(1)).ok().filter(|&step| step > 0).ok_or(())?;
    let (start, count) = (start as usize, (end - start) as usize);
    Ok(items.into_iter().skip(start).take(count).step_by(step).collect())
}

fn compare(left: &Value, operator: &str, right: &Value) -> Result<bool, ()> {
    use std::cmp::Ordering;
    let ordering = match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) if matches!(operator, "==" | "!=") => Some(left.cmp(right)),
        // Kubernetes compares an integer with a float as numbers of different kinds: an error.
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        _ => return Err(()),
    };
    Ok(match operator {
        "==" => ordering == Some(Ordering::Equal),
        "!=" => ordering != Some(Ordering::Equal),
        "<" => ordering == Some(Ordering::Less),
        "<=" => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        ">" => ordering == Some(Ordering::Greater),
        ">=" => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        _ => return Err(()),
    })
}
