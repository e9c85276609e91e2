//! Matchers: whether one matches a whole text, and where in a text it first could.
//!
//! Texts are bytes, since rows and trees cut them without regard to letters.

/// How many trees may be entered or moved on before a search is given up.
const STEP_LIMIT: u32 = 20_000;

/// How much of the limit a search has used.
pub(super) struct Search {
    steps: u32,
}

impl Search {
    pub(super) fn new() -> Self {
        Self { steps: 0 }
    }

    /// Counts a step. Says whether there is one left.
    fn step(&mut self) -> bool {
        self.steps += 1;
        self.steps <= STEP_LIMIT
    }
}

#[derive(Debug, Clone)]
pub(super) enum Matcher {
    /// The empty text.
    Nothing,
    /// A text without `/`.
    Any,
    /// Every text.
    Super,
    /// One letter that is not `/`.
    Single,
    Text(String),
    /// One letter of the list, or none of it.
    List(Vec<char>, bool),
    /// One letter from the first to the last, or another.
    Range(char, char, bool),
    /// At least so many letters.
    Min(usize),
    /// At most so many letters.
    Max(usize),
    /// A text that contains this one, or does not.
    Contains(String, bool),
    Prefix(String),
    Suffix(String),
    PrefixSuffix(String, String),
    /// The text, and behind it anything without `/`.
    PrefixAny(String),
    /// Anything without `/`, and behind it the text.
    SuffixAny(String),
    /// Matchers of fixed length one after the other, and how many letters they take.
    Row(Vec<Matcher>, usize),
    EveryOf(Vec<Matcher>),
    AnyOf(Vec<Matcher>),
    Tree(Box<Tree>),
}

/// A matcher to find first, and what must match before and behind it.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) value: Matcher,
    pub(super) left: Option<Matcher>,
    pub(super) right: Option<Matcher>,
    /// Letters the parts take, where that is fixed; an absent part takes none.
    left_length: Option<usize>,
    right_length: Option<usize>,
    length: Option<usize>,
}

impl Tree {
    pub(super) fn new(value: Matcher, left: Option<Matcher>, right: Option<Matcher>) -> Self {
        let length_of = |part: &Option<Matcher>| part.as_ref().map_or(Some(0), Matcher::length);
        let (left_length, right_length) = (length_of(&left), length_of(&right));
        let length = [left_length, value.length(), right_length].into_iter().sum();
        Self { value, left, right, left_length, right_length, length }
    }

    fn is_match(&self, text: &[u8], search: &mut Search) -> bool {
        if self.length.is_some_and(|length| length > text.len()) {
            return false;
        }
        let mut offset = self.left_length.unwrap_or(0);
        // Lengths count letters and are taken for bytes.
        let Some(limit) = text.len().checked_sub(self.right_length.unwrap_or(0)) else { return false };
        let side = |part: &Option<Matcher>, text: &[u8], search: &mut Search| match part {
            Some(part) => part.is_match(text, search),
            None => text.is_empty(),
        };
        while offset < limit && search.step() {
            let Some((index, ends)) = self.value.find(&text[offset..limit], search) else { return false };
            let start = offset + index;
            if side(&self.left, &text[..start], search) {
                let behind = |end: usize| text.get(start + end..).unwrap_or_default();
                if ends.iter().rev().any(|&end| side(&self.right, behind(end), search)) {
                    return true;
                }
            }
            let step = decode(&text[start..]).map_or(0, |(_, width)| width);
            offset += index + step;
        }
        false
    }
}

