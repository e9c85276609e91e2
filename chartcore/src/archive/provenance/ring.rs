//! Keys with the names, subkeys and dates bound to them. Go: openpgp/keys.go.

use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{
    PublicKey, PublicSubkey, RevocationCode, SecretKey, Signature, SignatureType, SubpacketData, UserId,
};
use pgp::types::{KeyDetails, Tag};

use super::Refusal;
use super::packet::{Packet, PacketReader, can_sign};

/// So many keys, names and subkeys a ring may hold.
const PARTS_LIMIT: usize = 50_000;

/// A key with what is bound to it.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) primary: PublicKey,
    /// The secret half of the primary key, perhaps locked.
    pub(super) secret: Option<SecretKey>,
    pub(super) identities: Vec<Identity>,
    /// What a key of version 6 says of itself; older ones say it with their identities.
    direct: Option<Terms>,
    revocations: Vec<Terms>,
    subkeys: Vec<Subkey>,
}

/// A name that the key has signed.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) name: String,
    terms: Option<Terms>,
    revocations: Vec<Terms>,
}

#[derive(Debug)]
struct Subkey {
    key: PublicSubkey,
    terms: Terms,
    revocations: Vec<Terms>,
}

/// What a signature says of dates and purposes.
#[derive(Debug, Clone)]
struct Terms {
    created: u64,
    /// Seconds until the signature counts no more; zero for ever.
    lifetime: u64,
    /// Seconds until the key counts no more; zero for ever.
    key_lifetime: u64,
    may_sign: bool,
    is_primary: bool,
    is_compromised: bool,
    critical_notation: Option<String>,
    /// The terms of the signature that a signing subkey has made in return.
    embedded: Option<Box<Terms>>,
}

impl Terms {
    fn of(signature: &Signature) -> Self {
        let mut may_sign = false;
        let mut critical_notation = None;
        for subpacket in signature.config().into_iter().flat_map(|config| config.hashed_subpackets()) {
            match &subpacket.data {
                SubpacketData::KeyFlags(flags) => may_sign |= flags.sign(),
                SubpacketData::Notation(notation) if subpacket.is_critical && critical_notation.is_none() => {
                    critical_notation = Some(String::from_utf8_lossy(&notation.name).into_owned());
                }
                _ => {}
            }
        }
        let seconds = |duration: Option<pgp::types::Duration>| duration.map_or(0, |it| it.as_secs().into());
        Self {
            created: signature.created().map_or(0, |time| time.as_secs().into()),
            lifetime: seconds(signature.signature_expiration_time()),
            key_lifetime: seconds(signature.key_expiration_time()),
            may_sign,
            is_primary: signature.is_primary(),
            is_compromised: signature.revocation_reason_code() == Some(&RevocationCode::KeyCompromised),
            critical_notation,
            embedded: embedded(signature).map(|signature| Box::new(Self::of(signature))),
        }
    }

    fn has_expired(&self, now: u64) -> bool {
        self.created > now || self.lifetime > 0 && now > self.created.saturating_add(self.lifetime)
    }

    fn key_has_expired(&self, key: &impl KeyDetails, now: u64) -> bool {
        let created = u64::from(key.created_at().as_secs());
        created > now || self.key_lifetime > 0 && now > created.saturating_add(self.key_lifetime)
    }
}

/// The signature inside a signature; an attacker's nested ones are not looked at further.
fn embedded(signature: &Signature) -> Option<&Signature> {
    let config = signature.config()?;
    config.hashed_subpackets().chain(config.unhashed_subpackets()).find_map(|subpacket| {
        match &subpacket.data {
            SubpacketData::EmbeddedSignature(inner) => Some(&**inner),
            _ => None,
        }
    })
}

fn is_revoked(revocations: &[Terms], now: u64) -> bool {
    revocations.iter().any(|revocation| revocation.is_compromised || !revocation.has_expired(now))
}

