//! Templates from a grammar: about half of them fail, in the parser or while running.

use serde_json::{Value, json};

use super::random::Random;

/// Functions of text/template alone. Its `slice` is missing: Sprig has another of that name, and the library has one table.
#[rustfmt::skip]
const BUILTINS: &[&str] = &[
    "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "print", "printf",
    "println", "html", "js", "urlquery", "call",
];

/// Helm's functions that answer the same every time, with the kinds of their arguments: any, bool,
/// constraint, date layout, float, int, list, map, name of a template, regular expression, string,
/// template text, version, and the dot. `M` and `S` are always fresh: a map put into itself kills the oracle.
#[rustfmt::skip]
const HELM: &[(&str, &str)] = &[
    ("abbrev", "is"), ("abbrevboth", "iis"), ("add", "ii"), ("add1", "i"), ("add1f", "f"), ("addf", "ff"),
    ("adler32sum", "s"), ("all", "aa"), ("any", "aa"), ("append", "la"), ("atoi", "s"), ("b32dec", "s"),
    ("b32enc", "s"), ("b64dec", "s"), ("b64enc", "s"), ("base", "s"), ("biggest", "ii"), ("camelcase", "s"),
    ("cat", "aa"), ("ceil", "f"), ("clean", "s"), ("coalesce", "aaa"), ("compact", "l"), ("concat", "ll"),
    ("contains", "ss"), ("deepCopy", "a"), ("deepEqual", "aa"), ("default", "aa"), ("dict", "sa"),
    ("dig", "sam"), ("dir", "s"), ("div", "ii"), ("divf", "ff"), ("duration", "s"), ("durationRound", "s"),
    ("empty", "a"), ("ext", "s"), ("first", "l"), ("float64", "a"), ("floor", "f"), ("fromJson", "s"),
    ("fromJsonArray", "s"), ("fromYaml", "s"), ("fromYamlArray", "s"), ("get", "ms"), ("has", "al"),
    ("hasKey", "ms"), ("hasPrefix", "ss"), ("hasSuffix", "ss"), ("include", "na"), ("initial", "l"),
    ("initials", "s"), ("int", "a"), ("int64", "a"), ("isAbs", "s"), ("join", "sl"), ("kebabcase", "s"),
    ("kindIs", "sa"), ("kindOf", "a"), ("last", "l"), ("list", "aa"), ("lower", "s"), ("max", "ii"),
    ("maxf", "ff"), ("merge", "Mm"), ("mergeOverwrite", "Mm"), ("min", "ii"), ("minf", "ff"), ("mod", "ii"),
    ("mul", "ii"), ("mulf", "ff"), ("mustAppend", "la"), ("mustCompact", "l"), ("mustFirst", "l"),
    ("mustFromJson", "s"), ("mustHas", "al"), ("mustLast", "l"), ("mustPrepend", "la"),
    ("mustRegexFind", "rs"), ("mustRegexMatch", "rs"), ("mustRest", "l"), ("mustReverse", "l"),
    ("mustToPrettyJson", "a"), ("mustUniq", "l"), ("mustWithout", "la"), ("nospace", "s"), ("omit", "ms"),
    ("osBase", "s"), ("osDir", "s"), ("pick", "ms"), ("pluck", "sm"), ("plural", "ssi"), ("prepend", "la"),
    ("quote", "a"), ("regexFind", "rs"), ("regexFindAll", "rsi"), ("regexMatch", "rs"),
    ("regexQuoteMeta", "s"), ("regexReplaceAll", "rss"), ("regexReplaceAllLiteral", "rss"),
    ("regexSplit", "rsi"), ("replace", "sss"), ("required", "sa"), ("rest", "l"), ("reverse", "l"),
    ("round", "fi"), ("semver", "v"), ("semverCompare", "cv"), ("set", "MSS"), ("sha1sum", "s"),
    ("sha256sum", "s"), ("sha512sum", "s"), ("snakecase", "s"), ("sortAlpha", "l"), ("split", "ss"),
    ("splitList", "ss"), ("splitn", "sis"), ("squote", "a"), ("sub", "ii"), ("subf", "ff"), ("substr", "iis"),
    ("swapcase", "s"), ("ternary", "aab"), ("title", "s"), ("toDate", "ds"), ("toDecimal", "s"),
    ("toJson", "a"), ("toPrettyJson", "a"), ("toRawJson", "a"), ("toString", "a"), ("toStrings", "l"),
    ("toToml", "m"), ("toYaml", "a"), ("toYamlPretty", "a"), ("tpl", "t."), ("trim", "s"), ("trimAll", "ss"),
    ("trimPrefix", "ss"), ("trimSuffix", "ss"), ("trunc", "is"), ("tuple", "aa"), ("typeIs", "sa"),
    ("typeIsLike", "sa"), ("typeOf", "a"), ("uniq", "l"), ("unset", "ms"), ("untitle", "s"), ("upper", "s"),
    ("urlParse", "s"), ("without", "la"), ("wrap", "is"), ("fail", "s"),
];

