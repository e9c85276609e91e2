//! index.yaml, read without a tree: one pass over the text, one chart's versions at a time.
//!
//! Helm: `loadIndex` in pkg/repo/v1/index.go. What is written in an odd but valid way (anchors, tags, unknown keys) is
//! read through the tree of [`super::tree`] instead, which has Helm's message for whatever is wrong.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::io::Read as _;
use std::path::Path;

use crate::Compat;
use crate::chart::{normal_time, sanitize};
use crate::data::stream::{Item, JsonStream, Stop, Stream, check_unique};
use crate::data::yaml;
use crate::diag::Diagnostic;
use crate::error::{Error, ErrorKind, Result};
use crate::files::{base_name, directory, quote};
use crate::version::{Constraint, Version};

use super::tree::{self, Document};

/// The largest index that is read: twice what the largest public ones weigh.
pub const LARGEST_INDEX: u64 = 256 << 20;

/// The largest index that is read through a tree, if it takes one.
const LARGEST_TREE: usize = 24 << 20;

/// One version of a chart, as an index names it: the fields that choosing and searching need.
///
/// The texts are borrowed from the index where they stand there as they are.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The chart's name, which may differ from the key it stands under.
    pub name: Cow<'a, str>,
    /// The version, as written.
    pub version: Cow<'a, str>,
    /// The version, parsed.
    pub parsed: Version,
    /// The version of what the chart installs.
    pub app_version: Cow<'a, str>,
    /// One sentence.
    pub description: Cow<'a, str>,
    /// For searching.
    pub keywords: Vec<Cow<'a, str>>,
    /// Where the archive is: absolute, or relative to the repository.
    pub urls: Vec<Cow<'a, str>>,
    /// The sha256 of the archive, in hexadecimal digits, perhaps with `sha256:` in front; may be empty.
    pub digest: Cow<'a, str>,
    /// When it was added, as written.
    pub created: Cow<'a, str>,
    /// Whether it should no longer be used.
    pub deprecated: bool,
}

impl Record<'_> {
    /// The same, with texts of its own.
    pub fn into_owned(self) -> Record<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Record {
            name: own(self.name),
            version: own(self.version),
            parsed: self.parsed,
            app_version: own(self.app_version),
            description: own(self.description),
            keywords: self.keywords.into_iter().map(own).collect(),
            urls: self.urls.into_iter().map(own).collect(),
            digest: own(self.digest),
            created: own(self.created),
            deprecated: self.deprecated,
        }
    }
}

/// Newest first; equal versions stay as they are.
pub(super) fn newest_first(left: &Record<'_>, right: &Record<'_>) -> Ordering {
    right.parsed.cmp(&left.parsed)
}

/// The bytes of an index, and what to call it in messages.
#[derive(Debug, Clone)]
pub struct Index {
    bytes: Vec<u8>,
    source: String,
    /// Whether the source is a file, which messages then name.
    is_file: bool,
    compat: Compat,
}

/// What reading an index had to say beside what was asked for: entries that were skipped.
pub type Warnings = Vec<Diagnostic>;

impl Index {
    /// An index in memory; `source` is where it comes from.
    pub fn from_bytes(bytes: Vec<u8>, source: impl Into<String>, compat: Compat) -> Self {
        Self { bytes, source: source.into(), is_file: false, compat }
    }

    /// Opens an index file. What it says is looked at later.
    ///
    /// # Errors
    /// It is not there, not a file, or larger than [`LARGEST_INDEX`].
    pub fn open(path: &Path, compat: Compat) -> Result<Self> {
        let bytes = read_whole(path)?;
        Ok(Self { bytes, source: path.display().to_string(), is_file: true, compat })
    }

    /// The text.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whose rules it is read by.
    pub fn compat(&self) -> Compat {
        self.compat
    }

