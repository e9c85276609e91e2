//! Paths into values: `image.tag`, `hosts[0].name`, `labels.app\.kubernetes\.io/name`.

use std::fmt;
use std::str::FromStr;

use crate::data::Value;
use crate::error::{Error, ErrorKind};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    /// Under a key of a map.
    Key(String),
    /// An item of a list, counted from zero.
    Index(usize),
}

/// A path into values, in the spelling of `--set`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(Vec<PathStep>);

impl Path {
    /// The path of some keys.
    pub fn of_keys<K: Into<String>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self(keys.into_iter().map(|key| PathStep::Key(key.into())).collect())
    }

    /// The steps.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }

    /// The path with one more step.
    #[must_use]
    pub fn then(&self, step: PathStep) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The value at the path.
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        find(value, &self.0)
    }
}

/// The value at the end of some steps.
pub(super) fn find<'v>(value: &'v Value, steps: &[PathStep]) -> Option<&'v Value> {
    steps.iter().try_fold(value, |value, step| match step {
        PathStep::Key(key) => value.get(key),
        PathStep::Index(index) => value.as_list()?.get(*index),
    })
}

impl From<Vec<PathStep>> for Path {
    fn from(steps: Vec<PathStep>) -> Self {
        Self(steps)
    }
}

impl From<&Path> for Path {
    fn from(path: &Path) -> Self {
        path.clone()
    }
}

impl From<&[&str]> for Path {
    fn from(keys: &[&str]) -> Self {
        Self::of_keys(keys.iter().copied())
    }
}

impl<const N: usize> From<&[&str; N]> for Path {
    fn from(keys: &[&str; N]) -> Self {
        Self::of_keys(keys.iter().copied())
    }
}

impl From<&Vec<&str>> for Path {
    fn from(keys: &Vec<&str>) -> Self {
        Self::of_keys(keys.iter().copied())
    }
}

impl FromStr for Path {
    type Err = Error;

    /// Reads `a.b[0].c`; a backslash takes the meaning from what follows.
    fn from_str(text: &str) -> Result<Self, Error> {
        let problem = |what: &str| Error::new(ErrorKind::Usage, format!("{what} in path `{text}`"));
        let mut steps = Vec::new();
        let mut key = String::new();
        let mut has_key = false;
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => {
                    key.push(letters.next().ok_or_else(|| problem("nothing after the backslash"))?);
                    has_key = true;
                }
                '.' => {
                    if has_key {
                        steps.push(PathStep::Key(std::mem::take(&mut key)));
                    } else if !matches!(steps.last(), Some(PathStep::Index(_))) {
                        return Err(problem("an empty key"));
                    }
                    has_key = false;
                }
                '[' => {
                    if has_key {
                        steps.push(PathStep::Key(std::mem::take(&mut key)));
                        has_key = false;
                    }
                    let (digits, rest) = letters
                        .as_str()
                        .split_once(']')
                        .ok_or_else(|| problem("a bracket without its end"))?;
                    letters = rest.chars();
                    let index = digits.parse().map_err(|_| problem("an index that is no number"))?;
                    steps.push(PathStep::Index(index));
                }
                letter => {
                    key.push(letter);
                    has_key = true;
                }
            }
        }
        if has_key {
            steps.push(PathStep::Key(key));
        }
        Ok(Self(steps))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Key(key) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    for letter in key.chars() {
                        if matches!(letter, '.' | '[' | ',' | '=' | '\\') {
                            f.write_str("\\")?;
                        }
                        write!(f, "{letter}")?;
                    }
                }
                PathStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_back_as_they_are_written() {
        for text in ["a", "a.b", "a[0].b[12]", "a.app\\.kubernetes\\.io/name", "[0][1]", "a\\\\b", ""] {
            assert_eq!(text.parse::<Path>().unwrap().to_string(), text);
        }
        for text in ["a..b", ".a", "a[x]", "a\\", "a[0"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}
