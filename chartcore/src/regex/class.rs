//! Sets of characters: ranges, Perl's and POSIX's names, Unicode's properties as Go knows them.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// The general categories by Go's names for them, each with the short one.
const CATEGORIES: &[(&str, &str)] = &[
    ("C", "C"),
    ("Casedletter", "LC"),
    ("Cc", "Cc"),
    ("Cf", "Cf"),
    ("Closepunctuation", "Pe"),
    ("Cn", "Cn"),
    ("Cntrl", "Cc"),
    ("Co", "Co"),
    ("Combiningmark", "M"),
    ("Connectorpunctuation", "Pc"),
    ("Control", "Cc"),
    ("Cs", "Cs"),
    ("Currencysymbol", "Sc"),
    ("Dashpunctuation", "Pd"),
    ("Decimalnumber", "Nd"),
    ("Digit", "Nd"),
    ("Enclosingmark", "Me"),
    ("Finalpunctuation", "Pf"),
    ("Format", "Cf"),
    ("Initialpunctuation", "Pi"),
    ("L", "L"),
    ("Lc", "LC"),
    ("Letter", "L"),
    ("Letternumber", "Nl"),
    ("Lineseparator", "Zl"),
    ("Ll", "Ll"),
    ("Lm", "Lm"),
    ("Lo", "Lo"),
    ("Lowercaseletter", "Ll"),
    ("Lt", "Lt"),
    ("Lu", "Lu"),
    ("M", "M"),
    ("Mark", "M"),
    ("Mathsymbol", "Sm"),
    ("Mc", "Mc"),
    ("Me", "Me"),
    ("Mn", "Mn"),
    ("Modifierletter", "Lm"),
    ("Modifiersymbol", "Sk"),
    ("N", "N"),
    ("Nd", "Nd"),
    ("Nl", "Nl"),
    ("No", "No"),
    ("Nonspacingmark", "Mn"),
    ("Number", "N"),
    ("Openpunctuation", "Ps"),
    ("Other", "C"),
    ("Otherletter", "Lo"),
    ("Othernumber", "No"),
    ("Otherpunctuation", "Po"),
    ("Othersymbol", "So"),
    ("P", "P"),
    ("Paragraphseparator", "Zp"),
    ("Pc", "Pc"),
    ("Pd", "Pd"),
    ("Pe", "Pe"),
    ("Pf", "Pf"),
    ("Pi", "Pi"),
    ("Po", "Po"),
    ("Privateuse", "Co"),
    ("Ps", "Ps"),
    ("Punct", "P"),
    ("Punctuation", "P"),
    ("S", "S"),
    ("Sc", "Sc"),
    ("Separator", "Z"),
    ("Sk", "Sk"),
    ("Sm", "Sm"),
    ("So", "So"),
    ("Spaceseparator", "Zs"),
    ("Spacingmark", "Mc"),
    ("Surrogate", "Cs"),
    ("Symbol", "S"),
    ("Titlecaseletter", "Lt"),
    ("Unassigned", "Cn"),
    ("Uppercaseletter", "Lu"),
    ("Z", "Z"),
    ("Zl", "Zl"),
    ("Zp", "Zp"),
    ("Zs", "Zs"),
];

/// The scripts Go finds. It takes the underscores out of the name it is asked for but not out of its own
/// table's, so that it finds none of the scripts of two words.
#[rustfmt::skip]
const SCRIPTS: &[&str] = &[
    "Adlam", "Ahom", "Arabic", "Armenian", "Avestan", "Balinese", "Bamum", "Batak", "Bengali", "Bhaiksuki",
    "Bopomofo", "Brahmi", "Braille", "Buginese", "Buhid", "Carian", "Chakma", "Cham", "Cherokee", "Chorasmian",
    "Common", "Coptic", "Cuneiform", "Cypriot", "Cyrillic", "Deseret", "Devanagari", "Dogra", "Duployan",
    "Elbasan", "Elymaic", "Ethiopic", "Georgian", "Glagolitic", "Gothic", "Grantha", "Greek", "Gujarati",
    "Gurmukhi", "Han", "Hangul", "Hanunoo", "Hatran", "Hebrew", "Hiragana", "Inherited", "Javanese", "Kaithi",
    "Kannada", "Katakana", "Kawi", "Kharoshthi", "Khmer", "Khojki", "Khudawadi", "Lao", "Latin", "Lepcha",
    "Limbu", "Lisu", "Lycian", "Lydian", "Mahajani", "Makasar", "Malayalam", "Mandaic", "Manichaean",
    "Marchen", "Medefaidrin", "Miao", "Modi", "Mongolian", "Mro", "Multani", "Myanmar", "Nabataean",
    "Nandinagari", "Newa", "Nko", "Nushu", "Ogham", "Oriya", "Osage", "Osmanya", "Palmyrene", "Phoenician",
    "Rejang", "Runic", "Samaritan", "Saurashtra", "Sharada", "Shavian", "Siddham", "Sinhala", "Sogdian",
    "Soyombo", "Sundanese", "Syriac", "Tagalog", "Tagbanwa", "Takri", "Tamil", "Tangsa", "Tangut", "Telugu",
    "Thaana", "Thai", "Tibetan", "Tifinagh", "Tirhuta", "Toto", "Ugaritic", "Vai", "Vithkuqi", "Wancho",
    "Yezidi", "Yi",
];

