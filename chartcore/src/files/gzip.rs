//! The gzip frame around a deflate stream, read and written as Go does.

use std::fmt;
use std::io::{self, Read};

use crc32fast::Hasher as Crc;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::describe_io;

/// The error Helm asks for by identity, to say that a file is no chart at all.
pub(crate) const INVALID_HEADER: &str = "gzip: invalid header";

/// Twice as fast as Go's level for archives three parts in a hundred larger.
const LEVEL: u8 = 5;

const INPUT_SIZE: usize = 64 * 1024;

/// A name or comment in the header may not be longer. Go: the reader's buffer.
const HEADER_TEXT_LIMIT: usize = 512;

/// Why a compressed stream cannot be read on; prints as Go's error does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamError {
    /// The stream ends before it begins.
    Empty,
    /// The stream ends in the middle.
    Truncated,
    /// Not gzip.
    Header,
    /// The checksum or the length is wrong.
    Checksum,
    /// Not deflate, near this offset of the compressed bytes.
    Corrupt(u64),
    /// The operating system's words.
    Io(String),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("EOF"),
            Self::Truncated => f.write_str("unexpected EOF"),
            Self::Header => f.write_str(INVALID_HEADER),
            Self::Checksum => f.write_str("gzip: invalid checksum"),
            Self::Corrupt(offset) => write!(f, "flate: corrupt input before offset {offset}"),
            Self::Io(text) => f.write_str(text),
        }
    }
}

/// Reads what one or more gzip members hold, one after the other. Go: compress/gzip/gunzip.go.
///
/// As in Go an error is told only when the bytes before it have been handed out.
pub(crate) struct GzipReader<R> {
    input: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    inflate: Box<InflateState>,
    /// Bytes of this member taken so far, compressed.
    taken: u64,
    /// Bytes of this member handed out so far, modulo 2^32.
    made: u32,
    crc: Crc,
    state: State,
}

enum State {
    Reading,
    Ended,
    Failed(StreamError),
}

impl<R: Read> GzipReader<R> {
    /// Reads the header of the first member.
    pub(crate) fn new(input: R) -> Result<Self, StreamError> {
        let mut reader = Self {
            input,
            buffer: vec![0; INPUT_SIZE].into_boxed_slice(),
            start: 0,
            end: 0,
            inflate: InflateState::new_boxed(DataFormat::Raw),
            taken: 0,
            made: 0,
            crc: Crc::new(),
            state: State::Reading,
        };
        if reader.read_header()? { Ok(reader) } else { Err(StreamError::Empty) }
    }

    /// Fills `out` as far as one step goes; 0 at the end.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize, StreamError> {
        loop {
            match &self.state {
                State::Reading => {}
                State::Ended => return Ok(0),
                State::Failed(error) => return Err(error.clone()),
            }
            match self.step(out) {
                Ok(0) => {}
                Ok(count) => return Ok(count),
                Err(error) => self.state = State::Failed(error),
            }
            if out.is_empty() {
                return Ok(0);
            }
        }
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize, StreamError> {
        if self.start == self.end {
            self.fill()?;
        }
        let at_end = self.start == self.end;
        let step = inflate(&mut self.inflate, &self.buffer[self.start..self.end], out, MZFlush::None);
        let (taken, made) = (step.bytes_consumed, step.bytes_written);
        self.start += taken;
        self.taken += taken as u64;
        self.made = self.made.wrapping_add(made as u32);
        self.crc.update(&out[..made]);
        match step.status {
            Ok(MZStatus::StreamEnd) => {
                // Told at the next call, so that the last bytes arrive.
                self.state = match self.next_member() {
                    Ok(true) => State::Reading,
                    Ok(false) => State::Ended,
                    Err(error) => State::Failed(error),
                };
                Ok(made)
            }
            Ok(_) | Err(MZError::Buf) if made == 0 && taken == 0 && at_end => Err(StreamError::Truncated),
            Ok(_) | Err(MZError::Buf) => Ok(made),
            Err(_) if made > 0 => {
                self.state = State::Failed(StreamError::Corrupt(self.taken));
                Ok(made)
            }
            Err(_) => Err(StreamError::Corrupt(self.taken)),
        }
    }

    /// Checks the trailer and reads the next header, if there is one.
    fn next_member(&mut self) -> Result<bool, StreamError> {
        let mut trailer = [0; 8];
        self.take(&mut trailer)?;
        let sum = u32::from_le_bytes([trailer[0], trailer[1], trailer[2], trailer[3]]);
        let size = u32::from_le_bytes([trailer[4], trailer[5], trailer[6], trailer[7]]);
        if sum != self.crc.clone().finalize() || size != self.made {
            return Err(StreamError::Checksum);
        }
        self.crc.reset();
        self.inflate.reset(DataFormat::Raw);
        (self.taken, self.made) = (0, 0);
        self.read_header()
    }