/// Reads all keys. Those that are malformed or of an unknown sort are left out, as long as one is left. Go:
/// `ReadKeyRing`.
///
/// # Errors
/// The stream ends in the middle or is none, or no key is left.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Certificate>, Refusal> {
    let mut packets = PacketReader::new(bytes);
    let (mut ring, mut parts, mut last) = (Vec::<Certificate>::new(), 0, None);
    loop {
        match read_certificate(&mut packets) {
            Ok(None) => break,
            Ok(Some(certificate)) => {
                parts += 1 + certificate.identities.len() + certificate.subkeys.len();
                if parts > PARTS_LIMIT {
                    return Err(Refusal::Limit(format!(
                        "keyring holds more than {PARTS_LIMIT} keys and names"
                    )));
                }
                ring.push(certificate);
            }
            Err(refusal @ Refusal::Structure(_)) => {
                last = Some(refusal);
                packets.skip_to_key()?;
            }
            Err(refusal) => return Err(refusal),
        }
    }
    match last {
        Some(refusal) if ring.is_empty() => Err(refusal),
        _ => Ok(ring),
    }
}

fn structure<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Structure(message.into()))
}

fn read_certificate(packets: &mut PacketReader<'_>) -> Result<Option<Certificate>, Refusal> {
    let (primary, secret) = match packets.next()? {
        None => return Ok(None),
        Some(Packet::PublicKey(key)) => (*key, None),
        Some(Packet::SecretKey(key)) => (key.public_key().clone(), Some(*key)),
        Some(_) => return structure("first packet was not a public/private key"),
    };
    if !can_sign(&primary) {
        return structure("primary key cannot be used for signatures");
    }
    let mut certificate = Certificate {
        primary,
        secret,
        identities: Vec::new(),
        direct: None,
        revocations: Vec::new(),
        subkeys: Vec::new(),
    };
    let mut direct: Option<Signature> = None;
    let mut parts = 0;
    while let Some(packet) = packets.next()? {
        parts += 1;
        if parts > PARTS_LIMIT {
            return Err(Refusal::Limit(format!("keyring holds a key of more than {PARTS_LIMIT} parts")));
        }
        match packet {
            Packet::UserId(id) => certificate.read_identity(packets, &id)?,
            Packet::Signature(signature) => match signature.typ() {
                Some(SignatureType::KeyRevocation) => {
                    if signature.verify_key(&certificate.primary).is_err() {
                        return structure("revocation signature signed by alternate key");
                    }
                    certificate.revocations.push(Terms::of(&signature));
                }
                Some(SignatureType::Key)
                    if is_by(&signature, &certificate.primary)
                        && direct.as_ref().is_none_or(|other| signature.created() > other.created()) =>
                {
                    direct = Some(*signature);
                }
                _ => {}
            },
            packet @ (Packet::PublicKey(_) | Packet::SecretKey(_)) => {
                packets.unread(packet);
                break;
            }
            Packet::PublicSubkey(key) => certificate.read_subkey(packets, *key)?,
            Packet::SecretSubkey(key) => certificate.read_subkey(packets, key.public_key().clone())?,
            Packet::Other => {}
        }
    }
    if is_version_6(&certificate.primary) {
        match direct {
            None => return structure("v6 entity without a valid direct-key signature"),
            Some(signature) if signature.verify_key(&certificate.primary).is_ok() => {
                certificate.direct = Some(Terms::of(&signature));
            }
            Some(_) => return structure("invalid direct-key self-signature for v6 primary key"),
        }
    } else if certificate.identities.is_empty() {
        return structure("v4 entity without any identities");
    }
    Ok(Some(certificate))
}

fn is_version_6(key: &impl KeyDetails) -> bool {
    key.version() == pgp::types::KeyVersion::V6
}

/// Whether a signature says that it is made by the key.
fn is_by(signature: &Signature, key: &impl KeyDetails) -> bool {
    signature.issuer_key_id().into_iter().any(|id| *id == key.legacy_key_id())
        || signature.issuer_fingerprint().into_iter().any(|print| *print == key.fingerprint())
}

impl Certificate {
    /// Reads a name and the signatures under it; without one by the key itself the name does not count.
    fn read_identity(&mut self, packets: &mut PacketReader<'_>, id: &UserId) -> Result<(), Refusal> {
        let mut identity = Identity {
            name: String::from_utf8_lossy(id.id()).into_owned(),
            terms: None,
            revocations: Vec::new(),
        };
        let mut is_signed = false;
        while let Some(packet) = packets.next()? {
            let Packet::Signature(signature) = packet else {
                packets.unread(packet);
                break;
            };
            let is_revocation = match signature.typ() {
                Some(SignatureType::CertRevocation) => true,
                Some(
                    SignatureType::CertGeneric
                    | SignatureType::CertPersona
                    | SignatureType::CertCasual
                    | SignatureType::CertPositive,
                ) => false,
                _ => return structure("user ID signature with wrong type"),
            };
            if !is_by(&signature, &self.primary) {
                continue;
            }
            if signature.verify_certification(&self.primary, Tag::UserId, id).is_err() {
                let failure = verification_failure(&self.primary);
                return structure(format!("user ID self-signature invalid: {failure}"));
            }
            is_signed = true;
            let terms = Terms::of(&signature);
            if is_revocation {
                identity.revocations.push(terms);
            } else if identity.terms.as_ref().is_none_or(|other| terms.created > other.created) {
                identity.terms = Some(terms);
            }
        }
        if is_signed {
            self.identities.retain(|other| other.name != identity.name);
            self.identities.push(identity);
        }
        Ok(())
    }