/// AHOM CONSONANT SIGN MEDIAL RA: `Mn` for Go, `Mc` since Unicode 16.
const MOVED: (char, char) = ('\u{1171e}', '\u{1171e}');

/// A set of the characters of `ranges`.
pub(super) fn of_ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|&(low, high)| ClassUnicodeRange::new(low, high)))
}

/// Adds the characters from `low` to `high`, code points of which the surrogates are none.
pub(super) fn add_range(class: &mut ClassUnicode, low: u32, high: u32) {
    let first = char::from_u32(low).unwrap_or('\u{e000}');
    let last = char::from_u32(high).unwrap_or('\u{d7ff}');
    if first <= last {
        class.push(ClassUnicodeRange::new(first, last));
    }
}

/// The set of `\d`, `\s` or `\w`, all ASCII; the negated ones are made by the caller.
pub(super) fn perl(letter: u8) -> Option<ClassUnicode> {
    Some(of_ranges(match letter {
        b'd' => &[('0', '9')],
        b's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        b'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    }))
}

/// The set of `[:name:]`.
pub(super) fn posix(name: &[u8]) -> Option<ClassUnicode> {
    Some(of_ranges(match name {
        b"alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        b"alpha" => &[('A', 'Z'), ('a', 'z')],
        b"ascii" => &[('\0', '\x7f')],
        b"blank" => &[('\t', '\t'), (' ', ' ')],
        b"cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        b"digit" => &[('0', '9')],
        b"graph" => &[('!', '~')],
        b"lower" => &[('a', 'z')],
        b"print" => &[(' ', '~')],
        b"punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        b"space" => &[('\t', '\r'), (' ', ' ')],
        b"upper" => &[('A', 'Z')],
        b"word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        b"xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    }))
}

/// The set of `\p{name}`, or that of `(?i)\p{name}`. Upper and lower case, spaces, hyphens and underscores
/// in the name make no difference.
pub(super) fn unicode(name: &str, folded: bool) -> Option<ClassUnicode> {
    let name = canonical(name);
    let mut class = unfolded(&name)?;
    // Go has no table of what the cased letters fold to; it misses U+0345.
    if folded && !matches!(name.as_str(), "Lc" | "Casedletter") {
        fold(&mut class);
    }
    Some(class)
}

fn unfolded(name: &str) -> Option<ClassUnicode> {
    match name {
        "Any" => return Some(of_ranges(&[('\0', char::MAX)])),
        "Ascii" => return Some(of_ranges(&[('\0', '\x7f')])),
        "Assigned" => return Some(assigned()),
        _ => {}
    }
    if let Ok(index) = CATEGORIES.binary_search_by(|(known, _)| (*known).cmp(name)) {
        return Some(category(CATEGORIES[index].1));
    }
    SCRIPTS.binary_search(&name).ok()?;
    Some(in_go(property(&format!("sc={name}"))))
}

/// Go's form of a property's name: one capital letter, no separators.
fn canonical(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')) {
        out.push(if out.is_empty() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() });
    }
    out
}

