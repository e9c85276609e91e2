//! The tar format, read and written as Go's archive/tar does.

use std::fmt;
use std::io::Read;

use super::gzip::{GzipReader, StreamError};

const BLOCK: usize = 512;
const NAME_SIZE: usize = 100;
const PREFIX_SIZE: usize = 155;

/// The longest extended header or long name. Go: `maxSpecialFileSize`.
const SPECIAL_LIMIT: u64 = 1024 * 1024;

/// The first second that a header's twelve octal digits cannot hold.
pub(crate) const MTIME_LIMIT: u64 = 1 << 33;

/// Why an archive cannot be read on; prints as Go's error does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TarError {
    /// The stream below failed.
    Stream(StreamError),
    /// A header is not one.
    Header,
    /// An extended header is too long.
    FieldTooLong,
    /// A file with holes, which no chart needs.
    Sparse,
    /// More headers than the limit.
    TooManyEntries(usize),
    /// More bytes than the limit, headers included.
    TooLarge(u64),
}

impl fmt::Display for TarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => error.fmt(f),
            Self::Header => f.write_str("archive/tar: invalid tar header"),
            Self::FieldTooLong => f.write_str("archive/tar: header field too long"),
            Self::Sparse => f.write_str("archive holds a sparse file, which is not supported"),
            Self::TooLarge(limit) => write!(f, "archive unpacks to more than {limit} bytes"),
            Self::TooManyEntries(limit) => write!(f, "archive has more than {limit} entries"),
        }
    }
}

impl From<StreamError> for TarError {
    fn from(error: StreamError) -> Self {
        Self::Stream(error)
    }
}

type Result<T> = std::result::Result<T, TarError>;

/// One entry's header.
#[derive(Debug, Clone, Default)]
pub(crate) struct TarHeader {
    pub(crate) name: Vec<u8>,
    /// What the header says; links and devices have no bytes all the same.
    pub(crate) size: u64,
    pub(crate) kind: u8,
    mode: i64,
}

impl TarHeader {
    /// Whether it is a folder, by its type or its mode. Go: `Header.FileInfo().IsDir()`.
    pub(crate) fn is_folder(&self) -> bool {
        self.kind == b'5' || (self.mode as u32) & !0o7777 == 0o40000
    }

    /// Whether it is an extended header for all following entries.
    pub(crate) fn is_global(&self) -> bool {
        matches!(self.kind, b'g' | b'x')
    }

    /// Whether it is a link, device or pipe.
    pub(crate) fn is_special(&self) -> bool {
        matches!(self.kind, b'1'..=b'4' | b'6')
    }
}

/// Reads the entries of a compressed archive in order. Go: archive/tar/reader.go.
pub(crate) struct TarReader<R> {
    input: GzipReader<R>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Bytes of the current entry not read yet, and the padding after them.
    remaining: u64,
    padding: u64,
    headers: usize,
    header_limit: usize,
    /// Bytes unpacked so far, headers and skipped parts included.
    unpacked: u64,
    unpacked_limit: u64,
}

impl<R: Read> TarReader<R> {
    /// Wraps a stream of at most so many headers and bytes.
    pub(crate) fn new(input: GzipReader<R>, header_limit: usize, unpacked_limit: u64) -> Self {
        Self {
            input,
            buffer: vec![0; 128 * 1024].into_boxed_slice(),
            start: 0,
            end: 0,
            remaining: 0,
            padding: 0,
            headers: 0,
            header_limit,
            unpacked: 0,
            unpacked_limit,
        }
    }