impl Matcher {
    /// How many letters it takes, where that is fixed.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Self::Nothing => Some(0),
            Self::Single | Self::List(..) | Self::Range(..) => Some(1),
            Self::Text(text) => Some(text.chars().count()),
            Self::Row(_, length) => Some(*length),
            Self::Tree(tree) => tree.length,
            Self::AnyOf(matchers) => {
                // Alternatives in front that have no fixed length are forgotten.
                let mut lengths = matchers.iter().map(Self::length).skip_while(Option::is_none);
                let first = lengths.next()??;
                lengths.all(|length| length == Some(first)).then_some(first)
            }
            _ => None,
        }
    }

    /// Whether the whole of `text` matches.
    pub(super) fn is_match(&self, text: &[u8], search: &mut Search) -> bool {
        match self {
            Self::Nothing => text.is_empty(),
            Self::Any => !text.contains(&b'/'),
            Self::Super => true,
            Self::Single | Self::List(..) | Self::Range(..) => {
                // The end reads as U+FFFD, which few sets hold: the empty text matches, too, if that does.
                let (letter, width) = decode(text).unwrap_or((char::REPLACEMENT_CHARACTER, 0));
                text.len() <= width && self.takes(letter)
            }
            Self::Text(own) => own.as_bytes() == text,
            Self::Min(least) => letters(text).nth(least - 1).is_some(),
            Self::Max(most) => letters(text).nth(*most).is_none(),
            Self::Contains(needle, not) => position(text, needle).is_some() != *not,
            Self::Prefix(prefix) => text.starts_with(prefix.as_bytes()),
            Self::Suffix(suffix) => text.ends_with(suffix.as_bytes()),
            Self::PrefixSuffix(prefix, suffix) => {
                text.starts_with(prefix.as_bytes()) && text.ends_with(suffix.as_bytes())
            }
            Self::PrefixAny(prefix) => {
                text.strip_prefix(prefix.as_bytes()).is_some_and(|rest| !rest.contains(&b'/'))
            }
            Self::SuffixAny(suffix) => {
                text.strip_suffix(suffix.as_bytes()).is_some_and(|rest| !rest.contains(&b'/'))
            }
            Self::Row(matchers, length) => {
                letters(text).take(length + 1).count() == *length && begins_with(text, matchers, search)
            }
            Self::EveryOf(matchers) => matchers.iter().all(|matcher| matcher.is_match(text, search)),
            Self::AnyOf(matchers) => matchers.iter().any(|matcher| matcher.is_match(text, search)),
            Self::Tree(tree) => search.step() && tree.is_match(text, search),
        }
    }

    /// Whether a matcher of one letter takes this one.
    fn takes(&self, letter: char) -> bool {
        match self {
            Self::Single => letter != '/',
            Self::List(list, excluded) => list.contains(&letter) != *excluded,
            Self::Range(first, last, excluded) => (first..=last).contains(&&letter) != *excluded,
            _ => false,
        }
    }

    /// Where it first matches in `text`, and at which distances from there the match may end, ascending.
    fn find(&self, text: &[u8], search: &mut Search) -> Option<(usize, Vec<usize>)> {
        match self {
            Self::Nothing => Some((0, vec![0])),
            Self::Any | Self::Super => {
                let slash = if matches!(self, Self::Any) { position(text, "/") } else { None };
                Some((0, starts(&text[..slash.unwrap_or(text.len())], 0)))
            }
            Self::Single | Self::List(..) | Self::Range(..) => {
                let (at, letter) = letters(text).find(|&(_, letter)| self.takes(letter))?;
                Some((at, vec![letter.len_utf8()]))
            }
            Self::Text(own) => Some((position(text, own)?, vec![own.len()])),
            Self::Min(least) => {
                if text.len() < *least {
                    return None;
                }
                let ends: Vec<_> = ends_of_letters(text, 0).skip(least - 1).collect();
                (!ends.is_empty()).then_some((0, ends))
            }
            Self::Max(most) => {
                Some((0, std::iter::once(0).chain(ends_of_letters(text, 0).take(*most)).collect()))
            }
            Self::Contains(needle, false) => {
                let end = position(text, needle)? + needle.len();
                Some((0, starts(&text[end..], end)))
            }
            Self::Contains(needle, true) => {
                Some((0, starts(&text[..position(text, needle).unwrap_or(text.len())], 0)))
            }
            Self::Prefix(prefix) | Self::PrefixAny(prefix) => {
                let at = position(text, prefix)?;
                let rest = &text[at + prefix.len()..];
                let slash = if matches!(self, Self::PrefixAny(_)) { position(rest, "/") } else { None };
                let rest = &rest[..slash.unwrap_or(rest.len())];
                let ends = std::iter::once(prefix.len()).chain(ends_of_letters(rest, prefix.len()));
                Some((at, ends.collect()))
            }
            Self::Suffix(suffix) => Some((0, vec![position(text, suffix)? + suffix.len()])),
            Self::SuffixAny(suffix) => {
                let at = position(text, suffix)?;
                let start = text[..at].iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
                Some((start, vec![at + suffix.len() - start]))
            }
            Self::PrefixSuffix(prefix, suffix) => {
                let at = position(text, prefix)?;
                let mut ends = Vec::new();
                let mut rest = &text[at..];
                while let Some(found) = rposition(rest, suffix) {
                    ends.push(found + suffix.len());
                    rest = &rest[..found];
                }
                ends.reverse();
                (!ends.is_empty()).then_some((at, ends))
            }
            Self::Row(matchers, length) => {
                let mut places = letters(text).take_while(|(at, _)| text.len() - at >= *length);
                let (at, _) = places.find(|&(at, _)| begins_with(&text[at..], matchers, search))?;
                Some((at, vec![*length]))
            }
            Self::EveryOf(matchers) => find_every(matchers, text, search),
            Self::AnyOf(matchers) => {
                let mut best: Option<(usize, Vec<usize>)> = None;
                for matcher in matchers {
                    let Some((at, ends)) = matcher.find(text, search) else { continue };
                    match &mut best {
                        Some((best_at, best_ends)) if *best_at == at => {
                            best_ends.extend(ends);
                            best_ends.sort_unstable();
                            best_ends.dedup();
                        }
                        Some((best_at, _)) if *best_at < at => {}
                        best => *best = Some((at, ends)),
                    }
                }
                best
            }
            // Trees do not know where they match.
            Self::Tree(_) => None,
        }
    }
}