    /// Where it comes from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Walks over the charts that `wanted` names, each with its valid versions, newest first, in the order of the
    /// index; `step` puts what it needs into what `start` made. It may be started anew on the way.
    ///
    /// # Errors
    /// The index is not readable by Helm's rules; Helm's texts, with `error loading PATH: ` for a file.
    pub fn fold<T>(
        &self,
        start: impl Fn() -> T,
        wanted: impl Fn(&str) -> bool,
        step: impl FnMut(&mut T, &str, &mut Vec<Record<'_>>),
    ) -> Result<(T, Warnings)> {
        self.fold_unnamed(start, wanted, step).map_err(|error| match self.is_file {
            true => error.prefixed(format_args!("error loading {}: ", self.source)),
            false => error,
        })
    }

    fn fold_unnamed<T>(
        &self,
        start: impl Fn() -> T,
        wanted: impl Fn(&str) -> bool,
        mut step: impl FnMut(&mut T, &str, &mut Vec<Record<'_>>),
    ) -> Result<(T, Warnings)> {
        if self.bytes.is_empty() {
            return Err(failure("empty index.yaml file"));
        }
        let mut state = start();
        let line = match self.stream(&wanted, &mut |name, records| step(&mut state, name, records)) {
            Ok(outcome) => return Ok((state, outcome?)),
            Err(line) => line,
        };
        if self.bytes.len() > LARGEST_TREE {
            let place = if line == 0 { String::new() } else { format!(" (near line {line})") };
            let limit = LARGEST_TREE >> 20;
            let message = format!(
                "an index larger than {limit} MiB cannot have anchors, tags, equal keys, unknown fields or values of \
                 the wrong type{place}"
            );
            return Err(Error::new(ErrorKind::Limit, message));
        }
        state = start();
        let mut warnings = Warnings::new();
        let document = Document::read(&self.bytes, self.compat)?;
        for (name, entries) in &document.entries {
            let mut records = Vec::new();
            for entry in entries {
                match entry {
                    None => warnings.push(self.empty_entry(name)),
                    Some(entry) => match entry.record() {
                        Ok(record) => records.push(record),
                        Err(problem) => warnings.push(self.skipped(name, &entry.metadata.version, &problem)),
                    },
                }
            }
            records.sort_by(newest_first);
            if wanted(name) {
                step(&mut state, name, &mut records);
            }
        }
        document.check_version()?;
        Ok((state, warnings))
    }

    /// The versions of one chart, newest first, or `None` when the index does not know it.
    ///
    /// # Errors
    /// As [`Index::fold`].
    pub fn versions(&self, name: &str) -> Result<(Option<Vec<Record<'static>>>, Warnings)> {
        self.fold(
            || None,
            |key| key == name,
            |found, _, records| *found = Some(records.drain(..).map(Record::into_owned).collect()),
        )
    }

    /// The names of all charts, in the order of the index; those without a valid version too.
    ///
    /// # Errors
    /// As [`Index::fold`].
    pub fn names(&self) -> Result<(Vec<String>, Warnings)> {
        self.fold(Vec::new, |_| true, |names, name, _| names.push(name.to_owned()))
    }

    /// Reads without a tree. `Err` has the line where that is not possible, 0 for an unknown one.
    fn stream(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        visit: &mut dyn FnMut(&str, &mut Vec<Record<'_>>),
    ) -> std::result::Result<Result<Warnings>, usize> {
        if is_json(&self.bytes) {
            let mut reader = Reader::new(self, Stream::Json(JsonStream::new(&self.bytes)));
            return reader.index(wanted, visit).map_err(|_| 0);
        }
        let text = yaml::Text::new(&self.bytes);
        let Ok(Some(stream)) = yaml::Stream::new(&text) else { return Err(0) };
        let mut reader = Reader::new(self, Stream::Yaml(stream));
        let outcome = reader.index(wanted, visit);
        outcome.map_err(|_| reader.stream.line())
    }

    fn empty_entry(&self, name: &str) -> Diagnostic {
        let (name, source) = (quote(name), &self.source);
        warning(format!("skipping loading invalid entry for chart {name} from {source}: empty entry"))
    }

    fn skipped(&self, name: &str, version: &str, problem: &str) -> Diagnostic {
        let (name, version, source) = (quote(name), quote(version), &self.source);
        warning(format!("skipping loading invalid entry for chart {name} {version} from {source}: {problem}"))
    }
}

fn warning(message: String) -> Diagnostic {
    Diagnostic::warning("index-entry", message)
}

/// An error of an index or of repositories.yaml.
#[cold]
pub(super) fn failure(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Repository, message)
}

/// Reads an index into exactly as much memory as it takes: it is the largest thing there is.
pub(super) fn read_whole(path: &Path) -> Result<Vec<u8>> {
    if directory::kind_of(path).is_ok_and(|kind| kind != directory::PathKind::File) {
        return directory::read_file(path, LARGEST_INDEX);
    }
    let failed = |error: std::io::Error| directory::io_error("open", path, error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(LARGEST_INDEX)).unwrap_or(0) + 1);
    file.take(LARGEST_INDEX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| directory::io_error("read", path, error))?;
    if bytes.len() as u64 > LARGEST_INDEX {
        let message = format!("{} is larger than {LARGEST_INDEX} bytes", path.display());
        return Err(Error::new(ErrorKind::Limit, message));
    }
    Ok(bytes)
}

/// Whether Go's `json.Valid` says so, for texts that the stream can read.
pub(super) fn is_json(bytes: &[u8]) -> bool {
    let blank = |byte: &&u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    if bytes.iter().find(blank) != Some(&b'{') {
        return false;
    }
    let mut stream = Stream::Json(JsonStream::new(bytes));
    stream.skip().and_then(|()| stream.finish()) != Err(Stop::Malformed(0))
}

/// Reads an index from a stream into records. Whatever is out of the ordinary stops it.
struct Reader<'i, 's> {
    index: &'i Index,
    stream: Stream<'s>,
    warnings: Warnings,
}

type Text<'s> = Cow<'s, str>;

/// Whether numbers and truth values may stand where texts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Texts,
    Odd,
}