    /// The next entry; nothing at the end.
    pub(crate) fn next_entry(&mut self) -> Result<Option<TarHeader>> {
        let mut records = Vec::new();
        let mut long_name = Vec::new();
        loop {
            let remaining = std::mem::take(&mut self.remaining);
            if self.skip(remaining)? < remaining {
                return Err(StreamError::Truncated.into());
            }
            let padding = std::mem::take(&mut self.padding);
            self.skip(padding)?;
            let Some((mut header, raw)) = self.read_header()? else { return Ok(None) };
            self.headers += 1;
            if self.headers > self.header_limit {
                return Err(TarError::TooManyEntries(self.header_limit));
            }
            self.begin_contents(&header);
            match header.kind {
                b'x' | b'g' => {
                    let parsed = parse_records(&self.read_special()?).ok_or(TarError::Header)?;
                    if header.kind == b'g' {
                        return Ok(Some(header));
                    }
                    records = parsed;
                }
                b'L' => {
                    let name = self.read_special()?;
                    long_name = until_nul(&name).to_vec();
                }
                b'K' => {
                    self.read_special()?;
                }
                _ => {
                    apply_records(&mut header, &records)?;
                    if !long_name.is_empty() {
                        header.name = long_name;
                    }
                    if header.kind == 0 {
                        header.kind = if header.name.ends_with(b"/") { b'5' } else { b'0' };
                    }
                    self.begin_contents(&header);
                    let sparse_records = records
                        .iter()
                        .any(|(key, value)| key.starts_with(b"GNU.sparse.") && !value.is_empty());
                    if header.kind == b'S' && magic(&raw) != Magic::Gnu {
                        return Err(TarError::Header);
                    }
                    if header.kind == b'S' || sparse_records {
                        return Err(TarError::Sparse);
                    }
                    return Ok(Some(header));
                }
            }
        }
    }

    /// Appends the current entry's bytes to `out`.
    pub(crate) fn read_contents(&mut self, out: &mut Vec<u8>) -> Result<()> {
        while self.remaining > 0 {
            if self.start == self.end && !self.fill()? {
                return Err(StreamError::Truncated.into());
            }
            let count = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(self.end - self.start);
            out.extend_from_slice(&self.buffer[self.start..self.start + count]);
            self.start += count;
            self.remaining -= count as u64;
        }
        Ok(())
    }

