//! Patterns of `.Files.Glob`, with all the quirks of gobwas/glob 0.2.3.
//!
//! Charts in the wild rely on which files a pattern finds, not on what it should find, so the matchers
//! are built and walked the way that library does it: `[!ab][!ab]` refuses only the text `ab`, `a{}b` matches
//! nothing, letters beyond ASCII are cut in fixed-length rows. The oracle is the measure.

mod compile;
mod matcher;
mod pattern;

use self::matcher::{Matcher, Search};
use crate::error::{Error, ErrorKind, Result};

/// A compiled pattern over names with `/` between their parts.
///
/// | written | matches |
/// |---|---|
/// | `*` | any text without `/` |
/// | `**` | any text |
/// | `?` | one letter that is not `/` |
/// | `[abc]` `[!abc]` `[a-z]` `[!a-z]` | one letter of the set, or none of it |
/// | `{one,two}` | one of the patterns |
/// | `\` and a letter | that letter |
///
/// ```
/// use chartcore::files::Glob;
///
/// let glob = Glob::new("config/*.{yaml,yml}")?;
/// assert!(glob.is_match("config/a.yaml"));
/// assert!(!glob.is_match("config/more/a.yaml"));
/// # Ok::<(), chartcore::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Glob {
    matcher: Matcher,
}

impl Glob {
    /// Compiles `pattern`. Helm takes a pattern with an error for `**`.
    ///
    /// # Errors
    /// A bracket that does not close or holds nothing, a range that runs backwards, U+FFFD; and more than 250
    /// braces in braces or 500 elements, which gobwas would take.
    pub fn new(pattern: &str) -> Result<Self> {
        let tree = pattern::parse(pattern).map_err(|problem| Error::new(ErrorKind::Usage, problem))?;
        Ok(Self { matcher: compile::compile(&tree) })
    }

    /// Whether the whole of `name` matches. A search that takes more than 20,000 steps, which takes a pattern
    /// made for it, counts as no match.
    pub fn is_match(&self, name: &str) -> bool {
        self.matcher.is_match(name.as_bytes(), &mut Search::new())
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    /// What gobwas says of a pattern and some names.
    #[derive(serde::Deserialize)]
    struct Row {
        pat: String,
        names: Vec<String>,
        err: bool,
        hits: Vec<String>,
    }

    #[test]
    fn names_are_found_as_gobwas_finds_them() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/globs/gobwas.jsonl");
        let table = std::fs::read_to_string(path).expect("the fixture");
        for line in table.lines() {
            let row: Row = serde_json::from_str(line).expect("a row of the table");
            let glob = Glob::new(&row.pat);
            assert_eq!(glob.is_err(), row.err, "{line}");
            let Ok(glob) = glob else { continue };
            let hits: Vec<String> = row.names.into_iter().filter(|name| glob.is_match(name)).collect();
            assert_eq!(hits, row.hits, "{line}");
        }
        assert_eq!(table.lines().count(), 900);
    }

    #[test]
    fn what_gobwas_panics_over_does_not_match() {
        assert!(!Glob::new("a{}").expect("a pattern").is_match("a"));
    }

    #[test]
    fn hostile_patterns_are_bounded() {
        // A thread of its own, so that the stack has the size that is promised to be enough.
        let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
            let name = "a".repeat(2_000);
            for pattern in
                ["*a".repeat(200) + "b", "*?".repeat(245), "{a,b*}".repeat(60), "[ab]*".repeat(200)]
            {
                let glob = Glob::new(&pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
                glob.is_match(&name);
            }
            let nested = |depth: usize| "{a*,".repeat(depth) + &"}b".repeat(depth);
            Glob::new(&nested(60)).expect("a pattern").is_match("ab");
            let error = |pattern: &str| Glob::new(pattern).expect_err("too much").to_string();
            assert_eq!(error(&"{".repeat(10_000)), "pattern nests too deeply");
            assert_eq!(error(&"*".repeat(10_000)), "pattern has too many elements");
        });
        worker.expect("a thread").join().expect("no panic");
    }
}