/// Where several matchers match at once. The offsets drift apart when one begins later; so do gobwas'.
fn find_every(matchers: &[Matcher], text: &[u8], search: &mut Search) -> Option<(usize, Vec<usize>)> {
    let (mut index, mut offset) = (0, 0);
    let mut rest = text;
    let mut ends: Vec<usize> = Vec::new();
    for (number, matcher) in matchers.iter().enumerate() {
        let (at, found) = matcher.find(rest, search)?;
        if number == 0 {
            ends = found;
        } else {
            let delta = index as i64 - (at + offset) as i64;
            ends = ends
                .iter()
                .filter_map(|&end| usize::try_from(end as i64 + delta).ok())
                .flat_map(|end| found.iter().copied().filter(move |&other| other == end))
                .collect();
            if ends.is_empty() {
                return None;
            }
        }
        index = at + offset;
        rest = text.get(index..)?;
        offset += at;
    }
    Some((index, ends))
}

/// Whether `text` begins with what matchers of fixed length take one after the other. Each is given the bytes
/// up to the first one of its last letter.
fn begins_with(text: &[u8], matchers: &[Matcher], search: &mut Search) -> bool {
    let mut rest = text;
    matchers.iter().all(|matcher| {
        let length = matcher.length().unwrap_or(0);
        let last = match length {
            0 => letters(rest).last(),
            length => letters(rest).nth(length - 1),
        };
        let Some((at, _)) = last else { return false };
        let (own, behind) = rest.split_at(at + 1);
        rest = behind;
        matcher.is_match(own, search)
    })
}

/// The letters of a text with their places; a stray byte reads as U+FFFD.
fn letters(text: &[u8]) -> impl Iterator<Item = (usize, char)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (letter, width) = decode(&text[at..])?;
        let found = (at, letter);
        at += width;
        Some(found)
    })
}

fn decode(text: &[u8]) -> Option<(char, usize)> {
    let chunk = text[..text.len().min(4)].utf8_chunks().next()?;
    match chunk.valid().chars().next() {
        Some(letter) => Some((letter, letter.len_utf8())),
        None => Some((char::REPLACEMENT_CHARACTER, 1)),
    }
}

/// Where the letters of a text end.
fn ends_of_letters(text: &[u8], from: usize) -> impl Iterator<Item = usize> {
    letters(text).map(move |(at, letter)| from + at + letter.len_utf8())
}

/// Where the letters of a text begin, and its end.
fn starts(text: &[u8], from: usize) -> Vec<usize> {
    letters(text).map(|(at, _)| from + at).chain([from + text.len()]).collect()
}

/// Where `needle`, which is not empty, first stands.
fn position(text: &[u8], needle: &str) -> Option<usize> {
    text.windows(needle.len().max(1)).position(|window| window == needle.as_bytes())
}

fn rposition(text: &[u8], needle: &str) -> Option<usize> {
    text.windows(needle.len().max(1)).rposition(|window| window == needle.as_bytes())
}
