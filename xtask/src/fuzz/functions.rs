//! Every function of both function maps with every class of value in each argument.

use serde_json::{Value, json};

use super::random::Random;
use crate::Outcome;
use crate::oracle::Oracle;

/// Expressions, one for each class of value a template can hold.
const CLASSES: &[&str] = &[
    "nil",
    "\"\"",
    "\"abc\"",
    "\"12\"",
    "0",
    "2",
    "(int64 3)",
    "-1",
    "1.5",
    ".Values.n",
    ".Values.f",
    "true",
    ".Values.l",
    ".Values.li",
    "(list)",
    "(list 1 \"a\" nil)",
    "(splitList \",\" \"b,a\")",
    "(until 2)",
    ".Values.m",
    "(dict)",
    "(dict \"a\" 1)",
    "(toDate \"2006-01-02\" \"2020-05-06\")",
    "(semver \"1.2.3\")",
    "(.Files.GetBytes \"f.txt\")",
    ".Values.nope",
    ".Chart",
    "(urlParse \"https://h/p\")",
    "(chunk 1 .Values.l)",
    "'a'",
    "(fromToml \"a = 1\").a",
    "(fromToml \"a = 2020-05-06\").a",
    "1i",
    "((toDate \"2006\" \"2021\").Sub (toDate \"2006\" \"2020\"))",
    ".Values",
    ".Files",
    ".Release",
    ".Capabilities.APIVersions",
    ".Capabilities.KubeVersion",
];

/// What a parameter of some Go type usually gets.
fn usual(kind: &str, position: usize) -> &'static str {
    match kind {
        "string" => ["\"abc\"", "\"b\"", "\"c\""][position % 3],
        "int" | "int64" | "int32" => "2",
        "float64" => "1.5",
        "bool" => "true",
        "[]interface {}" | "[]string" => ".Values.l",
        "map[string]interface {}" => ".Values.m",
        "sprig.certificate" => AUTHORITY,
        _ => ["\"abc\"", "2", ".Values.l"][position % 3],
    }
}