    fn begin_contents(&mut self, header: &TarHeader) {
        let size = if header.is_special() || header.kind == b'5' { 0 } else { header.size };
        self.remaining = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    fn read_special(&mut self) -> Result<Vec<u8>> {
        if self.remaining > SPECIAL_LIMIT {
            return Err(TarError::FieldTooLong);
        }
        let mut bytes = Vec::new();
        self.read_contents(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self) -> Result<bool> {
        self.start = 0;
        self.end = 0;
        self.end = self.input.read(&mut self.buffer)?;
        self.unpacked += self.end as u64;
        if self.unpacked > self.unpacked_limit {
            return Err(TarError::TooLarge(self.unpacked_limit));
        }
        Ok(self.end > 0)
    }

    /// Skips up to `count` bytes; returns how many there were.
    fn skip(&mut self, count: u64) -> Result<u64> {
        let mut left = count;
        while left > 0 && (self.start < self.end || self.fill()?) {
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(self.end - self.start);
            self.start += step;
            left -= step as u64;
        }
        Ok(count - left)
    }

    fn read_block(&mut self, block: &mut [u8; BLOCK]) -> Result<bool> {
        let mut filled = 0;
        while filled < BLOCK {
            if self.start == self.end && !self.fill()? {
                return if filled == 0 { Ok(false) } else { Err(StreamError::Truncated.into()) };
            }
            let step = (BLOCK - filled).min(self.end - self.start);
            block[filled..filled + step].copy_from_slice(&self.buffer[self.start..self.start + step]);
            self.start += step;
            filled += step;
        }
        Ok(true)
    }

    fn read_header(&mut self) -> Result<Option<(TarHeader, [u8; BLOCK])>> {
        let mut block = [0; BLOCK];
        if !self.read_block(&mut block)? {
            return Ok(None);
        }
        if block == [0; BLOCK] {
            if !self.read_block(&mut block)? || block == [0; BLOCK] {
                return Ok(None);
            }
            return Err(TarError::Header);
        }
        let header = parse_header(&block).ok_or(TarError::Header)?;
        Ok(Some((header, block)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Magic {
    V7,
    Ustar,
    Star,
    Gnu,
}

fn magic(block: &[u8; BLOCK]) -> Magic {
    match &block[257..265] {
        [b'u', b's', b't', b'a', b'r', 0, ..] if &block[508..] == b"tar\0" => Magic::Star,
        [b'u', b's', b't', b'a', b'r', 0, ..] => Magic::Ustar,
        b"ustar  \0" => Magic::Gnu,
        _ => Magic::V7,
    }
}

fn parse_header(block: &[u8; BLOCK]) -> Option<TarHeader> {
    let wanted = octal(&block[148..156])?;
    let (mut unsigned, mut signed) = (0_i64, 0_i64);
    for (index, &byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&index) { b' ' } else { byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte as i8);
    }
    if wanted != unsigned && wanted != signed {
        return None;
    }
    let mut header = TarHeader {
        name: until_nul(&block[..NAME_SIZE]).to_vec(),
        size: u64::try_from(numeric(&block[124..136])?).ok()?,
        kind: block[156],
        mode: numeric(&block[100..108])?,
    };
    // Not needed, but a header in which these are malformed is refused.
    for field in [&block[108..116], &block[116..124], &block[136..148]] {
        numeric(field)?;
    }
    let magic = magic(block);
    if magic == Magic::V7 {
        return Some(header);
    }
    for field in [&block[329..337], &block[337..345]] {
        numeric(field)?;
    }
    let prefix = match magic {
        Magic::Ustar => until_nul(&block[345..500]),
        Magic::Star => {
            numeric(&block[476..488])?;
            numeric(&block[488..500])?;
            until_nul(&block[345..476])
        }
        Magic::Gnu => {
            // Old Go wrote a prefix where GNU keeps two times.
            let good = |field: &[u8]| field[0] == 0 || numeric(field).is_some();
            let prefix = until_nul(&block[345..500]);
            if good(&block[345..357]) && good(&block[357..369]) || !prefix.is_ascii() { b"" } else { prefix }
        }
        Magic::V7 => b"",
    };
    if !prefix.is_empty() {
        header.name = [prefix, b"/", &header.name].concat();
    }
    Some(header)
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// A number in octal digits or, with the first bit set, in binary.
fn numeric(field: &[u8]) -> Option<i64> {
    let Some(&first) = field.first() else { return Some(0) };
    if first & 0x80 == 0 {
        return octal(field);
    }
    let inverted = if first & 0x40 != 0 { 0xff } else { 0 };
    let mut number = 0_u64;
    for (index, &byte) in field.iter().enumerate() {
        let mut byte = byte ^ inverted;
        if index == 0 {
            byte &= 0x7f;
        }
        if number >> 56 > 0 {
            return None;
        }
        number = number << 8 | u64::from(byte);
    }
    let number = i64::try_from(number).ok()?;
    Some(if inverted == 0 { number } else { !number })
}

fn octal(field: &[u8]) -> Option<i64> {
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !blank(byte));
    let Some(start) = start else { return Some(0) };
    let end = field.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    let digits = until_nul(&field[start..end]);
    if digits.is_empty() {
        return None;
    }
    let mut number = 0_u64;
    for &digit in digits {
        if !(b'0'..=b'7').contains(&digit) || number >> 61 > 0 {
            return None;
        }
        number = number << 3 | u64::from(digit - b'0');
    }
    Some(number as i64)
}

type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads the records of an extended header: `LENGTH KEY=VALUE\n`.
fn parse_records(mut bytes: &[u8]) -> Option<Records> {
    let mut records = Records::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|&byte| byte == b' ')?;
        let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
        if length < 5 || length > bytes.len() || length <= space + 1 {
            return None;
        }
        let (record, rest) = bytes.split_at(length);
        let record = record[space + 1..].strip_suffix(b"\n")?;
        let equals = record.iter().position(|&byte| byte == b'=')?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        let has_nul = match key {
            b"path" | b"linkpath" | b"uname" | b"gname" => value.contains(&0),
            _ => key.contains(&0),
        };
        if key.is_empty() || has_nul {
            return None;
        }
        records.push((key.to_vec(), value.to_vec()));
        bytes = rest;
    }
    Some(records)
}

fn apply_records(header: &mut TarHeader, records: &Records) -> Result<()> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    for (key, value) in records {
        if value.is_empty() {
            continue;
        }
        match key.as_slice() {
            b"path" => header.name = value.clone(),
            b"uid" | b"gid" => {
                text(value).parse::<i64>().map_err(|_| TarError::Header)?;
            }
            b"size" => header.size = text(value).parse::<u64>().map_err(|_| TarError::Header)?,
            b"atime" | b"mtime" | b"ctime" => {
                let value = text(value);
                let (seconds, fraction) = value.split_once('.').unwrap_or((&value, ""));
                if seconds.parse::<i64>().is_err() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
                    return Err(TarError::Header);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes a regular file of mode 0644 as Go's writer does: USTAR when the name fits, else PAX.
///
/// `mtime` is below [`MTIME_LIMIT`]. Go: archive/tar/writer.go.
pub(crate) fn write_file(out: &mut Vec<u8>, name: &str, data: &[u8], mtime: u64) {
    let is_plain = name.is_ascii() && !name.contains('\0');
    let (prefix, short) = match split_name(name) {
        Some((prefix, short)) if is_plain => (prefix, short.to_string()),
        _ if is_plain && name.len() <= NAME_SIZE => ("", name.to_string()),
        _ => {
            write_extended(out, name);
            ("", name.chars().filter(|letter| letter.is_ascii() && *letter != '\0').collect())
        }
    };
    let mut block = block_for(&short, 0o644, data.len(), mtime, b'0');
    write_octal(&mut block[329..337], 0);
    write_octal(&mut block[337..345], 0);
    block[345..345 + prefix.len()].copy_from_slice(prefix.as_bytes());
    seal(&mut block);
    push_padded(out, &block, data);
}

/// Ends an archive.
pub(crate) fn finish(out: &mut Vec<u8>) {
    out.resize(out.len() + 2 * BLOCK, 0);
}

fn write_extended(out: &mut Vec<u8>, name: &str) {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let label = super::clean(&format!("{folder}/PaxHeaders.0/{file}"));
    let label =
        if folder.is_empty() && !name.starts_with('/') { label.trim_start_matches('/') } else { &label };
    let mut label: String = label.chars().filter(char::is_ascii).collect();
    label.truncate(NAME_SIZE);
    let record = pax_record("path", name);
    let mut block = block_for(label.trim_end_matches('/'), 0, record.len(), 0, b'x');
    seal(&mut block);
    push_padded(out, &block, record.as_bytes());
}

fn pax_record(key: &str, value: &str) -> String {
    let bare = key.len() + value.len() + 3;
    let guess = bare + bare.to_string().len();
    let size = bare + guess.to_string().len();
    format!("{size} {key}={value}\n")
}

/// Splits a name too long for its field at a slash, so that both parts fit.
fn split_name(name: &str) -> Option<(&str, &str)> {
    if name.len() <= NAME_SIZE || !name.is_ascii() {
        return None;
    }
    let head = &name[..name.len().min(PREFIX_SIZE + 1)];
    let slash = head.rfind('/')?;
    let (prefix, rest) = (&name[..slash], &name[slash + 1..]);
    (!prefix.is_empty() && !rest.is_empty() && rest.len() <= NAME_SIZE).then_some((prefix, rest))
}

fn block_for(name: &str, mode: u64, size: usize, mtime: u64, kind: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let length = name.len().min(NAME_SIZE);
    block[..length].copy_from_slice(&name.as_bytes()[..length]);
    if name.len() > NAME_SIZE {
        // A cut that ends in a slash would look like a folder.
        let end = name[..NAME_SIZE].trim_end_matches('/').len();
        if end < NAME_SIZE {
            block[end] = 0;
        }
    }
    write_octal(&mut block[100..108], mode);
    write_octal(&mut block[108..116], 0);
    write_octal(&mut block[116..124], 0);
    write_octal(&mut block[124..136], size as u64);
    write_octal(&mut block[136..148], mtime);
    block[156] = kind;
    block
}

fn seal(block: &mut [u8; BLOCK]) {
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    write_octal(&mut block[148..155], sum);
}

/// Writes octal digits with leading zeros and a NUL.
fn write_octal(field: &mut [u8], number: u64) {
    let width = field.len() - 1;
    let digits = format!("{number:0width$o}");
    field[..width].copy_from_slice(&digits.as_bytes()[digits.len() - width..]);
    field[width] = 0;
}

fn push_padded(out: &mut Vec<u8>, block: &[u8; BLOCK], data: &[u8]) {
    out.extend_from_slice(block);
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}
