//! A stream of OpenPGP packets, as far as keys and signatures go. Go: openpgp/packet.
//!
//! The stream is taken apart here, with Go's verdicts on what is skipped and what is fatal; what a packet holds is
//! read by rPGP.

use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{
    PacketHeader, PublicKey, PublicSubkey, SecretKey, SecretSubkey, Signature, SubpacketData, UserId,
};
use pgp::types::{KeyDetails, Tag};

use super::Refusal;

/// RSA with fewer bits is not trusted. Go: crypto/rsa since 1.24.
const RSA_BITS: u16 = 1_024;

/// A packet.
pub(super) enum Packet {
    PublicKey(Box<PublicKey>),
    SecretKey(Box<SecretKey>),
    PublicSubkey(Box<PublicSubkey>),
    SecretSubkey(Box<SecretSubkey>),
    UserId(Box<UserId>),
    Signature(Box<Signature>),
    /// Anything else: attributes, messages.
    Other,
}

/// Reads packets; the last one can be put back.
pub(super) struct PacketReader<'a> {
    rest: &'a [u8],
    unread: Option<Packet>,
}

struct Raw<'a> {
    tag: u8,
    body: std::borrow::Cow<'a, [u8]>,
}

impl<'a> PacketReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, unread: None }
    }

    /// Puts a packet back.
    pub(super) fn unread(&mut self, packet: Packet) {
        self.unread = Some(packet);
    }

    /// The next packet of a sort and version that is known; nothing at the end.
    ///
    /// # Errors
    /// [`Refusal::Structure`] when this packet makes no sense, anything else when the stream does not.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, Refusal> {
        if let Some(packet) = self.unread.take() {
            return Ok(Some(packet));
        }
        loop {
            let Some(raw) = self.raw()? else { return Ok(None) };
            if let Some(packet) = parse(&raw)? {
                return Ok(Some(packet));
            }
        }
    }

    /// Skips to the next public key, whatever lies between.
    pub(super) fn skip_to_key(&mut self) -> Result<(), Refusal> {
        if matches!(self.unread, Some(Packet::PublicKey(_))) {
            return Ok(());
        }
        self.unread = None;
        loop {
            let before = self.rest;
            match self.raw()? {
                None => return Ok(()),
                Some(raw) if raw.tag == 6 => {
                    self.rest = before;
                    return Ok(());
                }
                Some(_) => {}
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let short = || Refusal::Plain("unexpected EOF".to_string());
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn raw(&mut self) -> Result<Option<Raw<'a>>, Refusal> {
        let Some((&first, rest)) = self.rest.split_first() else { return Ok(None) };
        self.rest = rest;
        if first & 0x80 == 0 {
            return Err(Refusal::Structure("tag byte does not have MSB set".to_string()));
        }
        if first & 0x40 == 0 {
            let tag = (first & 0x3f) >> 2;
            let length = match first & 3 {
                3 => self.rest.len(),
                kind => big_endian(self.take(1 << kind)?),
            };
            return Ok(Some(Raw { tag, body: self.take(length)?.into() }));
        }
        let tag = first & 0x3f;
        let (length, mut is_partial) = self.length()?;
        let first_part = self.take(length)?;
        if !is_partial {
            return Ok(Some(Raw { tag, body: first_part.into() }));
        }
        let mut body = first_part.to_vec();
        while is_partial {
            let (length, more) = self.length()?;
            body.extend_from_slice(self.take(length)?);
            is_partial = more;
        }
        Ok(Some(Raw { tag, body: body.into() }))
    }

    /// A length of the new format, and whether more parts follow.
    fn length(&mut self) -> Result<(usize, bool), Refusal> {
        Ok(match big_endian(self.take(1)?) {
            short @ ..192 => (short, false),
            first @ 192..224 => (((first - 192) << 8) + big_endian(self.take(1)?) + 192, false),
            255 => (big_endian(self.take(4)?), false),
            partial => (1 << (partial & 0x1f), true),
        })
    }
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, &byte| number << 8 | usize::from(byte))
}