impl<'i, 's> Reader<'i, 's> {
    fn new(index: &'i Index, stream: Stream<'s>) -> Self {
        Self { index, stream, warnings: Warnings::new() }
    }

    fn index(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        visit: &mut dyn FnMut(&str, &mut Vec<Record<'_>>),
    ) -> std::result::Result<Result<Warnings>, Stop> {
        if self.stream.value()? != Item::Map {
            return Err(Stop::Odd);
        }
        let mut keys = Vec::new();
        let mut has_version = false;
        while let Some(key) = self.stream.key()? {
            match &*key {
                b"apiVersion" => has_version |= !self.own_text()?.is_empty(),
                b"generated" => self.time()?,
                b"entries" => self.entries(wanted, visit)?,
                b"publicKeys" => self.texts(None, Numbers::Texts)?,
                b"annotations" => self.pairs(Numbers::Texts)?,
                b"serverInfo" => match self.stream.value()? {
                    Item::Null => {}
                    item @ Item::Map => self.stream.skip_rest(&item, 0)?,
                    _ => return Err(Stop::Odd),
                },
                _ => self.unknown(&key)?,
            }
            keys.push(key);
        }
        self.stream.finish()?;
        check_unique(keys)?;
        if !has_version {
            return Ok(Err(failure("no API version specified")));
        }
        Ok(Ok(std::mem::take(&mut self.warnings)))
    }

    /// JSON may have unknown fields, in YAML they are an error; fields that differ only by case are known to Go.
    fn unknown(&mut self, key: &[u8]) -> std::result::Result<(), Stop> {
        if self.stream.is_yaml() || !key.is_ascii() || tree::is_field(key) {
            return Err(Stop::Odd);
        }
        self.stream.skip()
    }

    fn entries(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        visit: &mut dyn FnMut(&str, &mut Vec<Record<'_>>),
    ) -> std::result::Result<(), Stop> {
        match self.stream.value()? {
            Item::Null => return Ok(()),
            Item::Map => {}
            _ => return Err(Stop::Odd),
        }
        let mut names = Vec::new();
        let mut records = Vec::new();
        while let Some(name) = self.stream.key()? {
            let name = into_text(name)?;
            records.clear();
            match self.stream.value()? {
                Item::Null => {}
                Item::List => self.versions(&name, &mut records)?,
                _ => return Err(Stop::Odd),
            }
            records.sort_by(newest_first);
            if wanted(&name) {
                visit(&name, &mut records);
            }
            names.push(into_bytes(name));
        }
        check_unique(names)
    }

    fn versions(&mut self, name: &str, records: &mut Vec<Record<'s>>) -> std::result::Result<(), Stop> {
        // Helm looks at the entries from the last to the first, and warns in that order.
        let mut problems = Vec::new();
        loop {
            match self.stream.value()? {
                Item::End => break,
                Item::Null => problems.push(self.index.empty_entry(name)),
                Item::Map => match self.record()? {
                    Ok(record) => records.push(record),
                    Err((version, problem)) => problems.push(self.index.skipped(name, &version, &problem)),
                },
                _ => return Err(Stop::Odd),
            }
        }
        self.warnings.extend(problems.into_iter().rev());
        Ok(())
    }

    fn record(&mut self) -> std::result::Result<std::result::Result<Record<'s>, (String, String)>, Stop> {
        let mut draft = Draft::default();
        let mut seen = 0_u64;
        while let Some(key) = self.stream.key()? {
            let Some(field) = FIELDS.iter().position(|field| field.as_bytes() == &*key) else {
                self.unknown(&key)?;
                continue;
            };
            if seen & (1 << field) != 0 {
                return Err(Stop::Odd);
            }
            seen |= 1 << field;
            match FIELDS[field] {
                "name" => draft.name = self.text()?,
                "version" => draft.version = self.text()?,
                "appVersion" => draft.app_version = self.text()?,
                "description" => draft.description = self.text()?,
                "type" => draft.kind = self.text()?,
                "digest" => draft.digest = self.own_text()?,
                "keywords" => self.texts(Some(&mut draft.keywords), Numbers::Odd)?,
                "urls" => self.texts(Some(&mut draft.urls), Numbers::Texts)?,
                "sources" => self.texts(None, Numbers::Odd)?,
                "annotations" => self.pairs(Numbers::Odd)?,
                "created" => draft.created = self.time_text()?,
                "deprecated" => draft.deprecated = self.truth()?,
                "removed" => {
                    self.truth()?;
                }
                "maintainers" => draft.empty_maintainer |= self.maintainers()?,
                "dependencies" => self.dependencies(&mut draft)?,
                "checksum" | "engine" | "tillerVersion" | "url" => {
                    self.own_text()?;
                }
                _ => {
                    self.text()?;
                }
            }
        }
        Ok(draft.finish())
    }

    /// Whether one of them is null.
    fn maintainers(&mut self) -> std::result::Result<bool, Stop> {
        let mut is_empty = false;
        if !self.list()? {
            return Ok(false);
        }
        loop {
            match self.stream.value()? {
                Item::End => return Ok(is_empty),
                Item::Null => is_empty = true,
                Item::Map => {
                    let mut keys = Vec::new();
                    while let Some(key) = self.stream.key()? {
                        match &*key {
                            b"name" | b"email" | b"url" => {
                                self.text()?;
                            }
                            _ => self.unknown(&key)?,
                        }
                        keys.push(key);
                    }
                    check_unique(keys)?;
                }
                _ => return Err(Stop::Odd),
            }
        }
    }

    fn dependencies(&mut self, draft: &mut Draft<'s>) -> std::result::Result<(), Stop> {
        if !self.list()? {
            return Ok(());
        }
        loop {
            match self.stream.value()? {
                Item::End => return Ok(()),
                Item::Null => {
                    draft.problem.get_or_insert_with(|| EMPTY_DEPENDENCY.to_owned());
                }
                Item::Map => {
                    let (mut name, mut alias) = (Text::default(), Text::default());
                    let mut keys = Vec::new();
                    while let Some(key) = self.stream.key()? {
                        match &*key {
                            b"name" => name = self.text()?,
                            b"alias" => alias = self.text()?,
                            b"version" | b"repository" | b"condition" => {
                                self.text()?;
                            }
                            b"tags" => self.texts(None, Numbers::Odd)?,
                            b"enabled" => {
                                self.truth()?;
                            }
                            b"import-values" => match self.stream.value()? {
                                Item::Null => {}
                                item @ Item::List => self.stream.skip_rest(&item, 0)?,
                                _ => return Err(Stop::Odd),
                            },
                            _ => self.unknown(&key)?,
                        }
                        keys.push(key);
                    }
                    check_unique(keys)?;
                    if draft.problem.is_none() {
                        draft.problem = dependency_problem(&name, &alias);
                    }
                }
                _ => return Err(Stop::Odd),
            }
        }
    }

    /// Whether a list starts; null is none.
    fn list(&mut self) -> std::result::Result<bool, Stop> {
        match self.stream.value()? {
            Item::List => Ok(true),
            Item::Null => Ok(false),
            _ => Err(Stop::Odd),
        }
    }

    fn texts(
        &mut self,
        mut kept: Option<&mut Vec<Text<'s>>>,
        numbers: Numbers,
    ) -> std::result::Result<(), Stop> {
        if !self.list()? {
            return Ok(());
        }
        loop {
            match self.stream.value()? {
                Item::End => return Ok(()),
                item => {
                    let text = self.text_of(item, numbers)?;
                    if let Some(kept) = &mut kept {
                        kept.push(text);
                    }
                }
            }
        }
    }

    fn pairs(&mut self, numbers: Numbers) -> std::result::Result<(), Stop> {
        match self.stream.value()? {
            Item::Null => return Ok(()),
            Item::Map => {}
            _ => return Err(Stop::Odd),
        }
        let mut keys = Vec::new();
        while let Some(key) = self.stream.key()? {
            keys.push(key);
            let item = self.stream.value()?;
            self.is_text(&item, numbers)?;
        }
        check_unique(keys)
    }

    fn truth(&mut self) -> std::result::Result<bool, Stop> {
        match self.stream.value()? {
            Item::Bool(truth) => Ok(truth),
            Item::Null => Ok(false),
            _ => Err(Stop::Odd),
        }
    }

    /// A text of the metadata. Numbers are none there: Go's records lie behind a pointer that sigs.k8s.io/yaml does
    /// not look through.
    fn text(&mut self) -> std::result::Result<Text<'s>, Stop> {
        let item = self.stream.value()?;
        self.text_of(item, Numbers::Odd)
    }