    fn fill(&mut self) -> Result<(), StreamError> {
        self.start = 0;
        self.end = loop {
            match self.input.read(&mut self.buffer) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.end = 0;
                    return Err(StreamError::Io(describe_io(&error)));
                }
            }
        };
        Ok(())
    }

    fn byte(&mut self) -> Result<Option<u8>, StreamError> {
        if self.start == self.end {
            self.fill()?;
        }
        let byte = self.buffer[self.start..self.end].first().copied();
        self.start += usize::from(byte.is_some());
        Ok(byte)
    }

    fn take(&mut self, out: &mut [u8]) -> Result<(), StreamError> {
        for slot in out {
            *slot = self.byte()?.ok_or(StreamError::Truncated)?;
        }
        Ok(())
    }

    /// Reads a member's header; false when there are no more members.
    fn read_header(&mut self) -> Result<bool, StreamError> {
        let mut fixed = [0; 10];
        match self.byte()? {
            None => return Ok(false),
            Some(byte) => fixed[0] = byte,
        }
        self.take(&mut fixed[1..])?;
        if fixed[..3] != [0x1f, 0x8b, 8] {
            return Err(StreamError::Header);
        }
        let mut sum = Crc::new();
        sum.update(&fixed);
        let flags = fixed[3];
        if flags & 4 != 0 {
            let mut length = [0; 2];
            self.take(&mut length)?;
            sum.update(&length);
            let mut extra = vec![0; usize::from(u16::from_le_bytes(length))];
            self.take(&mut extra)?;
            sum.update(&extra);
        }
        for flag in [8, 16] {
            if flags & flag != 0 {
                self.skip_text(&mut sum)?;
            }
        }
        if flags & 2 != 0 {
            let mut wanted = [0; 2];
            self.take(&mut wanted)?;
            if u32::from(u16::from_le_bytes(wanted)) != sum.finalize() & 0xffff {
                return Err(StreamError::Header);
            }
        }
        Ok(true)
    }

    fn skip_text(&mut self, sum: &mut Crc) -> Result<(), StreamError> {
        for _ in 0..HEADER_TEXT_LIMIT {
            let byte = self.byte()?.ok_or(StreamError::Truncated)?;
            sum.update(&[byte]);
            if byte == 0 {
                return Ok(());
            }
        }
        Err(StreamError::Header)
    }
}

/// What a gzip header says beside the fixed bytes.
#[derive(Debug, Clone, Copy)]
pub struct GzipHeader<'a> {
    /// The extra field.
    pub extra: &'a [u8],
    /// The comment, ASCII.
    pub comment: &'a str,
}

/// Compresses `data` into one member: no time, no name, operating system unknown. The same bytes on every
/// machine: one deflate in Rust at one level, named here rather than behind a crate whose features another
/// dependency may change.
pub(crate) fn write(header: GzipHeader<'_>, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 4 | 16, 0, 0, 0, 0, 0, 255];
    out.extend_from_slice(&(header.extra.len() as u16).to_le_bytes());
    out.extend_from_slice(header.extra);
    out.extend_from_slice(header.comment.as_bytes());
    out.push(0);
    out.append(&mut miniz_oxide::deflate::compress_to_vec(data, LEVEL));
    out.extend_from_slice(&crc32fast::hash(data).to_le_bytes());
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: &[u8]) -> (Vec<u8>, Option<StreamError>) {
        let mut all = Vec::new();
        let mut reader = match GzipReader::new(bytes) {
            Ok(reader) => reader,
            Err(error) => return (all, Some(error)),
        };
        let mut buffer = [0; 1000];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return (all, None),
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) => return (all, Some(error)),
            }
        }
    }

    fn packed(data: &[u8]) -> Vec<u8> {
        write(GzipHeader { extra: b"rr\x01\x00x", comment: "Helm" }, data)
    }

    #[test]
    fn what_is_written_is_read() {
        for size in [0, 1, 999, 1000, 200_000] {
            let data: Vec<u8> = (0..size).map(|index| (index * 7 % 251) as u8).collect();
            assert_eq!(read_all(&packed(&data)), (data, None));
        }
    }

    #[test]
    fn members_are_read_one_after_the_other() {
        let mut bytes = packed(b"one");
        bytes.extend(packed(b"two"));
        assert_eq!(read_all(&bytes), (b"onetwo".to_vec(), None));
        bytes.extend(b"garbage garbage");
        assert_eq!(read_all(&bytes), (b"onetwo".to_vec(), Some(StreamError::Header)));
    }

    #[test]
    fn damage_is_told_after_the_good_bytes() {
        let good = packed(b"hello");
        assert_eq!(read_all(b""), (vec![], Some(StreamError::Empty)));
        assert_eq!(read_all(b"\x1f\x8b"), (vec![], Some(StreamError::Truncated)));
        assert_eq!(read_all(b"not gzip at all"), (vec![], Some(StreamError::Header)));
        assert_eq!(read_all(&good[..good.len() - 4]), (b"hello".to_vec(), Some(StreamError::Truncated)));
        let mut wrong = good.clone();
        let last = wrong.len() - 5;
        wrong[last] ^= 1;
        assert_eq!(read_all(&wrong), (b"hello".to_vec(), Some(StreamError::Checksum)));
        let mut noise = good[..22].to_vec();
        noise.extend([0xff; 64]);
        assert!(matches!(read_all(&noise).1, Some(StreamError::Corrupt(_))));
    }
}
