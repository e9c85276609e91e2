//! `search repo`. Helm: pkg/cmd/search and pkg/cmd/search_repo.go.

use std::collections::BTreeMap;

use super::index::{Index, Record, Warnings};
use crate::error::Result;
use crate::regex::Regex;
use crate::version::{Constraint, Version};

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct SearchOptions {
    /// The words, joined with blanks; nothing finds everything.
    pub words: Option<String>,
    /// Whether they are a regular expression.
    pub is_regex: bool,
    /// Every version, not only the newest of each chart.
    pub all_versions: bool,
    /// Pre-releases too, unless there is a range.
    pub devel: bool,
    /// A range; empty for any version.
    pub version: String,
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// `REPOSITORY/CHART`.
    pub name: String,
    /// The chart's version.
    pub version: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// One sentence.
    pub description: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// How late in the entry the words stand: 0 in the name, 1 in the repository's name and the name, and so on.
    score: usize,
    parsed: Version,
}

/// Helm's limit: what scores more is no match.
const HIGHEST_SCORE: usize = 25;

/// What parts the fields of the line that is searched.
const PART: u8 = 0x0b;

/// How a line is searched.
enum Matcher {
    Everything,
    Words(Vec<u8>),
    Regex(Regex),
}

/// A search over one index after the other.
pub struct Search {
    matcher: Matcher,
    options: SearchOptions,
    constraint: Constraint,
    hits: Vec<Hit>,
}

impl Search {
    /// Prepares a search.
    ///
    /// # Errors
    /// The range or the regular expression is none; Go's texts.
    pub fn new(options: &SearchOptions) -> Result<Self> {
        let range = match (options.version.as_str(), options.devel) {
            ("", true) => ">0.0.0-0",
            ("", false) => ">0.0.0",
            (range, _) => range,
        };
        let constraint = Constraint::parse(range)
            .map_err(|error| error.prefixed("an invalid version/constraint format: "))?;
        let matcher = match &options.words {
            None => Matcher::Everything,
            Some(words) if options.is_regex => Matcher::Regex(Regex::new(words.as_bytes())?),
            Some(words) => Matcher::Words(words.to_lowercase().into_bytes()),
        };
        Ok(Self { matcher, options: options.clone(), constraint, hits: Vec::new() })
    }

    /// Searches the index of the repository called `repository`.
    ///
    /// # Errors
    /// As [`Index::fold`]; nothing of the index is found then.
    pub fn add(&mut self, repository: &str, index: &Index) -> Result<Warnings> {
        let mut line = Vec::new();
        let mut lowered = Vec::new();
        let (hits, warnings) = index.fold(
            Vec::new,
            |_| true,
            |hits: &mut Vec<Hit>, key, records| {
                let start = hits.len();
                let name = crate::files::clean(&format!("{repository}/{key}"));
                for record in records.iter() {
                    if let Some(score) = self.score(repository, record, &mut line, &mut lowered) {
                        self.keep(hits, start, &name, record, score);
                    }
                }
            },
        )?;
        self.hits.extend(hits);
        Ok(warnings)
    }

    /// Keeps a match if it is in range. Of equal versions the last one stays; unless all are asked for, of each score
    /// the newest, since the best score is not known yet.
    fn keep(&self, hits: &mut Vec<Hit>, start: usize, name: &str, record: &Record<'_>, score: usize) {
        if !self.constraint.check(&record.parsed) {
            return;
        }
        let hit = || Hit {
            name: name.to_owned(),
            version: record.version.to_string(),
            app_version: record.app_version.to_string(),
            description: record.description.to_string(),
            deprecated: record.deprecated,
            score,
            parsed: record.parsed.clone(),
        };
        if let Some(last) = hits[start..].last_mut()
            && last.version == record.version
        {
            *last = hit();
            return;
        }
        if self.options.all_versions || !hits[start..].iter().any(|other| other.score <= score) {
            hits.push(hit());
        }
    }

    /// How well an entry matches, or `None` when it does not.
    fn score(
        &self,
        repository: &str,
        record: &Record<'_>,
        line: &mut Vec<u8>,
        lowered: &mut Vec<u8>,
    ) -> Option<usize> {
        if matches!(self.matcher, Matcher::Everything) {
            return Some(0);
        }
        line.clear();
        line.extend_from_slice(record.name.as_bytes());
        line.push(PART);
        line.extend_from_slice(repository.as_bytes());
        line.push(b'/');
        line.extend_from_slice(record.name.as_bytes());
        line.push(PART);
        line.extend_from_slice(record.description.as_bytes());
        line.push(PART);
        for (index, keyword) in record.keywords.iter().enumerate() {
            if index > 0 {
                line.push(b' ');
            }
            line.extend_from_slice(keyword.as_bytes());
        }
        let (at, line) = match &self.matcher {
            Matcher::Everything => (0, &*line),
            Matcher::Words(words) => {
                lowered.clear();
                if line.is_ascii() {
                    lowered.extend(line.iter().map(u8::to_ascii_lowercase));
                } else {
                    lowered.extend_from_slice(String::from_utf8_lossy(line).to_lowercase().as_bytes());
                }
                (memchr::memmem::find(lowered, words)?, &*lowered)
            }
            Matcher::Regex(regex) => (regex.find(&*line)?.start, &*line),
        };
        // The part a match at `at` begins in; a match on the mark itself still belongs to the part before it.
        let marks = line.iter().enumerate().filter(|(_, byte)| **byte == PART).map(|(index, _)| index);
        let score = marks.take_while(|mark| at > *mark).count();
        (score < HIGHEST_SCORE).then_some(score)
    }

    /// The answer: best score first, then by name, newest first.
    pub fn finish(self) -> Vec<Hit> {
        let mut hits = self.hits;
        hits.sort_by(|left, right| {
            let by_name = || left.name.cmp(&right.name);
            left.score.cmp(&right.score).then_with(by_name).then_with(|| right.parsed.cmp(&left.parsed))
        });
        if self.options.all_versions {
            return hits;
        }
        let mut seen = BTreeMap::new();
        hits.retain(|hit| seen.insert(hit.name.clone(), ()).is_none());
        hits
    }
}