/// Reads a packet's body; nothing for one that is to be skipped.
fn parse(raw: &Raw<'_>) -> Result<Option<Packet>, Refusal> {
    let body = raw.body.as_ref();
    let header = |tag: Tag| PacketHeader::new_fixed(tag, body.len() as u32);
    let malformed = |what: &'static str| {
        move |error: pgp::errors::Error| match error {
            pgp::errors::Error::IO { .. } => Refusal::Plain("unexpected EOF".to_string()),
            _ => Refusal::Structure(format!("malformed {what} packet")),
        }
    };
    let (malformed, malformed_signature) = (malformed("key"), malformed("signature"));
    if body.is_empty() && matches!(raw.tag, 2 | 5 | 6 | 7 | 14) {
        return Err(Refusal::Plain("unexpected EOF".to_string()));
    }
    match raw.tag {
        2 => {
            if body.first().is_none_or(|version| !matches!(version, 4 | 6)) {
                return Ok(None);
            }
            let signature =
                Signature::try_from_reader(header(Tag::Signature), body).map_err(malformed_signature)?;
            if !is_known(&signature)? {
                return Ok(None);
            }
            Ok(Some(Packet::Signature(Box::new(signature))))
        }
        5 | 6 | 7 | 14 => {
            if !has_known_key(body) {
                return Ok(None);
            }
            Ok(Some(match raw.tag {
                5 => {
                    let key = SecretKey::try_from_reader(header(Tag::SecretKey), body).map_err(malformed)?;
                    Packet::SecretKey(Box::new(key))
                }
                6 => {
                    let key = PublicKey::try_from_reader(header(Tag::PublicKey), body).map_err(malformed)?;
                    Packet::PublicKey(Box::new(key))
                }
                7 => {
                    let key =
                        SecretSubkey::try_from_reader(header(Tag::SecretSubkey), body).map_err(malformed)?;
                    Packet::SecretSubkey(Box::new(key))
                }
                _ => {
                    let key =
                        PublicSubkey::try_from_reader(header(Tag::PublicSubkey), body).map_err(malformed)?;
                    Packet::PublicSubkey(Box::new(key))
                }
            }))
        }
        // Markers, and GnuPG's private notes on trust.
        10 | 12 => Ok(None),
        13 => {
            let id = UserId::try_from_reader(header(Tag::UserId), body).map_err(malformed)?;
            Ok(Some(Packet::UserId(Box::new(id))))
        }
        1 | 3 | 4 | 8 | 9 | 11 | 17 | 18 | 20 | 21 => Ok(Some(Packet::Other)),
        40.. => Ok(None),
        tag => Err(Refusal::Plain(format!("openpgp: unknown critical packet type: {tag}"))),
    }
}

/// Whether a key's version and algorithm are ones that Go knows, and its size is enough.
fn has_known_key(body: &[u8]) -> bool {
    let (Some(&version), Some(&algorithm)) = (body.first(), body.get(5)) else { return false };
    let parameters = match version {
        4 => 6,
        6 => 10,
        _ => return false,
    };
    match algorithm {
        1..=3 => body.get(parameters..parameters + 2).is_some_and(|bits| big_endian(bits) >= RSA_BITS.into()),
        16..=19 | 22 | 25..=28 => true,
        _ => false,
    }
}

/// Whether a signature's algorithms are ones that Go knows.
fn is_known(signature: &Signature) -> Result<bool, Refusal> {
    let Some(config) = signature.config() else { return Ok(false) };
    let signs = matches!(
        config.pub_alg,
        PublicKeyAlgorithm::RSA
            | PublicKeyAlgorithm::RSASign
            | PublicKeyAlgorithm::DSA
            | PublicKeyAlgorithm::ECDSA
            | PublicKeyAlgorithm::EdDSALegacy
            | PublicKeyAlgorithm::Ed25519
            | PublicKeyAlgorithm::Ed448
    );
    let hashes = matches!(
        config.hash_alg,
        HashAlgorithm::Sha1
            | HashAlgorithm::Sha224
            | HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512
    );
    let unknown_critical = |data: &SubpacketData| {
        matches!(
            data,
            SubpacketData::Other(..)
                | SubpacketData::Experimental(..)
                | SubpacketData::ExportableCertification(false)
        )
    };
    let mut hashed = config.hashed_subpackets();
    if hashed.any(|subpacket| {
        unknown_critical(&subpacket.data)
            && (subpacket.is_critical || matches!(subpacket.data, SubpacketData::ExportableCertification(_)))
    }) {
        return Ok(false);
    }
    if config.created().is_none() {
        return Err(Refusal::Structure("no creation time in signature".to_string()));
    }
    Ok(signs && hashes)
}

/// Whether keys of this algorithm make signatures.
pub(super) fn can_sign(key: &impl KeyDetails) -> bool {
    !matches!(
        key.algorithm(),
        PublicKeyAlgorithm::RSAEncrypt
            | PublicKeyAlgorithm::ElgamalEncrypt
            | PublicKeyAlgorithm::Elgamal
            | PublicKeyAlgorithm::ECDH
            | PublicKeyAlgorithm::X25519
            | PublicKeyAlgorithm::X448
    )
}