    /// A text of the index's own.
    fn own_text(&mut self) -> std::result::Result<Text<'s>, Stop> {
        let item = self.stream.value()?;
        self.text_of(item, Numbers::Texts)
    }

    fn is_text(&self, item: &Item<'s>, numbers: Numbers) -> std::result::Result<(), Stop> {
        match item {
            Item::Text(_) | Item::Null => Ok(()),
            Item::Bool(_) | Item::Int(_) | Item::Float(_) if self.takes(numbers) => Ok(()),
            _ => Err(Stop::Odd),
        }
    }

    #[inline]
    fn text_of(&self, item: Item<'s>, numbers: Numbers) -> std::result::Result<Text<'s>, Stop> {
        match item {
            Item::Text(text) => into_text(text),
            Item::Null => Ok(Text::default()),
            Item::Bool(truth) if self.takes(numbers) => Ok(truth.to_string().into()),
            Item::Int(number) if self.takes(numbers) => Ok(number.to_string().into()),
            Item::Float(number) if self.takes(numbers) => Ok(crate::chart::number_text(number).into()),
            _ => Err(Stop::Odd),
        }
    }

    fn takes(&self, numbers: Numbers) -> bool {
        numbers == Numbers::Texts && self.stream.is_yaml()
    }

    fn time(&mut self) -> std::result::Result<(), Stop> {
        self.time_text().map(|_| ())
    }

    fn time_text(&mut self) -> std::result::Result<Text<'s>, Stop> {
        match self.stream.value()? {
            Item::Null => Ok(Text::default()),
            Item::Text(text) => {
                let text = into_text(text)?;
                if is_plain_time(text.as_bytes()) || normal_time(&text).is_ok() {
                    Ok(text)
                } else {
                    Err(Stop::Odd)
                }
            }
            _ => Err(Stop::Odd),
        }
    }
}

