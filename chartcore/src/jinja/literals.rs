//! Literals that can change: `{...}` and `[...]` in a template make fresh objects, as in Python.
//!
//! minijinja's own dicts and lists are constants. Each literal is therefore handed to the function that makes an
//! object of it: `{% set d = {} %}` is read as `{% set d = _chart_dict({}) %}`. The template's lines stay where
//! they are.

/// The function that makes a dict of a literal.
pub(super) const DICT: &str = "_chart_dict";
/// The function that makes a list of a literal.
pub(super) const LIST: &str = "_chart_list";

/// A template as it is compiled, and the way back to the text it was written in.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// Where something was put into the text, and how long it is; in order.
    added: Vec<(usize, usize)>,
}

impl Rewritten {
    /// The place in the original of a place in the text.
    pub(super) fn original(&self, offset: usize) -> usize {
        let before = self.added.iter().take_while(|(at, _)| *at < offset);
        offset.saturating_sub(before.map(|(at, length)| (*length).min(offset - at)).sum())
    }
}

/// What stands before a place in an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// An operator, an open bracket, the start: a literal may follow.
    Operator,
    /// A word of the language such as `in`.
    Keyword,
    /// `is` or `is not`: the name of a test follows.
    Is,
    /// The name of a test: its argument may follow without brackets.
    Test,
    /// A value: what follows in brackets is its subscript.
    Operand,
}

const KEYWORDS: &[&str] = &[
    "and",
    "call",
    "do",
    "elif",
    "else",
    "filter",
    "for",
    "if",
    "import",
    "in",
    "include",
    "not",
    "or",
    "recursive",
    "set",
    "with",
];

/// Wraps the literals of a template.
pub(super) fn wrap(source: &str) -> Rewritten {
    let mut scan = Scan { source, at: 0, out: String::with_capacity(source.len() + 256), added: Vec::new() };
    scan.template();
    Rewritten { text: scan.out, added: scan.added }
}

struct Scan<'a> {
    source: &'a str,
    at: usize,
    out: String,
    added: Vec<(usize, usize)>,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// Copies bytes up to a character boundary.
    fn copy(&mut self, length: usize) {
        let end = (self.at + length).min(self.source.len());
        self.out.push_str(self.source.get(self.at..end).unwrap_or_default());
        self.at = end;
    }

    /// Copies up to and with `end`, or everything.
    fn copy_past(&mut self, end: &str) {
        let length = self.rest().find(end).map_or(self.rest().len(), |found| found + end.len());
        self.copy(length);
    }

    fn add(&mut self, text: &str) {
        self.added.push((self.out.len(), text.len()));
        self.out.push_str(text);
    }

    fn template(&mut self) {
        while let Some(open) = self.rest().find('{') {
            self.copy(open);
            match self.rest().as_bytes().get(1) {
                Some(b'#') => self.copy_past("#}"),
                Some(b'%') if self.raw_tag("raw").is_some() => {
                    self.copy(self.raw_tag("raw").unwrap_or_default());
                    while let Some(found) = self.rest().find("{%") {
                        self.copy(found);
                        if let Some(length) = self.raw_tag("endraw") {
                            self.copy(length);
                            break;
                        }
                        self.copy(2);
                    }
                }
                Some(b'%') => self.expression("%}"),
                Some(b'{') => self.expression("}}"),
                _ => self.copy(1),
            }
        }
        self.copy(self.rest().len());
    }

    /// How long the tag `{% name %}` here is.
    fn raw_tag(&self, name: &str) -> Option<usize> {
        let rest = self.rest().strip_prefix("{%")?;
        let inner = rest.strip_prefix(['-', '+']).unwrap_or(rest).trim_start();
        let inner = inner.strip_prefix(name)?.trim_start();
        let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner).strip_prefix("%}")?;
        Some(self.rest().len() - inner.len())
    }

    /// One tag, up to its end.
    fn expression(&mut self, end: &str) {
        self.copy(2);
        let mut before = Before::Operator;
        // For each open bracket, whether it opened a literal.
        let mut open: Vec<bool> = Vec::new();
        while let Some(letter) = self.rest().chars().next() {
            if open.is_empty() && self.rest().starts_with(end) {
                self.copy(2);
                return;
            }
            match letter {
                '"' | '\'' => {
                    self.string(letter);
                    before = Before::Operand;
                    continue;
                }
                '{' | '[' => {
                    let literal = matches!(before, Before::Operator | Before::Keyword);
                    if literal {
                        self.add(if letter == '{' { DICT } else { LIST });
                        self.add("(");
                    }
                    open.push(literal);
                    before = Before::Operator;
                }
                '(' => {
                    open.push(false);
                    before = Before::Operator;
                }
                ')' | ']' | '}' => {
                    self.copy(1);
                    if open.pop() == Some(true) {
                        self.add(")");
                    }
                    before = Before::Operand;
                    continue;
                }
                _ if letter.is_alphabetic() || letter == '_' => {
                    let rest = self.rest();
                    let ends = |letter: char| !letter.is_alphanumeric() && letter != '_';
                    let word = rest.get(..rest.find(ends).unwrap_or(rest.len())).unwrap_or(rest);
                    self.copy(word.len());
                    before = match (before, word) {
                        (_, "is") => Before::Is,
                        (Before::Is, "not") => Before::Is,
                        (Before::Is, _) => Before::Test,
                        (_, word) if KEYWORDS.contains(&word) => Before::Keyword,
                        _ => Before::Operand,
                    };
                    continue;
                }
                _ if letter.is_whitespace() => {}
                _ if letter.is_ascii_digit() => before = Before::Operand,
                _ => before = Before::Operator,
            }
            self.copy(letter.len_utf8());
        }
    }

    fn string(&mut self, quote: char) {
        let mut escaped = false;
        let inner = self.rest().get(1..).unwrap_or_default();
        let end = inner.find(|letter: char| {
            let ends = letter == quote && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        });
        self.copy(end.map_or(self.rest().len(), |end| end + 2));
    }
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn literals_are_wrapped_and_nothing_else() {
        for (source, expected) in [
            ("{% set d = {} %}", "{% set d = D({}) %}"),
            ("{{ {'a': [1]}['a'][0] }}", "{{ D({'a': L([1])})['a'][0] }}"),
            ("{{ x|default({}, true) }}", "{{ x|default(D({}), true) }}"),
            ("{% for a in [1, {}] %}{ [", "{% for a in L([1, D({})]) %}{ ["),
            (
                "{# [] #}{% raw %}{{ [] }}{% endraw -%} {{ [] }}",
                "{# [] #}{% raw %}{{ [] }}{% endraw -%} {{ L([]) }}",
            ),
            ("{{ '{[' ~ \"\\\"[\" ~ [1] }}", "{{ '{[' ~ \"\\\"[\" ~ L([1]) }}"),
            ("{{ x is in [1] and x in [1] }}", "{{ x is in [1] and x in L([1]) }}"),
            ("{{ x is not none }}{{ [", "{{ x is not none }}{{ L(["),
            ("text { } {{ '", "text { } {{ '"),
        ] {
            let rewritten = wrap(source);
            let shown = rewritten.text.replace(super::DICT, "D").replace(super::LIST, "L");
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn places_lead_back() {
        let source = "{{ {} }} {{ [] }} x";
        let rewritten = wrap(source);
        let at = rewritten.text.find('x').unwrap();
        assert_eq!(&source[rewritten.original(at)..], "x");
        assert_eq!(rewritten.original(0), 0);
    }
}
