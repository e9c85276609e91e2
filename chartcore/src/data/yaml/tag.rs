//! The rare tokens: `%YAML`, `%TAG` and tags.

use super::Error;
use super::scan::{Kind, Scanner, blank_or_end, break_at, is_blank, is_uri};

impl Scanner<'_> {
    pub(super) fn fetch_directive(&mut self) -> Result<(), Error> {
        self.close_blocks(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let mark = self.mark();
        self.at += 1;
        let from = self.at;
        self.skip_word();
        let name = &self.text[from..self.at];
        if name.is_empty() {
            return Err(self.error("could not find expected directive name"));
        }
        if !blank_or_end(self.text, self.at) {
            return Err(self.error("found unexpected non-alphabetical character"));
        }
        match name {
            b"YAML" => {
                self.skip_blanks();
                let major = self.scan_version_number()?;
                if self.byte(0) != b'.' {
                    return Err(self.error("did not find expected digit or '.' character"));
                }
                self.at += 1;
                let minor = self.scan_version_number()?;
                self.push_detail(Kind::VersionDirective, mark, vec![major], vec![minor]);
            }
            b"TAG" => {
                self.skip_blanks();
                let handle = self.scan_tag_handle(true)?;
                if !is_blank(self.byte(0)) {
                    return Err(self.error("did not find expected whitespace"));
                }
                self.skip_blanks();
                let prefix = self.scan_tag_uri(b"")?;
                if !blank_or_end(self.text, self.at) {
                    return Err(self.error("did not find expected whitespace or line break"));
                }
                self.push_detail(Kind::TagDirective, mark, handle, prefix);
            }
            _ => return Err(self.error("found unknown directive name")),
        }
        self.finish_line("did not find expected comment or line break")
    }

    /// Eats blanks, a comment and the line break; anything else is the error `problem`.
    pub(super) fn finish_line(&mut self, problem: &'static str) -> Result<(), Error> {
        self.skip_blanks();
        if self.byte(0) == b'#' {
            self.skip_comment();
        }
        match break_at(self.text, self.at) {
            0 if self.at < self.text.len() => Err(self.error(problem)),
            0 => Ok(()),
            length => {
                self.next_line(length);
                Ok(())
            }
        }
    }

    fn skip_blanks(&mut self) {
        while is_blank(self.byte(0)) {
            self.at += 1;
        }
    }

    fn scan_version_number(&mut self) -> Result<u8, Error> {
        let from = self.at;
        let mut number = 0;
        while self.byte(0).is_ascii_digit() {
            if self.at - from == 2 {
                return Err(self.error("found extremely long version number"));
            }
            number = number * 10 + (self.byte(0) - b'0');
            self.at += 1;
        }
        if self.at == from {
            return Err(self.error("did not find expected version number"));
        }
        Ok(number)
    }

    pub(super) fn fetch_tag(&mut self) -> Result<(), Error> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.mark();
        let (handle, suffix) = if self.byte(1) == b'<' {
            self.at += 2;
            let suffix = self.scan_tag_uri(b"")?;
            if self.byte(0) != b'>' {
                return Err(self.error("did not find the expected '>'"));
            }
            self.at += 1;
            (Vec::new(), suffix)
        } else {
            let handle = self.scan_tag_handle(false)?;
            if handle.len() > 1 && handle.ends_with(b"!") {
                let suffix = self.scan_tag_uri(b"")?;
                (handle, suffix)
            } else {
                let suffix = self.scan_tag_uri(&handle)?;
                // `!` alone has no handle.
                if suffix.is_empty() { (suffix, b"!".to_vec()) } else { (b"!".to_vec(), suffix) }
            }
        };
        if !blank_or_end(self.text, self.at) {
            return Err(self.error("did not find expected whitespace or line break"));
        }
        self.push_detail(Kind::Tag, mark, handle, suffix);
        Ok(())
    }

    fn scan_tag_handle(&mut self, directive: bool) -> Result<Vec<u8>, Error> {
        if self.byte(0) != b'!' {
            return Err(self.error("did not find expected '!'"));
        }
        let from = self.at;
        self.at += 1;
        self.skip_word();
        if self.byte(0) == b'!' {
            self.at += 1;
        } else if directive && self.at - from != 1 {
            return Err(self.error("did not find expected '!'"));
        }
        Ok(self.text[from..self.at].to_vec())
    }

    /// Scans the rest of a tag after `head`, whose leading `!` is left out.
    fn scan_tag_uri(&mut self, head: &[u8]) -> Result<Vec<u8>, Error> {
        let mut uri = head.get(1..).unwrap_or_default().to_vec();
        let from = self.at;
        while is_uri(self.byte(0)) {
            if self.byte(0) == b'%' {
                self.scan_uri_escapes(&mut uri)?;
            } else {
                uri.push(self.byte(0));
                self.at += 1;
            }
        }
        if head.is_empty() && self.at == from {
            return Err(self.error("did not find expected tag URI"));
        }
        Ok(uri)
    }

    /// Decodes the `%xx` of one UTF-8 character.
    fn scan_uri_escapes(&mut self, uri: &mut Vec<u8>) -> Result<(), Error> {
        let mut left = 0;
        loop {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let (Some(high), Some(low)) = (digit(self.byte(1)), digit(self.byte(2))) else {
                return Err(self.error("did not find URI escaped octet"));
            };
            if self.byte(0) != b'%' {
                return Err(self.error("did not find URI escaped octet"));
            }
            let octet = (high * 16 + low) as u8;
            if left == 0 {
                left = match octet {
                    0..=0x7f => 1,
                    0xc0..=0xdf => 2,
                    0xe0..=0xef => 3,
                    0xf0..=0xf7 => 4,
                    _ => return Err(self.error("found an incorrect leading UTF-8 octet")),
                };
            } else if octet & 0xc0 != 0x80 {
                return Err(self.error("found an incorrect trailing UTF-8 octet"));
            }
            uri.push(octet);
            self.at += 3;
            left -= 1;
            if left == 0 {
                return Ok(());
            }
        }
    }
}
