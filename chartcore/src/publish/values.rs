//! A value of values.yaml changed in the text, so that comments and layout stay.

use crate::data::yaml::{self, Place, Step};
use crate::data::{Map, Str, Value};
use crate::error::{Error, ErrorKind, Result};

/// A values.yaml with other images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edited {
    pub(super) text: Vec<u8>,
    /// Whether comments and layout are as they were.
    pub(super) comments_kept: bool,
}

/// Sets the image at `path` (`image`, `global.image`): a text becomes the whole reference; a map with `repository` or
/// `tag` gets its parts.
///
/// # Errors
/// Nothing stands at the path, or what stands there is no image.
pub(super) fn set_image(text: &[u8], path: &str, image: &str) -> Result<Edited> {
    let wrong =
        |reason: String| Error::new(ErrorKind::Usage, format!("--set-image {path}={image}: {reason}"));
    let values = yaml::parse(text).map_err(|error| wrong(error.to_string()))?;
    let keys: Vec<&str> = path.split('.').collect();
    if keys.iter().any(|key| key.is_empty()) {
        return Err(wrong("the path has an empty part".to_owned()));
    }
    let found = keys.iter().try_fold(&values, |value, key| value.get(key));
    let mut changes: Vec<(Vec<&str>, String)> = Vec::new();
    match found {
        None => return Err(wrong(format!("values.yaml has no {path}, so nothing would read it"))),
        Some(Value::Map(map)) => {
            let (repository, tag, digest) = split(image);
            let has = |key: &str| map.get(key).is_some();
            if !has("repository") && !has("tag") {
                return Err(wrong(format!("{path} is a map with neither repository nor tag")));
            }
            let at = |key: &'static str| keys.iter().copied().chain([key]).collect::<Vec<_>>();
            let registry = repository.split_once('/').filter(|_| has("registry"));
            match registry {
                Some((registry, rest)) if has("repository") => {
                    changes.push((at("registry"), registry.to_owned()));
                    changes.push((at("repository"), rest.to_owned()));
                }
                _ if has("repository") => changes.push((at("repository"), repository.to_owned())),
                _ => {}
            }
            match (tag, digest) {
                (_, Some(digest)) if has("digest") => changes.push((at("digest"), digest.to_owned())),
                (Some(tag), None) if has("tag") => changes.push((at("tag"), tag.to_owned())),
                _ => return Err(wrong(format!("{path} has no place for what follows {repository}"))),
            }
        }
        Some(Value::List(_)) => return Err(wrong(format!("{path} is a list"))),
        Some(_) => changes.push((keys.clone(), image.to_owned())),
    }
    let mut edited = Edited { text: text.to_vec(), comments_kept: true };
    for (keys, new) in changes {
        edited = set_text(edited, &keys, &new).map_err(wrong)?;
    }
    Ok(edited)
}

/// Repository, tag and digest of an image's name.
fn split(image: &str) -> (&str, Option<&str>, Option<&str>) {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let slash = name.rfind('/').map_or(0, |slash| slash + 1);
    match name.get(slash..).and_then(|last| last.find(':')) {
        Some(colon) => (&name[..slash + colon], Some(&name[slash + colon + 1..]), digest),
        None => (name, None, digest),
    }
}

fn set_text(edited: Edited, keys: &[&str], new: &str) -> std::result::Result<Edited, String> {
    let (values, lines) = yaml::parse_with_lines(&edited.text).map_err(|error| error.to_string())?;
    let mut wanted = values.clone();
    put(&mut wanted, keys, new).ok_or("the path cannot be set")?;
    let steps: Vec<Step<'_>> = keys.iter().map(|key| Step::from(*key)).collect();
    let replaced = lines.find(&steps).and_then(|place| replaced(&edited.text, place, new));
    // The proof: the text says what it said before, and the new value.
    if let Some(text) = replaced.filter(|text| yaml::parse(text).is_ok_and(|values| values == wanted)) {
        return Ok(Edited { text, ..edited });
    }
    let text = yaml::write(&wanted).map_err(|error| error.to_string())?;
    Ok(Edited { text, comments_kept: false })
}

fn put(value: &mut Value, keys: &[&str], new: &str) -> Option<()> {
    let (first, rest) = keys.split_first()?;
    let map: &mut Map = value.as_map_mut()?;
    if rest.is_empty() {
        map.insert(Str::from(*first), Value::from(new));
        return Some(());
    }
    put(map.get_mut(first)?, rest, new)
}