/// A time as Go's programs write it: nothing else of the many in RFC 3339's reach.
fn is_plain_time(text: &[u8]) -> bool {
    let digits = |from: usize, low: u8, high: u8| {
        text.get(from..from + 2).is_some_and(|pair| {
            pair.iter().all(u8::is_ascii_digit)
                && (low..=high).contains(&((pair[0] - b'0') * 10 + (pair[1] - b'0')))
        })
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let rest = text.get(19..).unwrap_or_default();
    text.len() > 19
        && text[..4].iter().all(u8::is_ascii_digit)
        && marks.iter().all(|&(at, mark)| text[at] == mark)
        && digits(5, 1, 12)
        && digits(8, 1, 28)
        && digits(11, 0, 23)
        && digits(14, 0, 59)
        && digits(17, 0, 59)
        && matches!(rest.split_last(), Some((b'Z', fraction))
            if fraction.is_empty() || fraction[0] == b'.' && fraction.len() > 1 && fraction[1..].iter().all(u8::is_ascii_digit))
}

fn into_text(bytes: Cow<'_, [u8]>) -> std::result::Result<Text<'_>, Stop> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Stop::Odd),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Stop::Odd),
    }
}

fn into_bytes(text: Text<'_>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// The fields of an entry, the frequent ones first.
const FIELDS: [&str; 25] = [
    "annotations",
    "apiVersion",
    "appVersion",
    "created",
    "dependencies",
    "description",
    "digest",
    "home",
    "icon",
    "keywords",
    "kubeVersion",
    "maintainers",
    "name",
    "sources",
    "type",
    "urls",
    "version",
    "deprecated",
    "removed",
    "condition",
    "tags",
    "checksum",
    "engine",
    "tillerVersion",
    "url",
];

const EMPTY_DEPENDENCY: &str = "validation: dependencies must not contain empty or null nodes";

/// What an entry says before it is known to be valid.
#[derive(Default)]
pub(super) struct Draft<'s> {
    pub(super) name: Text<'s>,
    pub(super) version: Text<'s>,
    pub(super) app_version: Text<'s>,
    pub(super) description: Text<'s>,
    pub(super) kind: Text<'s>,
    pub(super) keywords: Vec<Text<'s>>,
    pub(super) urls: Vec<Text<'s>>,
    pub(super) digest: Text<'s>,
    pub(super) created: Text<'s>,
    pub(super) deprecated: bool,
    pub(super) empty_maintainer: bool,
    /// What is wrong with the first bad dependency.
    pub(super) problem: Option<String>,
}