/// What can be compared of an answer that is random, or reads the clock: its type, its length, its form. `$r` is
/// the answer, `ARGS` the arguments.
const VARYING: &[(&str, &str)] = &[
    ("now", "{{ typeOf $r }}"),
    ("ago", "{{ typeOf $r }}"),
    ("getHostByName", "{{ typeOf $r }}"),
    ("randInt", "{{ typeOf $r }}"),
    ("randAlpha", r#"{{ typeOf $r }} {{ len $r }} {{ regexMatch "^[a-zA-Z]*$" $r }}"#),
    ("randAlphaNum", r#"{{ typeOf $r }} {{ len $r }} {{ regexMatch "^[a-zA-Z0-9]*$" $r }}"#),
    ("randAscii", r#"{{ typeOf $r }} {{ len $r }} {{ regexMatch "^[ -~]*$" $r }}"#),
    ("randNumeric", r#"{{ typeOf $r }} {{ len $r }} {{ regexMatch "^[0-9]*$" $r }}"#),
    ("randBytes", "{{ typeOf $r }} {{ len (b64dec $r) }}"),
    (
        "uuidv4",
        r#"{{ typeOf $r }} {{ regexMatch "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$" $r }}"#,
    ),
    ("shuffle", r#"{{ typeOf $r }} {{ splitList "" $r | sortAlpha }}"#),
    ("bcrypt", r#"{{ typeOf $r }} {{ len $r }} {{ trunc 7 $r }}"#),
    ("htpasswd", r#"{{ typeOf $r }} {{ len $r }} {{ regexReplaceAll "\\$2a\\$10.*" $r "" }}"#),
    ("encryptAES", "{{ typeOf $r }} {{ len $r }} {{ decryptAES (index (list ARGS) 0) $r }}"),
    ("genPrivateKey", PEM),
    ("genCA", CERTIFICATE),
    ("genCAWithKey", CERTIFICATE),
    ("genSelfSignedCert", CERTIFICATE),
    ("genSelfSignedCertWithKey", CERTIFICATE),
    ("genSignedCert", CERTIFICATE),
    ("genSignedCertWithKey", CERTIFICATE),
];

/// The lines around a key; a text that is none stands as it is.
const PEM: &str =
    r#"{{ typeOf $r }} {{ hasPrefix "-----" $r | ternary (regexFindAll "-----[A-Z ]+-----" $r -1) $r }}"#;

/// The lines around both parts, and whether they can be read again. That they are Go's to the byte where nothing is
/// left to chance, chartcore's own tests hold.
const CERTIFICATE: &str = r#"{{ typeOf $r }} {{ regexFindAll "-----[A-Z ]+-----" $r.Cert -1 }} {{ regexFindAll "-----[A-Z ]+-----" $r.Key -1 }}
{{- with buildCustomCert (b64enc $r.Cert) (b64enc $r.Key) }} {{ eq .Cert $r.Cert }} {{ eq .Key $r.Key }}{{ end }}"#;

/// Calls that the classes do not make: kinds of keys, the names of password templates.
const BESIDES: &[(&str, &[&str])] = &[
    ("genPrivateKey", &["\"ecdsa\""]),
    ("genPrivateKey", &["\"ed25519\""]),
    ("genPrivateKey", &["\"rsa\""]),
    ("genPrivateKey", &["\"dsa\""]),
    ("genCAWithKey", &["\"ca\"", "30", "(genPrivateKey \"ed25519\")"]),
    ("genCAWithKey", &["\"ca\"", "30", "(genPrivateKey \"rsa\")"]),
    ("genSelfSignedCert", &["\"a\"", "(list \"10.0.0.1\" \"::1\")", "(list \"a.b\")", "30"]),
    ("genSelfSignedCert", &["\"a\"", "(list \"10.0.0\")", "(list)", "30"]),
    ("genSelfSignedCert", &["\"a\"", "(list 1)", "(list)", "30"]),
    ("genSelfSignedCert", &["\"a\"", "(list)", "(list 1)", "30"]),
    ("genSignedCert", &["\"a\"", "nil", "nil", "30", AUTHORITY]),
    ("genSignedCert", &["\"a\"", "(list \"10.0.0.1\")", "(list \"a.b\" \"*.c\")", "30", AUTHORITY]),
    ("genSignedCertWithKey", &["\"a\"", "nil", "nil", "30", AUTHORITY, "(genPrivateKey \"ed25519\")"]),
    ("buildCustomCert", &["(b64enc \"abc\")", "(b64enc \"abc\")"]),
    ("encryptAES", &["\"key\"", "\"a text of more than sixteen bytes\""]),
    ("derivePassword", &["1", "\"long\"", "\"password\"", "\"user\"", "\"example.com\""]),
    ("derivePassword", &["1", "\"pin\"", "\"password\"", "\"user\"", "\"example.com\""]),
    ("htpasswd", &["\"user:name\"", "\"password\""]),
    ("htpasswd", &["\"user\"", "\"password\"", "\"sha\""]),
];

/// A certificate that may sign others, with a key that is made quickly.
const AUTHORITY: &str = "(genCAWithKey \"ca\" 30 (genPrivateKey \"ecdsa\"))";

/// Functions that only reorder: their answer is random, its sorted form is not.
const UNORDERED: &[&str] = &["keys", "values"];

/// Every request, both profiles.
pub(crate) fn requests(oracle: &mut Oracle) -> Outcome<Vec<Value>> {
    let mut requests = Vec::new();
    for compat in ["helm3", "helm4"] {
        let answers = oracle.ask(&[json!({"op": "functions", "compat": compat})])?;
        let listed = &answers[0]["result"];
        let mut functions: Vec<(String, Vec<String>, bool)> = Vec::new();
        for function in listed["functions"].as_array().into_iter().flatten() {
            let parameters = function["in"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            functions.push((
                function["name"].as_str().unwrap_or_default().to_owned(),
                parameters,
                function["variadic"].as_bool().unwrap_or_default(),
            ));
        }
        for name in listed["builtins"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !matches!(name, "break" | "continue") && !functions.iter().any(|(known, ..)| known == name) {
                functions.push((name.to_owned(), vec!["interface {}".to_owned(); 2], true));
            }
        }
        if functions.len() < 200 {
            return Err(format!("the oracle lists only {} functions", functions.len()));
        }
        for (name, parameters, variadic) in &functions {
            for arguments in argument_lists(parameters, *variadic) {
                requests.push(call(compat, name, &arguments));
            }
            for (_, arguments) in BESIDES.iter().filter(|(function, _)| function == name) {
                requests.push(call(compat, name, arguments));
            }
        }
    }
    Ok(requests)
}

/// A sample of the requests, the same for the same seed.
pub(crate) fn sample(requests: Vec<Value>, count: usize, seed: u64) -> Vec<Value> {
    if requests.len() <= count {
        return requests;
    }
    let mut random = Random::new(seed, 0);
    (0..count).map(|_| requests[random.below(requests.len())].clone()).collect()
}

fn argument_lists(parameters: &[String], variadic: bool) -> Vec<Vec<&'static str>> {
    let kinds: Vec<&str> = parameters.iter().map(|kind| kind.trim_start_matches("[]")).collect();
    let usual_at = |position: usize| {
        let kind = parameters.get(position).or(parameters.last()).map_or("interface {}", String::as_str);
        let last = position + 1 >= parameters.len();
        if variadic && last {
            usual(kinds.last().unwrap_or(&"interface {}"), position)
        } else {
            usual(kind, position)
        }
    };
    let base = parameters.len();
    let counts: Vec<usize> = if variadic { vec![base - 1, base, base + 1] } else { vec![base] };
    let mut lists: Vec<Vec<&'static str>> = Vec::new();
    // Too few and too many.
    for count in [base.saturating_sub(2), base.saturating_sub(1), base + 1] {
        lists.push((0..count).map(usual_at).collect());
    }
    for count in counts {
        lists.push((0..count).map(usual_at).collect());
        for position in 0..count {
            for class in CLASSES {
                let mut list: Vec<&'static str> = (0..count).map(usual_at).collect();
                list[position] = class;
                lists.push(list.clone());
                // Every pair, for functions of two arguments.
                if count == 2 && position == 0 {
                    lists.extend(CLASSES.iter().map(|second| vec![*class, *second]));
                }
            }
        }
    }
    // A map put into itself cannot be printed: the reference dies of its stack.
    let of_values = |list: &Vec<&str>| list.iter().filter(|class| class.starts_with(".Values")).count();
    lists.retain(|list| !(list.len() == 3 && list[0] == list[2] && list[0].starts_with('.')));
    lists.retain(|list| !(list.contains(&".Values") && of_values(list) > 1));
    lists.sort();
    lists.dedup();
    lists
}

fn call(compat: &str, name: &str, arguments: &[&str]) -> Value {
    let expression = format!("{name} {}", arguments.join(" "));
    let expression = expression.trim_end();
    let template = if let Some((_, shape)) = VARYING.iter().find(|(function, _)| *function == name) {
        let shape = shape.replace("ARGS", &arguments.join(" "));
        format!("{{{{ $r := {expression} }}}}{shape}")
    } else if UNORDERED.contains(&name) {
        format!("{{{{ {expression} | toStrings | sortAlpha }}}}")
    } else {
        format!("{{{{ {expression} }}}}|{{{{ typeOf ({expression}) }}}}")
    };
    json!({
        "op": "render", "compat": compat, "values": super::templates::data(),
        "chart": {
            "Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
            "f.txt": "bytes",
            "templates/_h.tpl": "{{ define \"abc\" }}included{{ end }}",
            "templates/t.yaml": template,
        },
    })
}
