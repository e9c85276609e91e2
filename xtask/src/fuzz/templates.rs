//! Templates from a grammar: about half of them fail, in the parser or while running.

use serde_json::{Value, json};

use super::random::Random;

/// Functions of text/template alone.
const BUILTINS: &[&str] = &[
    "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "printf", "println", "html",
    "js", "urlquery", "call",
];

/// Helm's functions that answer the same every time, with the number of arguments they want.
const HELM: &[(&str, usize)] = &[
    ("abbrev", 2), ("abbrevboth", 3), ("add", 2), ("add1", 1), ("add1f", 1), ("addf", 2), ("adler32sum", 1), ("all", 2),
    ("any", 2), ("append", 2), ("atoi", 1), ("b32dec", 1), ("b32enc", 1), ("b64dec", 1), ("b64enc", 1), ("base", 1),
    ("biggest", 2), ("camelcase", 1), ("cat", 2), ("ceil", 1), ("clean", 1), ("coalesce", 3), ("compact", 1),
    ("concat", 2), ("contains", 2), ("deepCopy", 1), ("deepEqual", 2), ("default", 2), ("dict", 2), ("dig", 3), ("dir", 1),
    ("div", 2), ("divf", 2), ("duration", 1), ("durationRound", 1), ("empty", 1), ("ext", 1), ("first", 1), ("float64", 1),
    ("floor", 1), ("fromJson", 1), ("fromJsonArray", 1), ("fromYaml", 1), ("fromYamlArray", 1), ("get", 2), ("has", 2),
    ("hasKey", 2), ("hasPrefix", 2), ("hasSuffix", 2), ("include", 2), ("initial", 1), ("initials", 1), ("int", 1),
    ("int64", 1), ("isAbs", 1), ("join", 2), ("kebabcase", 1), ("kindIs", 2), ("kindOf", 1), ("last", 1), ("list", 2),
    ("lower", 1), ("max", 2), ("maxf", 2), ("merge", 2), ("mergeOverwrite", 2), ("min", 2), ("minf", 2), ("mod", 2),
    ("mul", 2), ("mulf", 2), ("mustAppend", 2), ("mustCompact", 1), ("mustFirst", 1), ("mustFromJson", 1), ("mustHas", 2),
    ("mustLast", 1), ("mustPrepend", 2), ("mustRegexFind", 2), ("mustRegexMatch", 2), ("mustRest", 1), ("mustReverse", 1),
    ("mustToPrettyJson", 1), ("mustUniq", 1), ("mustWithout", 2), ("nospace", 1), ("omit", 2), ("osBase", 1), ("osDir", 1),
    ("pick", 2), ("pluck", 2), ("plural", 3), ("prepend", 2), ("quote", 1), ("regexFind", 2), ("regexFindAll", 3),
    ("regexMatch", 2), ("regexQuoteMeta", 1), ("regexReplaceAll", 3), ("regexReplaceAllLiteral", 3), ("regexSplit", 3),
    ("replace", 3), ("required", 2), ("rest", 1), ("reverse", 1), ("round", 2), ("semver", 1), ("semverCompare", 2),
    ("set", 3), ("sha1sum", 1), ("sha256sum", 1), ("sha512sum", 1), ("snakecase", 1), ("sortAlpha", 1), ("split", 2),
    ("splitList", 2), ("splitn", 3), ("squote", 1), ("sub", 2), ("subf", 2), ("substr", 3), ("swapcase", 1),
    ("ternary", 3), ("title", 1), ("toDate", 2), ("toDecimal", 1), ("toJson", 1), ("toPrettyJson", 1), ("toRawJson", 1),
    ("toString", 1), ("toStrings", 1), ("toToml", 1), ("toYaml", 1), ("toYamlPretty", 1), ("tpl", 2), ("trim", 1),
    ("trimAll", 2), ("trimPrefix", 2), ("trimSuffix", 2), ("trunc", 2), ("tuple", 2), ("typeIs", 2), ("typeIsLike", 2),
    ("typeOf", 1), ("uniq", 1), ("unset", 2), ("untitle", 1), ("upper", 1), ("urlParse", 1), ("without", 2),
    ("wrap", 2), ("fail", 1),
];

/// Functions whose first argument is a size; it is always a small literal.
const SIZED: &[&str] = &["until", "repeat", "indent", "nindent", "chunk", "seq", "untilStep"];

const TEXTS: &[&str] = &[
    "", " ", "\n", "text ", "a: b\n", "  - ", "{", "}", "{ {", "é☺", "\t", "\r\n", "# comment\n", "---\n", "<no value>", "\"quoted\" ",
];