/// What Helm's validation says of a dependency.
pub(super) fn dependency_problem(name: &str, alias: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if alias.bytes().all(allowed) {
        return None;
    }
    let name = quote(name);
    Some(format!("validation: dependency {name} has disallowed characters in the alias"))
}

impl<'s> Draft<'s> {
    /// The record, or its version and what is wrong. Helm: `Metadata.Validate`, whose order this is; equal names of
    /// dependencies are let pass.
    pub(super) fn finish(mut self) -> std::result::Result<Record<'s>, (String, String)> {
        for text in [&mut self.name, &mut self.app_version, &mut self.description] {
            clean(text);
        }
        self.keywords.iter_mut().for_each(clean);
        let problem =
            |this: Self, text: String| Err((this.version.into_owned(), format!("validation: {text}")));
        if self.name.is_empty() {
            return problem(self, "chart.metadata.name is required".to_owned());
        }
        if matches!(&*self.name, "." | "..") {
            let text = format!("chart.metadata.name {} is not allowed", quote(&self.name));
            return problem(self, text);
        }
        if base_name(&self.name) != self.name {
            let text = format!("chart.metadata.name {} is invalid", quote(&self.name));
            return problem(self, text);
        }
        if self.version.is_empty() {
            return problem(self, "chart.metadata.version is required".to_owned());
        }
        let Ok(parsed) = Version::parse(self.version.as_bytes()) else {
            let text = format!("chart.metadata.version {} is invalid", quote(&self.version));
            return problem(self, text);
        };
        if !matches!(&*self.kind, "" | "application" | "library") {
            return problem(self, "chart.metadata.type must be application or library".to_owned());
        }
        if self.empty_maintainer {
            return problem(self, "maintainers must not contain empty or null nodes".to_owned());
        }
        if let Some(text) = self.problem {
            return Err((self.version.into_owned(), text));
        }
        Ok(Record {
            name: self.name,
            version: self.version,
            parsed,
            app_version: self.app_version,
            description: self.description,
            keywords: self.keywords,
            urls: self.urls,
            digest: self.digest,
            created: self.created,
            deprecated: self.deprecated,
        })
    }
}