    fn read_subkey(&mut self, packets: &mut PacketReader<'_>, key: PublicSubkey) -> Result<(), Refusal> {
        let (mut binding, mut revocations) = (None::<Terms>, Vec::new());
        while let Some(packet) = packets.next()? {
            let Packet::Signature(signature) = packet else {
                packets.unread(packet);
                break;
            };
            let is_revocation = match signature.typ() {
                Some(SignatureType::SubkeyRevocation) => true,
                Some(SignatureType::SubkeyBinding) => false,
                _ => return structure("subkey signature with wrong type"),
            };
            let terms = Terms::of(&signature);
            let invalid = |why: String| structure(format!("subkey signature invalid: {why}"));
            if signature.verify_subkey_binding(&self.primary, &key).is_err() {
                return invalid(verification_failure(&self.primary).to_string());
            }
            if terms.may_sign {
                // Without this anybody could call another's signing key their own.
                let Some(inner) = embedded(&signature) else {
                    return invalid(
                        "openpgp: invalid data: signing subkey is missing cross-signature".to_string(),
                    );
                };
                if inner.verify_primary_key_binding(&key, &self.primary).is_err() {
                    let why = verification_failure(&key);
                    return invalid(format!(
                        "openpgp: invalid data: error while verifying cross-signature: {why}"
                    ));
                }
            }
            if is_revocation {
                revocations.push(terms);
            } else if binding.as_ref().is_none_or(|other| terms.created > other.created) {
                binding = Some(terms);
            }
        }
        let Some(terms) = binding else { return structure("subkey packet not followed by signature") };
        self.subkeys.push(Subkey { key, terms, revocations });
        Ok(())
    }

    /// The identity to judge the key by. Go: `PrimaryIdentity`.
    fn primary_identity(&self) -> Option<&Identity> {
        let mut identities = self.identities.iter();
        let mut chosen = identities.next()?;
        for other in identities {
            let by_revocations = chosen.revocations.len().cmp(&other.revocations.len());
            let is_better = by_revocations.then_with(|| match (&chosen.terms, &other.terms) {
                (None, _) => std::cmp::Ordering::Greater,
                (Some(_), None) => std::cmp::Ordering::Less,
                (Some(chosen), Some(other)) => {
                    other.is_primary.cmp(&chosen.is_primary).then(other.created.cmp(&chosen.created))
                }
            });
            if is_better.is_gt() {
                chosen = other;
            }
        }
        Some(chosen)
    }

    fn terms(&self) -> Option<&Terms> {
        self.direct.as_ref().or_else(|| self.primary_identity()?.terms.as_ref())
    }