const STRINGS: &[&str] = &[
    "\"\"", "\"a\"", "\"abc\"", "\"a,b,c\"", "\"%v %s %d\"", "\"^[a-z]+$\"", "`raw \\n`", "\"\\t\\n\\\"\"", "\"\\u00e9\"", "\"1\"", "\"1.5\"",
    "\"true\"", "\"2006-01-02\"", "\"1.2.3\"", "\">=1.0 <2\"", "\"a: 1\"", "\"{}\"", "\"[1, 2]\"", "\"{{ .x }}\"", "\"h\\x00i\"", "\"map\"",
    "\"string\"", "\"Hello World\"", "\"aGk=\"", "\"/a/b.c\"", "\"https://u@h:1/p?q#f\"", "\"h.name\"", "\"h.fails\"", "\"(\"",
];

const NUMBERS: &[&str] = &[
    "0", "1", "2", "3", "-1", "7", "100", "1.5", "-0.5", "1e3", "0x1F", "0b101", "0o17", "017", "1_000", "'a'", "'\\n'",
    "9223372036854775807", "9223372036854775808", "1e400", "1i", "+5", "0x1p-2", "1.0", "08", "1__0", "'ab'", "3.",
];

const FIELDS: &[&str] = &[
    "s", "n", "f", "big", "neg", "zero", "t", "fl", "nil", "empty", "l", "li", "el", "em", "m", "lm", "mixed", "html", "uni",
    "huge", "small", "m.a", "m.c.d", "m.x", "m.x.y", "nope", "nope.x", "nil.x", "s.x", "l.x", "lm.name", "n.x",
];

const CONVERSIONS: &[&str] = &[
    "%v", "%+v", "%#v", "%T", "%%", "%t", "%b", "%c", "%d", "%o", "%O", "%q", "%x", "%X", "%U", "%e", "%E", "%f", "%F", "%g", "%G",
    "%s", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%#x", "% x", "%.2f", "%8.3f", "%-8s|", "%.2s", "%+q", "%#q", "%*d", "%[2]d",
    "%[1]v", "%!", "%z", "%", "%.", "%[", "%[9]d", "%6.2v", "%08.3f", "%+.1e", "%#g", "%#o", "%.0f",
];

/// The values every template sees.
pub(crate) fn data() -> Value {
    json!({
        "s": "hello", "n": 3, "f": 1.5, "big": 1_000_000, "neg": -2, "zero": 0, "t": true, "fl": false, "nil": null, "empty": "",
        "l": ["a", "b", "c"], "li": [1, 2, 3], "el": [], "em": {}, "m": {"b": 2, "a": 1, "c": {"d": "deep"}},
        "lm": [{"name": "x", "v": 1}, {"name": "y", "v": 2}], "mixed": [1, "a", true, null, 1.5, [1], {"k": "v"}],
        "html": "<a href=\"x\">&'q'</a>", "uni": "héllo ☺", "huge": 1e21, "small": 1e-06,
    })
}

const DEFINITIONS: &str = "{{ define \"h.name\" }}{{ .s | default \"none\" }}{{ end }}{{ define \"h.fails\" }}\n {{ .x.y.z }}{{ end }}\
{{ define \"h.list\" }}{{ range . }}<{{ . }}>{{ end }}{{ end }}";

/// The request at a position: odd ones plain text/template, even ones Helm 4's and Helm 3's engines in turn.
pub(crate) fn request(seed: u64, position: u64) -> Value {
    let mut random = Random::new(seed, position);
    let helm = position % 2 == 0;
    let mut grammar = Grammar { helm, depth: 0, variables: Vec::new(), in_range: 0, text: String::new() };
    let pieces = 1 + random.below(5);
    grammar.body(&mut random, pieces);
    let mut template = grammar.text;
    if random.chance(25) {
        template = damaged(&mut random, &template);
    }
    let ints = random.chance(10);
    if !helm {
        let missing = if random.chance(90) { "zero" } else { random.pick(&["error", "default"]) };
        return json!({"op": "tt", "template": template, "data": data(), "missingkey": missing, "ints": ints});
    }
    let compat = if position % 4 == 0 { "helm3" } else { "helm4" };
    json!({
        "op": "render", "compat": compat, "values": data(), "ints": ints,
        "chart": {
            "Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
            "templates/_h.tpl": DEFINITIONS,
            "templates/t.yaml": template,
        },
    })
}

