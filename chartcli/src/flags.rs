//! Flags as pflag has them: what each is called, what it takes, which Helm knows it.
//!
//! Helm's flags differ from clap's habits: booleans accept `=false`, some values are optional but only
//! after `=`, a few lists split at commas. The tables below say so once for every command.

use chartcore::Compat;
use clap::{Arg, ArgAction, ArgMatches};

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `--debug`, `--debug=false`.
    Switch,
    /// One text; the last one given counts.
    Text(&'static str),
    /// A text that may be left out (then it is this one): `--dry-run`, `--dry-run=server`.
    Optional(&'static str, &'static str),
    /// Every text given, in order.
    Array(&'static str),
    /// Every text given, each split at commas.
    Slice(&'static str),
    /// A Go duration.
    Duration(&'static str),
    /// A whole number.
    Count(&'static str),
}

/// One flag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flag {
    pub(crate) long: &'static str,
    pub(crate) short: Option<char>,
    pub(crate) kind: Kind,
    pub(crate) text: &'static str,
    /// The one profile that knows it; `None` for both.
    pub(crate) only: Option<Compat>,
    pub(crate) hidden: bool,
}

impl Flag {
    pub(crate) const fn new(long: &'static str, kind: Kind, text: &'static str) -> Self {
        Self { long, short: None, kind, text, only: None, hidden: false }
    }

    pub(crate) const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    pub(crate) const fn only(mut self, compat: Compat) -> Self {
        self.only = Some(compat);
        self
    }

    pub(crate) const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The clap argument.
    pub(crate) fn arg(&self) -> Arg {
        let mut arg = Arg::new(self.long).long(self.long).help(self.text).hide(self.hidden);
        if let Some(short) = self.short {
            arg = arg.short(short);
        }
        match self.kind {
            Kind::Switch => arg
                .action(ArgAction::Set)
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .hide_possible_values(true),
            Kind::Optional(name, missing) => arg
                .action(ArgAction::Set)
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value(missing)
                .value_name(name),
            Kind::Text(name) | Kind::Duration(name) | Kind::Count(name) => {
                arg.action(ArgAction::Set).allow_hyphen_values(true).value_name(name)
            }
            Kind::Array(name) | Kind::Slice(name) => {
                arg.action(ArgAction::Append).allow_hyphen_values(true).value_name(name)
            }
        }
    }

    /// How pflag names the flag in messages: `-n, --namespace` or `--set`.
    pub(crate) fn title(&self) -> String {
        match self.short {
            Some(short) => format!("-{short}, --{}", self.long),
            None => format!("--{}", self.long),
        }
    }
}

use Kind::{Array, Count, Duration, Optional, Slice, Switch, Text};

/// Flags of every command.
pub(crate) const GLOBAL: &[Flag] = &[
    Flag::new("burst-limit", Count("int"), "client-side default throttling limit (default 100)"),
    Flag::new("color", Text("when"), "use colored output: never, auto, always").only(Compat::Helm4),
    Flag::new("colour", Text("when"), "use colored output: never, auto, always").only(Compat::Helm4).hidden(),
    Flag::new("compat", Text("helm3|helm4"), "whose output to reproduce (default helm4)"),
    Flag::new("content-cache", Text("dir"), "folder of cached content").only(Compat::Helm4),
    Flag::new("debug", Switch, "enable verbose output"),
    Flag::new(
        "error-format",
        Text("human|short|json"),
        "how errors are drawn on standard error (default human)",
    ),
    Flag::new("kube-apiserver", Text("string"), "the address and the port for the Kubernetes API server"),
    Flag::new("kube-as-group", Array("string"), "group to impersonate (can specify multiple)"),
    Flag::new("kube-as-user", Text("string"), "username to impersonate"),
    Flag::new("kube-ca-file", Text("string"), "certificate authority file for the API server"),
    Flag::new("kube-context", Text("string"), "name of the kubeconfig context to use"),
    Flag::new("kube-insecure-skip-tls-verify", Switch, "do not check the API server's certificate"),
    Flag::new("kube-tls-server-name", Text("string"), "server name for the API server's certificate"),
    Flag::new("kube-token", Text("string"), "bearer token used for authentication"),
    Flag::new("kubeconfig", Text("string"), "path to the kubeconfig file"),
    Flag::new("namespace", Text("string"), "namespace scope for this request").short('n'),
    Flag::new("qps", Text("float32"), "queries per second used when communicating with the Kubernetes API"),
    Flag::new("registry-config", Text("string"), "path to the registry config file"),
    Flag::new("repository-cache", Text("string"), "folder of cached repository indexes"),
    Flag::new("repository-config", Text("string"), "path to the file of repository names and URLs"),
];

/// `-f` and the `--set` family.
pub(crate) const VALUES: &[Flag] = &[
    Flag::new("values", Slice("file"), "values in a YAML file, a URL or - (can specify multiple)").short('f'),
    Flag::new("set", Array("key=value"), "set values (can specify multiple or separate with commas)"),
    Flag::new("set-string", Array("key=value"), "set string values"),
    Flag::new("set-file", Array("key=path"), "set values from files"),
    Flag::new("set-json", Array("key=json"), "set JSON values"),
    Flag::new("set-literal", Array("key=value"), "set a literal string value"),
];

/// Where a chart comes from.
pub(crate) const CHART_SOURCE: &[Flag] = &[
    Flag::new("ca-file", Text("string"), "verify certificates of HTTPS servers using this CA bundle"),
    Flag::new("cert-file", Text("string"), "identify HTTPS client using this SSL certificate file"),
    Flag::new("devel", Switch, "use development versions, too: '>0.0.0-0'. Ignored when --version is set"),
    Flag::new("insecure-skip-tls-verify", Switch, "skip tls certificate checks for the chart download"),
    Flag::new("key-file", Text("string"), "identify HTTPS client using this SSL key file"),
    Flag::new("keyring", Text("string"), "public keys used for verification"),
    Flag::new("pass-credentials", Switch, "pass credentials to all domains"),
    Flag::new("password", Text("string"), "chart repository password"),
    Flag::new("plain-http", Switch, "use insecure HTTP connections for the chart download"),
    Flag::new("repo", Text("string"), "chart repository url where to locate the requested chart"),
    Flag::new("username", Text("string"), "chart repository username"),
    Flag::new("verify", Switch, "verify the package before using it"),
    Flag::new("version", Text("string"), "a version or a constraint for the chart (default: the latest)"),
];

/// `chart template` besides the groups above.
pub(crate) const TEMPLATE: &[Flag] = &[
    Flag::new("api-versions", Slice("strings"), "Kubernetes api versions for Capabilities.APIVersions")
        .short('a'),
    Flag::new("atomic", Switch, "accepted for Helm 3's sake").hidden(),
    Flag::new("create-namespace", Switch, "create the release namespace if not present"),
    Flag::new("dependency-update", Switch, "update dependencies if they are missing"),
    Flag::new("description", Text("string"), "add a custom description"),
    Flag::new("disable-openapi-validation", Switch, "accepted for Helm's sake"),
    Flag::new("dry-run", Optional("client|server", "unset"), "client or server (default client)"),
    Flag::new("enable-dns", Switch, "enable DNS lookups when rendering templates"),
    Flag::new("force", Switch, "accepted for Helm 3's sake").hidden(),
    Flag::new("force-conflicts", Switch, "accepted for Helm's sake").only(Compat::Helm4),
    Flag::new("force-replace", Switch, "accepted for Helm's sake").only(Compat::Helm4),
    Flag::new("generate-name", Switch, "generate the name (and omit the NAME parameter)").short('g'),
    Flag::new("hide-notes", Switch, "accepted for Helm 3's sake").hidden(),
    Flag::new("include-crds", Switch, "include CRDs in the templated output"),
    Flag::new("is-upgrade", Switch, "set .Release.IsUpgrade instead of .Release.IsInstall"),
    Flag::new("kube-version", Text("string"), "Kubernetes version used for Capabilities.KubeVersion"),
    Flag::new("labels", Slice("key=value"), "labels of the release").short('l'),
    Flag::new("name-template", Text("string"), "template used to name the release"),
    Flag::new("no-hooks", Switch, "leave hooks out"),
    Flag::new("output-dir", Text("dir"), "write the manifests to files in this folder"),
    Flag::new(
        "post-renderer",
        Text("string"),
        "executable (Helm 3) or plugin (Helm 4) to run over the manifests",
    ),
    Flag::new("post-renderer-args", Slice("string"), "an argument to the post-renderer"),
    Flag::new("release-name", Switch, "use release name in the output-dir path"),
    Flag::new("render-subchart-notes", Switch, "accepted for Helm 3's sake").hidden(),
    Flag::new("replace", Switch, "accepted for Helm's sake"),
    Flag::new("rollback-on-failure", Switch, "accepted for Helm's sake").only(Compat::Helm4),
    Flag::new("server-side", Switch, "accepted for Helm's sake").only(Compat::Helm4),
    Flag::new("show-only", Array("template"), "only show manifests rendered from the given templates")
        .short('s'),
    Flag::new("skip-crds", Switch, "leave CRDs out"),
    Flag::new("skip-schema-validation", Switch, "do not check values against values.schema.json"),
    Flag::new("skip-tests", Switch, "leave tests out"),
    Flag::new("take-ownership", Switch, "accepted for Helm's sake"),
    Flag::new("timeout", Duration("duration"), "time to wait for any Kubernetes operation (default 5m0s)"),
    Flag::new("validate", Switch, "validate the manifests against the cluster").hidden(),
    Flag::new("wait", Optional("strategy", "true"), "accepted for Helm's sake"),
    Flag::new("wait-for-jobs", Switch, "accepted for Helm's sake"),
    Flag::new("allow-unsafe-links", Switch, "follow symbolic links that leave the chart"),
    Flag::new("allow-schema-refs", Switch, "let $ref in a schema read files"),
    Flag::new("strict-values", Switch, "a --set key that nothing reads is an error"),
    Flag::new("seed", Text("text"), "seed random, time and certificate functions: same seed, same output"),
];

/// `chart lint`.
pub(crate) const LINT: &[Flag] = &[
    Flag::new(
        "kube-version",
        Text("string"),
        "Kubernetes version used for capabilities and deprecation checks",
    ),
    Flag::new("quiet", Switch, "print only warnings and errors"),
    Flag::new("skip-schema-validation", Switch, "do not check values against values.schema.json"),
    Flag::new("strict", Switch, "fail on lint warnings"),
    Flag::new("with-subcharts", Switch, "lint dependent charts"),
    Flag::new("strict-images", Switch, "fail on images with the tag latest or with none"),
    Flag::new("allow-latest", Switch, "let images have the tag latest or none"),
    Flag::new("unused-values", Switch, "warn of values that no template reads and no default knows"),
    Flag::new("policy", Switch, "warn of floating dependencies, secrets in plain text and latest images"),
];

/// Reads flags by pflag's rules.
pub(crate) struct Given<'a> {
    pub(crate) matches: &'a ArgMatches,
}

impl Given<'_> {
    /// The flag's last text, or `None` if it was not given.
    pub(crate) fn text(&self, long: &str) -> Option<&str> {
        self.matches.try_get_one::<String>(long).ok().flatten().map(String::as_str)
    }

    /// Whether a switch is on. Its text has been checked at start.
    pub(crate) fn switch(&self, long: &str) -> bool {
        self.text(long).and_then(parse_bool).unwrap_or(false)
    }

    /// Every text of an array flag.
    pub(crate) fn array(&self, long: &str) -> Vec<String> {
        match self.matches.try_get_many::<String>(long) {
            Ok(Some(texts)) => texts.cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Every text of a slice flag, split as CSV.
    pub(crate) fn slice(&self, long: &str) -> Vec<String> {
        self.array(long).iter().flat_map(|text| split_csv(text).unwrap_or_default()).collect()
    }

    /// The positional arguments.
    pub(crate) fn positionals(&self) -> Vec<String> {
        self.array(POSITIONALS)
    }
}

/// The id under which clap keeps the positional arguments of a command.
pub(crate) const POSITIONALS: &str = "args";

/// Go's `strconv.ParseBool`.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// One line of CSV, as pflag reads string slices: quotes around a field keep its commas.
pub(crate) fn split_csv(line: &str) -> Option<Vec<String>> {
    if line.is_empty() {
        return Some(Vec::new());
    }
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut field = String::new();
            let mut tail = quoted;
            loop {
                let end = tail.find('"')?;
                field.push_str(&tail[..end]);
                tail = &tail[end + 1..];
                match tail.strip_prefix('"') {
                    Some(more) => {
                        field.push('"');
                        tail = more;
                    }
                    None => break,
                }
            }
            fields.push(field);
            if tail.is_empty() {
                return Some(fields);
            }
            rest = tail.strip_prefix(',')?;
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            if rest[..end].contains('"') {
                return None;
            }
            fields.push(rest[..end].to_owned());
            if end == rest.len() {
                return Some(fields);
            }
            rest = &rest[end + 1..];
        }
    }
}

/// Checks the texts of `flags` that were given; returns pflag's message for the first bad one.
pub(crate) fn check(
    flags: &[&'static [Flag]],
    given: &Given<'_>,
    strict: Option<Compat>,
) -> Result<(), String> {
    for flag in flags.iter().flat_map(|group| group.iter()) {
        let texts = given.array(flag.long);
        if texts.is_empty() {
            continue;
        }
        if let (Some(profile), Some(only)) = (strict, flag.only)
            && profile != only
        {
            return Err(format!("unknown flag: --{}", flag.long));
        }
        for text in &texts {
            let wrong = match flag.kind {
                Switch => parse_bool(text)
                    .is_none()
                    .then(|| format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
                Count("uint") => text
                    .parse::<u64>()
                    .is_err()
                    .then(|| format!("strconv.ParseUint: parsing {text:?}: invalid syntax")),
                Count(_) => text
                    .parse::<i64>()
                    .is_err()
                    .then(|| format!("strconv.ParseInt: parsing {text:?}: invalid syntax")),
                Slice(_) if flag.long == "labels" => text
                    .split(',')
                    .find(|pair| !pair.contains('='))
                    .map(|pair| format!("{pair} must be formatted as key=value")),
                Slice(_) => split_csv(text).is_none().then(|| {
                    format!(
                        "parse error on line 1, column {}: bare \" in non-quoted-field",
                        text.len().min(1)
                    )
                }),
                Duration(_) => check_duration(text).err(),
                Text(_) | Optional(..) | Array(_) => None,
            };
            if let Some(wrong) = wrong {
                return Err(format!("invalid argument {text:?} for {:?} flag: {wrong}", flag.title()));
            }
        }
    }
    Ok(())
}

/// A duration that was checked at start; one below zero is none.
pub(crate) fn duration(text: &str) -> std::time::Duration {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0f64;
    while !rest.is_empty() {
        let digits =
            rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().unwrap_or(0.0);
        rest = &rest[digits..];
        let unit = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit] {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return std::time::Duration::ZERO,
            };
        rest = &rest[unit..];
    }
    std::time::Duration::try_from_secs_f64(seconds).unwrap_or(std::time::Duration::MAX)
}

/// Go's `time.ParseDuration`, as far as telling good from bad.
fn check_duration(text: &str) -> Result<(), String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(());
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let digits =
            rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let number = &rest[..digits];
        if number.is_empty() || number == "." || number.matches('.').count() > 1 {
            return Err(invalid());
        }
        rest = &rest[digits..];
        let unit = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        match &rest[..unit] {
            "" => return Err(format!("time: missing unit in duration {text:?}")),
            "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h" => {}
            other => return Err(format!("time: unknown unit {other:?} in duration {text:?}")),
        }
        rest = &rest[unit..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_slices_split_as_csv() {
        assert_eq!(split_csv("a,b"), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(split_csv("\"a,b\",c"), Some(vec!["a,b".to_owned(), "c".to_owned()]));
        assert_eq!(split_csv("\"a\"\"b\""), Some(vec!["a\"b".to_owned()]));
        assert_eq!(split_csv("a\"b"), None);
        assert_eq!(split_csv("a,"), Some(vec!["a".to_owned(), String::new()]));
        assert_eq!(split_csv(""), Some(vec![]));
    }

    #[test]
    fn durations_are_read() {
        for (text, milliseconds) in [
            ("0", 0),
            ("5m0s", 300_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("100ms", 100),
            ("-2s", 0),
        ] {
            assert_eq!(duration(text).as_millis(), milliseconds, "{text}");
        }
    }

    #[test]
    fn durations_are_gos() {
        for good in ["0", "5m0s", "300s", "1h30m", "1.5h", "-2s", "100ms", ".5s"] {
            assert_eq!(check_duration(good), Ok(()), "{good}");
        }
        for (bad, text) in [
            ("x", "time: invalid duration \"x\""),
            ("5", "time: missing unit in duration \"5\""),
            ("5y", "time: unknown unit \"y\" in duration \"5y\""),
            ("", "time: invalid duration \"\""),
        ] {
            assert_eq!(check_duration(bad), Err(text.to_owned()));
        }
    }
}