    /// Which of the keys says that it made the signature, and may make one.
    fn maker(&self, signature: &Signature) -> Option<Maker<'_>> {
        if is_by(signature, &self.primary) && self.terms().is_some_and(|terms| terms.may_sign) {
            return Some(Maker::Primary);
        }
        let mut subkeys = self.subkeys.iter();
        subkeys.find(|subkey| subkey.terms.may_sign && is_by(signature, &subkey.key)).map(Maker::Subkey)
    }

    /// Whether the maker has signed `data`. Go: `VerifySignature`.
    fn verify(&self, maker: Maker<'_>, signature: &Signature, data: &[u8]) -> Result<(), Refusal> {
        let plain = |text: &str| Err(Refusal::Plain(text.to_string()));
        match signature.typ() {
            Some(SignatureType::Binary | SignatureType::Text) => {}
            Some(kind) => {
                let kind = u8::from(kind);
                return plain(&format!("openpgp: unsupported feature: unsupported signature type: {kind}"));
            }
            None => return plain("openpgp: unsupported feature: signature without a type"),
        }
        let (algorithm, verified, failure) = match maker {
            Maker::Primary => {
                let key = &self.primary;
                (key.algorithm(), signature.verify(key, data), verification_failure(key))
            }
            Maker::Subkey(Subkey { key, .. }) => {
                (key.algorithm(), signature.verify(key, data), verification_failure(key))
            }
        };
        if signature.config().is_none_or(|config| config.pub_alg != algorithm) {
            return plain("openpgp: invalid argument: public key and signature use different algorithms");
        }
        if verified.is_err() {
            return plain(failure);
        }
        Ok(())
    }

    /// Whether a signature that the maker has made counts. Go: `checkMessageSignatureDetails`.
    fn judge(&self, maker: Maker<'_>, signature: &Signature, now: u64) -> Result<(), Refusal> {
        let plain = |text: &str| Err(Refusal::Plain(text.to_string()));
        let Some(own) = self.terms() else { return plain("openpgp: signature made by unknown entity") };
        let made = Terms::of(signature);
        let mut judged = vec![&made, own];
        let subkey = match maker {
            Maker::Primary => None,
            Maker::Subkey(subkey) => Some(subkey),
        };
        if let Some(subkey) = subkey {
            judged.push(&subkey.terms);
            judged.extend(subkey.terms.embedded.as_deref());
        }
        if let Some(name) = judged.iter().find_map(|terms| terms.critical_notation.as_ref()) {
            return plain(&format!("openpgp: invalid signature: unknown critical notation: {name}"));
        }
        let identity = self.primary_identity().filter(|_| self.direct.is_none());
        if is_revoked(&self.revocations, now)
            || subkey.is_some_and(|subkey| is_revoked(&subkey.revocations, now))
            || identity.is_some_and(|identity| is_revoked(&identity.revocations, now))
        {
            return plain("openpgp: signature made by revoked key");
        }
        if own.key_has_expired(&self.primary, now)
            || subkey.is_some_and(|subkey| subkey.terms.key_has_expired(&subkey.key, now))
        {
            return plain("openpgp: key expired");
        }
        if judged.iter().any(|terms| terms.has_expired(now)) {
            return plain("openpgp: signature expired");
        }
        Ok(())
    }
}

/// The key of a certificate that made a signature.
#[derive(Clone, Copy)]
enum Maker<'a> {
    Primary,
    Subkey(&'a Subkey),
}

/// Go's words for a signature that is not this key's.
fn verification_failure(key: &impl KeyDetails) -> &'static str {
    match key.algorithm() {
        PublicKeyAlgorithm::RSA | PublicKeyAlgorithm::RSASign => {
            "openpgp: invalid signature: RSA verification failure"
        }
        PublicKeyAlgorithm::DSA => "openpgp: invalid signature: DSA verification failure",
        PublicKeyAlgorithm::ECDSA => "openpgp: invalid signature: ECDSA verification failure",
        PublicKeyAlgorithm::EdDSALegacy => "openpgp: invalid signature: EdDSA verification failure",
        PublicKeyAlgorithm::Ed25519 => "openpgp: invalid signature: Ed25519 verification failure",
        PublicKeyAlgorithm::Ed448 => "openpgp: invalid signature: ed448 verification failure",
        _ => "openpgp: invalid signature: Unsupported public key algorithm used in signature",
    }
}

/// Finds who made the first of the signatures whose maker is in the ring, and checks it. Go:
/// `CheckDetachedSignature`.
///
/// # Errors
/// Nobody in the ring has signed, or the signature does not count; Go's texts.
pub(super) fn signer<'a>(
    ring: &'a [Certificate],
    data: &[u8],
    signatures: &[u8],
    now: u64,
) -> Result<&'a Certificate, Refusal> {
    let mut packets = PacketReader::new(signatures);
    while let Some(packet) = packets.next()? {
        let Packet::Signature(signature) = packet else { return structure("non signature packet found") };
        if signature.issuer_key_id().is_empty() && signature.issuer_fingerprint().is_empty() {
            return structure("signature doesn't have an issuer");
        }
        let mut refusal = None;
        for certificate in ring {
            let Some(maker) = certificate.maker(&signature) else { continue };
            match certificate.verify(maker, &signature, data) {
                Ok(()) => return certificate.judge(maker, &signature, now).map(|()| certificate),
                // Of several keys with one id the last one's verdict is told.
                Err(verdict) => refusal = Some(verdict),
            }
        }
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
    }
    Err(Refusal::Plain("openpgp: signature made by unknown entity".to_string()))
}