/// One or two small edits, as a tired hand makes them.
fn damaged(random: &mut Random, template: &str) -> String {
    let mut letters: Vec<char> = template.chars().collect();
    for _ in 0..=random.below(2) {
        if letters.is_empty() {
            break;
        }
        let at = random.below(letters.len());
        match random.below(4) {
            0 => {
                letters.remove(at);
            }
            1 => letters.insert(at, letters[at]),
            2 => {
                let token = random.pick(&[
                    "{{", "}}", "{{-", "-}}", "(", ")", "|", "\"", "`", ".", "$", ":=", "=", ",", "end", "else", "{{end}}", "/*",
                    "*/", " ", "\n", "0x", "'", "\\", "$x", "nope", "..", "\u{0}", "%", "{{/* c */}}", "{{else}}", "{{break}}",
                ]);
                letters.splice(at..at, token.chars());
            }
            _ => letters[at] = *random.pick(&[&'{', &'}', &'(', &' ', &'"', &'x', &'-', &'|', &'.', &'é', &'\n']),
        }
    }
    letters.into_iter().collect()
}

struct Grammar {
    helm: bool,
    depth: usize,
    variables: Vec<String>,
    in_range: usize,
    text: String,
}

impl Grammar {
    fn body(&mut self, random: &mut Random, pieces: usize) {
        let visible = self.variables.len();
        for _ in 0..pieces {
            if random.chance(40) {
                self.text.push_str(random.pick(TEXTS));
            } else {
                self.action(random);
            }
        }
        self.variables.truncate(visible);
    }

    fn open(&mut self, random: &mut Random) {
        self.text.push_str(if random.chance(20) { "{{- " } else { random.pick(&["{{ ", "{{"]) });
    }

    fn close(&mut self, random: &mut Random) {
        self.text.push_str(if random.chance(20) { " -}}" } else { random.pick(&[" }}", "}}"]) });
    }

    /// `{{ keyword rest }}`
    fn tag(&mut self, random: &mut Random, words: &str) {
        self.open(random);
        self.text.push_str(words);
        self.close(random);
    }

    fn action(&mut self, random: &mut Random) {
        self.depth += 1;
        let deep = self.depth > 4;
        match random.below(if deep { 50 } else { 100 }) {
            0..35 => {
                let pipeline = self.pipeline(random, 0);
                self.tag(random, &pipeline);
            }
            35..43 => {
                let pipeline = self.pipeline(random, 0);
                let known = !self.variables.is_empty() && random.chance(40);
                let name = if known {
                    self.variables[random.below(self.variables.len())].clone()
                } else {
                    random.pick(&["$x", "$y", "$long_name1"]).to_owned()
                };
                let sign = if known && random.chance(70) { "=" } else { ":=" };
                self.tag(random, &format!("{name} {sign} {pipeline}"));
                if sign == ":=" {
                    self.variables.push(name);
                }
            }
            43..46 => self.text.push_str(random.pick(&["{{/* a comment */}}", "{{- /* a comment */ -}}", "{{/**/}}"])),
            46..50 => {
                let word = if self.in_range > 0 || random.chance(10) { random.pick(&["break", "continue"]) } else { "print 1" };
                self.tag(random, word);
            }
            50..68 => self.branch(random, "if"),
            68..78 => self.branch(random, "with"),
            78..93 => self.range(random),
            _ => self.definition(random),
        }
        self.depth -= 1;
    }

    fn branch(&mut self, random: &mut Random, keyword: &str) {
        let visible = self.variables.len();
        let mut pipeline = self.pipeline(random, 0);
        if random.chance(15) {
            pipeline = format!("$v := {pipeline}");
            self.variables.push("$v".to_owned());
        }
        self.tag(random, &format!("{keyword} {pipeline}"));
        let pieces = 1 + random.below(3);
        self.body(random, pieces);
        while random.chance(25) {
            let pipeline = self.pipeline(random, 0);
            self.tag(random, &format!("else {keyword} {pipeline}"));
            self.body(random, 1);
        }
        if random.chance(35) {
            self.tag(random, "else");
            self.body(random, 1);
        }
        self.tag(random, "end");
        self.variables.truncate(visible);
    }

    fn range(&mut self, random: &mut Random) {
        let visible = self.variables.len();
        let source = if random.chance(60) {
            let root = self.root();
            format!("{root}{}", random.pick(&["l", "li", "m", "lm", "mixed", "el", "em", "n", "nil", "s"]))
        } else if random.chance(20) {
            random.pick(&["3", "0", "-1", "1.5", "\"ab\""]).to_owned()
        } else {
            self.pipeline(random, 1)
        };
        let head = match random.below(4) {
            0 => format!("range $i, $e := {source}"),
            1 => format!("range $e := {source}"),
            _ => format!("range {source}"),
        };
        if head.contains("$i") {
            self.variables.push("$i".to_owned());
        }
        if head.contains("$e") {
            self.variables.push("$e".to_owned());
        }
        self.tag(random, &head);
        self.in_range += 1;
        let pieces = 1 + random.below(3);
        self.body(random, pieces);
        self.in_range -= 1;
        if random.chance(30) {
            self.tag(random, "else");
            self.body(random, 1);
        }
        self.tag(random, "end");
        self.variables.truncate(visible);
    }