/// The text with the scalar behind the key at `place` replaced, if it stands on the key's line alone.
fn replaced(text: &[u8], place: Place, new: &str) -> Option<Vec<u8>> {
    let start =
        text.split_inclusive(|byte| *byte == b'\n').take(place.line - 1).map(<[u8]>::len).sum::<usize>();
    let line = text.get(start..)?.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let key_at = line.char_indices().nth(place.column - 1)?.0;
    let colon = key_at + line.get(key_at..)?.find(": ").or_else(|| line.get(key_at..)?.find(":"))?;
    let after = line.get(colon + 1..)?;
    let begin = colon + 1 + (after.len() - after.trim_start().len());
    let value = line.get(begin..)?;
    let length = match value.chars().next() {
        Some('"') => 2 + value.get(1..)?.find('"')?,
        Some('\'') => 2 + value.get(1..)?.find('\'')?,
        Some('#') | None => 0,
        Some(_) => value.find(" #").map_or(value, |hash| &value[..hash]).trim_end().len(),
    };
    let mut out = Vec::with_capacity(text.len() + new.len());
    out.extend_from_slice(text.get(..start + begin)?);
    let needs_space = line.get(..begin)?.ends_with(':');
    out.extend_from_slice(if needs_space { b" " } else { b"" });
    out.push(b'"');
    out.extend_from_slice(new.as_bytes());
    out.push(b'"');
    let rest = text.get(start + begin + length..)?;
    if rest.first() == Some(&b'#') {
        out.push(b' ');
    }
    out.extend_from_slice(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_set_and_comments_stay() {
        for (text, path, image, expected) in [
            (
                "# top\nImage: old:1 # why\nb: 1\n",
                "Image",
                "r/a:v1",
                "# top\nImage: \"r/a:v1\" # why\nb: 1\n",
            ),
            ("Image: \"old\"\n", "Image", "r/a:v1", "Image: \"r/a:v1\"\n"),
            ("Image: ''", "Image", "r/a:v1", "Image: \"r/a:v1\""),
            ("Image:\nb: 1\n", "Image", "a:1", "Image: \"a:1\"\nb: 1\n"),
            (
                "a:\n  b:\n    image: x  # c\n",
                "a.b.image",
                "h:5000/a:1",
                "a:\n  b:\n    image: \"h:5000/a:1\"  # c\n",
            ),
            (
                "image:\n  repository: nginx # r\n  pullPolicy: Always\n  tag: \"\"\n",
                "image",
                "h:5000/x/web:2",
                "image:\n  repository: \"h:5000/x/web\" # r\n  pullPolicy: Always\n  tag: \"2\"\n",
            ),
            (
                "image:\n  registry: docker.io\n  repository: a/b\n  tag: 1\n",
                "image",
                "ghcr.io/x/web:2",
                "image:\n  registry: \"ghcr.io\"\n  repository: \"x/web\"\n  tag: \"2\"\n",
            ),
        ] {
            let edited = set_image(text.as_bytes(), path, image).unwrap();
            assert_eq!(String::from_utf8_lossy(&edited.text), expected);
            assert!(edited.comments_kept);
        }
    }

    #[test]
    fn what_cannot_be_edited_is_written_anew() {
        for (text, path) in [("{a: {image: x}, b: 1}\n", "a.image"), ("image: |\n  x\nb: 1\n", "image")] {
            let edited = set_image(text.as_bytes(), path, "r/a:v1").unwrap();
            let values = yaml::parse(&edited.text).unwrap();
            let found = path.split('.').try_fold(&values, |value, key| value.get(key)).unwrap();
            assert_eq!(found.as_str(), Some("r/a:v1"), "{text}");
        }
    }

    #[test]
    fn what_is_no_image_is_refused() {
        for (text, path) in [
            ("a: 1\n", "b"),
            ("a: []\n", "a"),
            ("a: {x: 1}\n", "a"),
            ("a: {repository: x}\n", "a"),
            ("a: 1\n", ""),
            ("a: [\n", "a"),
        ] {
            let error = set_image(text.as_bytes(), path, "r/a:v1").unwrap_err().to_string();
            assert!(error.starts_with(&format!("--set-image {path}=r/a:v1: ")), "{error}");
        }
    }
}