/// Functions whose first argument is a size; it is always a small literal.
const SIZED: &[&str] = &["until", "repeat", "indent", "nindent", "chunk", "seq", "untilStep"];

#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "",
    " ",
    "\n",
    "text ",
    "a: b\n",
    "  - ",
    "{ ",
    "} ",
    "{ { ",
    "é☺",
    "\t",
    "\r\n",
    "# comment\n",
    "---\n",
    "<no value>",
    "\"quoted\" ",
];

#[rustfmt::skip]
const STRINGS: &[&str] = &[
    "\"\"",
    "\"a\"",
    "\"abc\"",
    "\"a,b,c\"",
    "\"%v %s %d\"",
    "\"^[a-z]+$\"",
    "`raw \\n`",
    "\"\\t\\n\\\"\"",
    "\"\\u00e9\"",
    "\"1\"",
    "\"1.5\"",
    "\"true\"",
    "\"2006-01-02\"",
    "\"1.2.3\"",
    "\">=1.0 <2\"",
    "\"a: 1\"",
    "\"{}\"",
    "\"[1, 2]\"",
    "\"{{ .x }}\"",
    "\"h\\x00i\"",
    "\"map\"",
    "\"string\"",
    "\"Hello World\"",
    "\"aGk=\"",
    "\"/a/b.c\"",
    "\"https://u@h:1/p?q#f\"",
    "\"h.name\"",
    "\"h.fails\"",
    "\"(\"",
];

/// Numbers that parse.
#[rustfmt::skip]
const NUMBERS: &[&str] = &[
    "0", "1", "2", "3", "-1", "7", "100", "1.5", "-0.5", "1e3", "0x1F", "0b101", "0o17", "017", "1_000", "'a'", "'\\n'", "+5",
    "0x1p-2", "1.0", "1i",
];

/// Numbers that do not.
const BAD_NUMBERS: &[&str] = &["9223372036854775808", "1e400", "08", "1__0", "'ab'", "3.x", "0x", "1a"];

#[rustfmt::skip]
const FIELDS: &[&str] = &[
    "s", "n", "f", "big", "neg", "zero", "t", "fl", "nil", "empty", "l", "li", "el", "em", "m", "lm",
    "mixed", "html", "uni", "huge", "small", "m.a", "m.c.d", "m.x", "m.x.y", "nope", "nope.x", "nil.x",
    "s.x", "l.x", "lm.name", "n.x",
];

#[rustfmt::skip]
const CONVERSIONS: &[&str] = &[
    "%v", "%+v", "%#v", "%T", "%%", "%t", "%b", "%c", "%d", "%o", "%O", "%q", "%x", "%X", "%U", "%e", "%E",
    "%f", "%F", "%g", "%G", "%s", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%#x", "% x", "%.2f", "%8.3f",
    "%-8s|", "%.2s", "%+q", "%#q", "%*d", "%[2]d", "%[1]v", "%!", "%z", "%", "%.", "%[", "%[9]d", "%6.2v",
    "%08.3f", "%+.1e", "%#g", "%#o", "%.0f",
];

/// The values every template sees.
pub(crate) fn data() -> Value {
    data_with(1_000_000)
}