    fn definition(&mut self, random: &mut Random) {
        let name = random.pick(&["one", "two", "h.name", ""]);
        match random.below(3) {
            0 => {
                let argument = if random.chance(80) { self.pipeline(random, 1) } else { String::new() };
                let name = random.pick(&["one", "two", "h.name", "h.fails", "h.list", "absent"]);
                self.tag(random, &format!("template \"{name}\" {argument}"));
            }
            kind => {
                let head = if kind == 1 { format!("define \"{name}\"") } else { format!("block \"{name}\" .") };
                let outer = std::mem::take(&mut self.variables);
                self.tag(random, &head);
                self.body(random, 1);
                self.tag(random, "end");
                self.variables = outer;
            }
        }
    }

    fn root(&self) -> &'static str {
        if self.helm { "$.Values." } else { "$." }
    }

    fn pipeline(&mut self, random: &mut Random, depth: usize) -> String {
        let mut pipeline = self.command(random, depth);
        while random.chance(22) {
            let next = self.call(random, depth + 1, true);
            pipeline = format!("{pipeline} | {next}");
        }
        pipeline
    }

    fn command(&mut self, random: &mut Random, depth: usize) -> String {
        if depth < 3 && random.chance(45) { self.call(random, depth, false) } else { self.operand(random, depth) }
    }

    fn call(&mut self, random: &mut Random, depth: usize, piped: bool) -> String {
        if random.chance(2) {
            return random.pick(&["nope", "nope 1", ".", "\"text\"", "1", "nil", "true"]).to_owned();
        }
        if self.helm && !piped && random.chance(6) {
            let size = random.below(6);
            let name = random.pick(SIZED);
            let rest = match name {
                "repeat" | "indent" | "nindent" => self.operand(random, depth + 1),
                "chunk" => format!("{}{}", self.root(), random.pick(&["l", "li", "mixed", "s", "el"])),
                "untilStep" => format!("{} {}", random.below(9), 1 + random.below(3)),
                _ => String::new(),
            };
            let size = if name == "chunk" { size + 1 } else { size };
            return format!("{name} {size} {rest}").trim_end().to_owned();
        }
        let (name, wanted) = if self.helm && random.chance(75) {
            HELM[random.below(HELM.len())]
        } else {
            let name = random.pick(BUILTINS);
            let wanted = match name {
                "not" | "len" | "html" | "js" | "urlquery" => 1,
                "printf" => return self.formatted(random, depth),
                "slice" => 1 + random.below(3),
                "and" | "or" | "print" | "println" | "call" => 1 + random.below(3),
                _ => 2,
            };
            (name, wanted)
        };
        let mut count = wanted.saturating_sub(usize::from(piped));
        if random.chance(6) {
            count = random.below(4);
        }
        let mut call = name.to_owned();
        for _ in 0..count {
            call.push(' ');
            let argument = self.operand(random, depth + 1);
            call.push_str(&argument);
        }
        call
    }

    fn formatted(&mut self, random: &mut Random, depth: usize) -> String {
        let mut format = String::new();
        let mut arguments = String::new();
        for _ in 0..=random.below(3) {
            format.push_str(random.pick(CONVERSIONS));
            format.push_str(random.pick(&["", " ", "x", "é"]));
            if random.chance(85) {
                arguments.push(' ');
                let argument = self.operand(random, depth + 1);
                arguments.push_str(&argument);
            }
        }
        format!("printf \"{format}\"{arguments}")
    }

    fn operand(&mut self, random: &mut Random, depth: usize) -> String {
        match random.below(100) {
            0..40 => {
                let root = if random.chance(70) { self.root() } else { "." };
                format!("{root}{}", random.pick(FIELDS))
            }
            40..56 => random.pick(STRINGS).to_owned(),
            56..70 => random.pick(NUMBERS).to_owned(),
            70..76 => random.pick(&["true", "false", "nil"]).to_owned(),
            76..80 => random.pick(&[".", "$"]).to_owned(),
            80..87 if !self.variables.is_empty() => {
                let name = self.variables[random.below(self.variables.len())].clone();
                let field = if random.chance(20) { format!(".{}", random.pick(FIELDS)) } else { String::new() };
                format!("{name}{field}")
            }
            80..87 => "$undefined".to_owned(),
            _ if depth < 3 => {
                let inner = self.pipeline(random, depth + 1);
                let field = if random.chance(15) { format!(".{}", random.pick(FIELDS)) } else { String::new() };
                format!("({inner}){field}")
            }
            _ => "1".to_owned(),
        }
    }
}