/// Helm's cleaning of texts, for the few that need it.
fn clean(text: &mut Text<'_>) {
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        sanitize(text.to_mut());
    }
}

/// The newest version of a chart in range, or why there is none. Helm: `IndexFile.Get`.
///
/// An exact text wins over the range; nothing given means the newest that is no pre-release.
///
/// # Errors
/// The range is none, or nothing is in it.
pub fn choose<'r, 'a>(name: &str, records: &'r [Record<'a>], version: &str) -> Result<&'r Record<'a>> {
    if records.is_empty() {
        return Err(failure("no chart version found"));
    }
    let constraint = Constraint::parse(if version.is_empty() { "*" } else { version })?;
    if let Some(exact) = records.iter().find(|record| !version.is_empty() && record.version == version) {
        return Ok(exact);
    }
    records.iter().find(|record| constraint.check(&record.parsed)).ok_or_else(|| {
        let missing = format!("no chart version found for {name}-{version}");
        let mut error = Error::new(ErrorKind::NotFound, missing);
        if let Some(hint) = nearest(records, version) {
            error = error.with_diagnostic(hint);
        }
        error
    })
}

/// Whether `version` is a range rather than one version. Helm: `isVersionRange`.
pub fn is_range(version: &str) -> bool {
    version.contains(['^', '~', '<', '>', '=', '!', '*'])
        || version.contains("||")
        || version.contains(" - ")
        || version.split(['-', '+']).next().is_some_and(|core| core.contains(['x', 'X']))
}

/// The versions that come nearest to what was asked for and is not there.
fn nearest(records: &[Record<'_>], version: &str) -> Option<Diagnostic> {
    let newest = records.first()?;
    let mut near: Vec<&str> = Vec::new();
    if let Ok(asked) = Version::parse(version) {
        // The list is newest first: the last one above, the first one below, and builds of the same version.
        let above = records.iter().rfind(|record| record.parsed > asked);
        let below = records.iter().find(|record| record.parsed < asked);
        let prefix = format!("{version}-");
        let build = records.iter().find(|record| record.version.starts_with(&prefix));
        for record in [build, below, above].into_iter().flatten() {
            if !near.contains(&&*record.version) {
                near.push(&record.version);
            }
        }
    }
    if near.is_empty() {
        near.push(&newest.version);
    }
    let newest_text = &newest.version;
    let text = format!("the nearest are {}; the newest is {newest_text}", near.join(", "));
    Some(Diagnostic::error("no-such-version", format!("{version} is not in the index")).hint(text))
}
