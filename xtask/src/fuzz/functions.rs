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
        _ => ["\"abc\"", "2", ".Values.l"][position % 3],
    }
}

/// Functions whose answer is random, takes long, or reads the clock; only their failures can be compared.
const VARYING: &[&str] = &[
    "now",
    "ago",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randInt",
    "randNumeric",
    "shuffle",
    "uuidv4",
    "bcrypt",
    "htpasswd",
    "encryptAES",
    "derivePassword",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "buildCustomCert",
    "getHostByName",
    "hello",
];

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
            if !VARYING.contains(&name.as_str()) {
                for arguments in argument_lists(parameters, *variadic) {
                    requests.push(call(compat, name, &arguments));
                }
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
    lists.retain(|list| !(list.len() == 3 && list[0] == list[2] && list[0].starts_with('.')));
    lists.sort();
    lists.dedup();
    lists
}

fn call(compat: &str, name: &str, arguments: &[&str]) -> Value {
    let expression = format!("{name} {}", arguments.join(" "));
    let expression = expression.trim_end();
    let template = if UNORDERED.contains(&name) {
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