/// The values, with a number of choice for `big`: as an integer it can be ranged over.
fn data_with(big: u32) -> Value {
    json!({
        "s": "hello", "n": 3, "f": 1.5, "big": big, "neg": -2, "zero": 0, "t": true, "fl": false, "nil": null, "empty": "",
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
    let helm = position.is_multiple_of(2);
    let mut grammar = Grammar { helm, depth: 0, variables: Vec::new(), in_range: 0, text: String::new() };
    let pieces = 1 + random.below(5);
    grammar.body(&mut random, pieces);
    let mut template = grammar.text;
    if random.chance(13) {
        template = damaged(&mut random, &template);
    }
    let ints = random.chance(10);
    let data = data_with(if ints { 12 } else { 1_000_000 });
    if !helm {
        let missing = if random.chance(90) { "zero" } else { random.pick(&["error", "default"]) };
        return json!({"op": "tt", "template": template, "data": data, "missingkey": missing, "ints": ints});
    }
    let compat = if position.is_multiple_of(4) { "helm3" } else { "helm4" };
    json!({
        "op": "render", "compat": compat, "values": data, "ints": ints,
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
                    "{{",
                    "}}",
                    "{{-",
                    "-}}",
                    "(",
                    ")",
                    "|",
                    "\"",
                    "`",
                    ".",
                    "$",
                    ":=",
                    "=",
                    ",",
                    "end",
                    "else",
                    "{{end}}",
                    "/*",
                    "*/",
                    " ",
                    "\n",
                    "0x",
                    "'",
                    "\\",
                    "$x",
                    "nope",
                    "..",
                    "\u{0}",
                    "%",
                    "{{/* c */}}",
                    "{{else}}",
                    "{{break}}",
                ]);
                letters.splice(at..at, token.chars());
            }
            _ => {
                letters[at] =
                    *random.pick(&[&'{', &'}', &'(', &' ', &'"', &'x', &'-', &'|', &'.', &'é', &'\n'])
            }
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
            43..46 => self.text.push_str(random.pick(&[
                "{{/* a comment */}}",
                "{{- /* a comment */ -}}",
                "{{/**/}}",
            ])),
            46..50 => {
                let word = if self.in_range > 0 || random.chance(10) {
                    random.pick(&["break", "continue"])
                } else {
                    "print 1"
                };
                self.tag(random, word);
            }
            50..70 => self.branch(random, "if"),
            70..80 => self.branch(random, "with"),
            80..93 => self.range(random),
            _ if self.depth > 1 => self.invocation(random),
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

    fn invocation(&mut self, random: &mut Random) {
        let argument = if random.chance(80) { self.pipeline(random, 1) } else { String::new() };
        let name = random.pick(&["one", "two", "h.name", "h.list", "h.fails", "absent"]);
        self.tag(random, &format!("template \"{name}\" {argument}"));
    }

    fn definition(&mut self, random: &mut Random) {
        let kind = random.below(3);
        if kind == 0 {
            return self.invocation(random);
        }
        let name = random.pick(&["one", "two", "h.name", ""]);
        let head = if kind == 1 { format!("define \"{name}\"") } else { format!("block \"{name}\" .") };
        let outer = std::mem::take(&mut self.variables);
        self.tag(random, &head);
        self.body(random, 1);
        self.tag(random, "end");
        self.variables = outer;
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
        if depth < 3 && random.chance(45) {
            self.call(random, depth, false)
        } else {
            self.operand(random, depth)
        }
    }

    fn call(&mut self, random: &mut Random, depth: usize, piped: bool) -> String {
        if random.chance(1) {
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
        if self.helm && random.chance(75) {
            let (name, kinds) = HELM[random.below(HELM.len())];
            let mut kinds: Vec<char> = kinds.chars().collect();
            if piped {
                kinds.pop();
            }
            if random.chance(3) {
                kinds.pop();
            }
            let mut call = name.to_owned();
            for kind in kinds {
                call.push(' ');
                let argument = self.argument(random, kind, depth + 1);
                call.push_str(&argument);
            }
            return call;
        }
        let name = random.pick(BUILTINS);
        let wanted = match name {
            "not" | "len" | "html" | "js" | "urlquery" => 1,
            "printf" => return self.formatted(random, depth),
            "slice" => 1 + random.below(3),
            "and" | "or" | "print" | "println" | "call" => 1 + random.below(3),
            _ => 2,
        };
        let mut call = name.to_owned();
        // Comparisons want two of a kind, `index` and `slice` a list first.
        let kind = match name {
            "eq" | "ne" | "lt" | "le" | "gt" | "ge" => *random.pick(&[&'s', &'i', &'f', &'a']),
            "len" => 'l',
            _ => 'a',
        };
        for position in 0..wanted.saturating_sub(usize::from(piped)) {
            let kind = match (name, position) {
                ("index" | "slice", 0) => 'l',
                ("index" | "slice", _) => 'i',
                _ => kind,
            };
            call.push(' ');
            let argument = self.argument(random, kind, depth + 1);
            call.push_str(&argument);
        }
        call
    }

    /// An operand of a kind, or now and then of any.
    fn argument(&mut self, random: &mut Random, kind: char, depth: usize) -> String {
        if random.chance(8) && !kind.is_uppercase() {
            return self.operand(random, depth);
        }
        let root = self.root();
        let field = |random: &mut Random, names: &[&str]| format!("{root}{}", random.pick(names));
        match kind {
            's' if random.chance(45) => field(random, &["s", "empty", "html", "uni", "m.c.d"]),
            's' => random.pick(STRINGS).to_owned(),
            'i' => random.pick(&["0", "1", "2", "3", "5", "-1", "0x1F", "'a'"]).to_owned(),
            'f' if random.chance(50) => field(random, &["n", "f", "big", "neg", "zero", "huge", "small"]),
            'f' => random.pick(&["1.5", "0.25", "1e3", "2.0"]).to_owned(),
            'l' if !self.helm || random.chance(75) => field(random, &["l", "li", "el", "lm", "mixed"]),
            'l' => random
                .pick(&[
                    "(list 1 \"a\" nil)",
                    "(list)",
                    "(splitList \",\" \"b,a\")",
                    "(until 3)",
                    "(tuple 2 2 1)",
                ])
                .to_owned(),
            'm' if !self.helm || random.chance(75) => field(random, &["m", "em", "m.c"]),
            'm' => random.pick(&["(dict \"a\" 1)", "(dict)", "(dict \"m\" (dict \"x\" \"y\"))"]).to_owned(),
            'M' => random.pick(&["(dict \"a\" 1)", "(dict)"]).to_owned(),
            'S' => random.pick(STRINGS).to_owned(),
            'b' => random.pick(&["true", "false", "(eq 1 2)"]).to_owned(),
            'r' => random
                .pick(&[
                    "\"[a-z]+\"",
                    "\"l\"",
                    "\"(h)(e)\"",
                    "\"^\"",
                    "`\\d+|x`",
                    "\"(?i)HEL\"",
                    "\"[\"",
                    "\"a**\"",
                ])
                .to_owned(),
            'v' => random.pick(&["\"1.2.3\"", "\"v2.0\"", "\"1.2.3-rc.1+b\"", "\"x\""]).to_owned(),
            'c' => random
                .pick(&["\"^1.2\"", "\">=1.0 <2\"", "\"~1\"", "\"*\"", "\"1.2.3-0 || 2\"", "\"!!\""])
                .to_owned(),
            'd' => random.pick(&["\"2006-01-02\"", "\"15:04\""]).to_owned(),
            'n' => random
                .pick(&["\"h.name\"", "\"h.list\"", "\"h.name\"", "\"h.fails\"", "\"absent\""])
                .to_owned(),
            't' => random
                .pick(&[
                    "\"{{ .Values.s }}\"",
                    "\"{{ .s | upper }}\"",
                    "\"{{ if }}\"",
                    "\"plain\"",
                    "\"{{ include \\\"h.name\\\" . }}\"",
                ])
                .to_owned(),
            '.' => random.pick(&["$", "$.Values", "."]).to_owned(),
            _ => self.operand(random, depth),
        }
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
            56..69 => random.pick(NUMBERS).to_owned(),
            69 if random.chance(40) => random.pick(BAD_NUMBERS).to_owned(),
            69 => random.pick(NUMBERS).to_owned(),
            70..76 => random.pick(&["true", "false", "nil"]).to_owned(),
            76..80 => random.pick(&[".", "$"]).to_owned(),
            80..87 if !self.variables.is_empty() => {
                let name = self.variables[random.below(self.variables.len())].clone();
                let field =
                    if random.chance(20) { format!(".{}", random.pick(FIELDS)) } else { String::new() };
                format!("{name}{field}")
            }
            80 if random.chance(25) => "$undefined".to_owned(),
            _ if depth < 3 => {
                let inner = self.pipeline(random, depth + 1);
                let field =
                    if random.chance(15) { format!(".{}", random.pick(FIELDS)) } else { String::new() };
                format!("({inner}){field}")
            }
            _ => "1".to_owned(),
        }
    }
}