fn category(short: &str) -> ClassUnicode {
    let union = |names: &[&str]| {
        let mut class = ClassUnicode::empty();
        names.iter().for_each(|name| class.union(&category(name)));
        class
    };
    match short {
        "C" => union(&["Cc", "Cf", "Cn", "Co"]),
        "Cn" => {
            let mut class = assigned();
            class.negate();
            class
        }
        // Surrogates are not characters: nothing in a text can match them.
        "Cs" => ClassUnicode::empty(),
        "LC" => union(&["Ll", "Lt", "Lu"]),
        // The one letter whose category has changed since Go's version of Unicode.
        "Mc" => {
            let mut class = in_go(property("gc=Mc"));
            class.difference(&of_ranges(&[MOVED]));
            class
        }
        "Mn" => {
            let mut class = in_go(property("gc=Mn"));
            class.union(&of_ranges(&[MOVED]));
            class
        }
        short => in_go(property(&format!("gc={short}"))),
    }
}

fn assigned() -> ClassUnicode {
    let mut class = property("gc=Cn");
    class.negate();
    in_go(class)
}

/// The part of `class` that Unicode 15.0 had, which is the one Go 1.26 knows.
fn in_go(mut class: ClassUnicode) -> ClassUnicode {
    class.intersect(known_to_go());
    class
}

fn known_to_go() -> &'static ClassUnicode {
    static KNOWN: OnceLock<ClassUnicode> = OnceLock::new();
    KNOWN.get_or_init(|| property("age=15.0"))
}

/// The set `regex-syntax` has for `\p{query}`.
fn property(query: &str) -> ClassUnicode {
    let parsed = regex_syntax::parse(&format!("\\p{{{query}}}"));
    match parsed.map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => class,
        // A set of one.
        Ok(HirKind::Literal(literal)) => {
            let letters = String::from_utf8_lossy(&literal.0);
            of_ranges(&letters.chars().map(|letter| (letter, letter)).collect::<Vec<_>>())
        }
        _ => ClassUnicode::empty(),
    }
}

/// Adds what differs from the members of `class` in case only.
pub(super) fn fold(class: &mut ClassUnicode) {
    let before = class.clone();
    let is_ascii = class.is_ascii();
    if !is_ascii {
        class.intersect(known_to_go());
    }
    // What ASCII folds to is old; anything else may have got a partner after Go's version of Unicode.
    if class.try_case_fold_simple().is_ok() && !is_ascii {
        class.intersect(known_to_go());
    }
    class.union(&before);
}

/// Go's `unicode.IsLetter` or `unicode.IsDigit`.
pub(super) fn is_letter_or_digit(letter: char) -> bool {
    static SET: OnceLock<ClassUnicode> = OnceLock::new();
    let set = SET.get_or_init(|| {
        let mut set = category("L");
        set.union(&category("Nd"));
        set
    });
    set.ranges()
        .binary_search_by(|range| {
            if range.end() < letter {
                std::cmp::Ordering::Less
            } else if range.start() > letter {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fixture holds, for every name Go takes, how many characters the set has and a hash of its ranges,
    /// plain and under `(?i)`.
    #[test]
    fn sets_are_those_of_go() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/regex/classes.tsv");
        let table = std::fs::read_to_string(path).expect("the fixture");
        let mut lines = 0;
        for line in table.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            let [name, folded, size, hash] = cells[..] else { panic!("four cells: {line}") };
            let class = unicode(name, folded == "fold").unwrap_or_else(|| panic!("{name} is not known"));
            let code = |letter: char| u64::from(u32::from(letter));
            // The two ranges around the surrogates count as one, as in Go.
            let mut ranges: Vec<(u64, u64)> = Vec::new();
            for range in class.ranges() {
                match ranges.last_mut() {
                    Some(last) if last.1 == 0xd7ff && code(range.start()) == 0xe000 => {
                        last.1 = code(range.end())
                    }
                    _ => ranges.push((code(range.start()), code(range.end()))),
                }
            }
            let count: u64 = ranges.iter().map(|(low, high)| high - low + 1).sum();
            let digest = ranges.iter().fold(14_695_981_039_346_656_037_u64, |hash, &(low, high)| {
                let step = |hash: u64, value: u64| (hash ^ value).wrapping_mul(1_099_511_628_211);
                step(step(hash, low), high)
            });
            assert_eq!(
                (count.to_string().as_str(), format!("{digest:016x}").as_str()),
                (size, hash),
                "{line}"
            );
            lines += 1;
        }
        assert!(lines > 300, "{lines}");
    }

    #[test]
    fn scripts_of_two_words_are_unknown_as_in_go() {
        assert!(unicode("Old_Italic", false).is_none());
        assert!(unicode("OldItalic", false).is_none());
        assert!(unicode("greek", false).is_some());
        assert!(unicode("uppercase letter", false).is_some());
    }
}
