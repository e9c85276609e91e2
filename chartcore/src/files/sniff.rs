//! What a file that is not an archive seems to be, for the error message.

const HTML: [&[u8]; 17] = [
    b"<!DOCTYPE HTML",
    b"<HTML",
    b"<HEAD",
    b"<SCRIPT",
    b"<IFRAME",
    b"<H1",
    b"<DIV",
    b"<FONT",
    b"<TABLE",
    b"<A",
    b"<STYLE",
    b"<TITLE",
    b"<B",
    b"<BODY",
    b"<BR",
    b"<P",
    b"<!--",
];

/// Prefixes, in the order they are tried; `?` stands for any byte.
const PREFIXES: [(&[u8], &str); 24] = [
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xfe\xff??", "text/plain; charset=utf-16be"),
    (b"\xff\xfe??", "text/plain; charset=utf-16le"),
    (b"\xef\xbb\xbf?", "text/plain; charset=utf-8"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x02\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF????WEBPVP", "image/webp"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"FORM????AIFF", "audio/aiff"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\x00", "application/ogg"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"RIFF????AVI ", "video/avi"),
    (b"RIFF????WAVE", "audio/wave"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"??????????????????????????????????LP", "application/vnd.ms-fontobject"),
    (b"\x00\x01\x00\x00", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"ttcf", "font/collection"),
];

const LATE_PREFIXES: [(&[u8], &str); 7] = [
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07\x00", "application/x-rar-compressed"),
    (b"Rar!\x1a\x07\x01\x00", "application/x-rar-compressed"),
    (b"\x00asm", "application/wasm"),
];

/// The media type of the first bytes of a file. Go: `http.DetectContentType`.
pub(crate) fn content_type(head: &[u8]) -> &'static str {
    let blank = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ');
    let text = &head[head.iter().take_while(|byte| blank(byte)).count()..];
    let is_html = HTML.iter().any(|tag| {
        text.len() > tag.len()
            && text[..tag.len()].eq_ignore_ascii_case(tag)
            && matches!(text[tag.len()], b' ' | b'>')
    });
    if is_html {
        return "text/html; charset=utf-8";
    }
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    for (index, (prefix, kind)) in PREFIXES.iter().chain(&LATE_PREFIXES).enumerate() {
        // MP4 stands between the audio types and webm.
        if index == 19 && is_mp4(head) {
            return "video/mp4";
        }
        let found = head.len() >= prefix.len()
            && prefix.iter().zip(head).all(|(&wanted, &byte)| wanted == b'?' || wanted == byte);
        if found {
            return kind;
        }
    }
    let binary = |byte: &u8| matches!(byte, 0..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if text.iter().any(binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}

fn is_mp4(head: &[u8]) -> bool {
    let Some((size, rest)) = head.split_first_chunk::<4>() else { return false };
    let size = u32::from_be_bytes(*size) as usize;
    if head.len() < 12 || head.len() < size || !size.is_multiple_of(4) || !rest.starts_with(b"ftyp") {
        return false;
    }
    (8..size).step_by(4).filter(|&at| at != 12).any(|at| head.get(at..at + 3) == Some(b"mp4"))
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn types_are_gos() {
        let mut padded = [0; 512];
        padded[..4].copy_from_slice(b"a: 1");
        for (head, kind) in [
            (&b"a: 1\n"[..], "text/plain; charset=utf-8"),
            (&padded, "application/octet-stream"),
            (b"  <html>", "text/html; charset=utf-8"),
            (b"<?xml version", "text/xml; charset=utf-8"),
            (b"PK\x03\x04rest", "application/zip"),
            (b"%PDF-1.4", "application/pdf"),
            (b"\x00\x00\x00\x14ftypmp42\x00\x00\x00\x00mp42", "video/mp4"),
            (b"RIFF1234WAVE", "audio/wave"),
            (b"", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(content_type(head), kind, "{head:?}");
        }
    }
}
