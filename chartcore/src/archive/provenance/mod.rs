//! Provenance files: a chart's metadata and the digest of its archive, clear-signed with OpenPGP.
//!
//! What is signed here Helm 3 and 4 verify, and the other way round. Helm: pkg/provenance.

mod armor;
mod clearsign;
mod packet;
mod ring;

use std::fmt;
use std::path::Path;

use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{SecretKey, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{
    EncryptedSecretParams, Fingerprint, KeyDetails, KeyVersion, Password, S2kParams, SecretParams,
    StringToKey, Timestamp,
};

use self::ring::Certificate;
use super::digest::{Digest, sha256, sha256_file};
use crate::Compat;
use crate::chart::{LoadOptions, Metadata, VersionCheck, load_archive};
use crate::data::{Map, Value, yaml};
use crate::error::{Error, ErrorKind, Result};
use crate::files::directory::{self, PathKind};
use crate::quote::quoted;

/// What is put behind an archive's name to name its provenance file.
pub const EXTENSION: &str = ".prov";

/// The longest keyring that is read.
const RING_LIMIT: u64 = 32 << 20;

/// The longest provenance file that is read.
const PROVENANCE_LIMIT: u64 = 4 << 20;

/// The exponent of the most memory, in KiB, that may be spent to turn a passphrase into a key: 64 MiB.
const ARGON2_MEMORY: u8 = 16;

/// Between the metadata and the digests: `---` would be taken for a part of the signature.
const SEPARATOR: &str = "\n...\n";

/// Why keys, signatures or texts are not accepted; prints as Go's error does.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refusal {
    /// This key or packet makes no sense; what comes after it may.
    Structure(String),
    /// More than a limit.
    Limit(String),
    /// Anything else.
    Plain(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure(text) => write!(f, "openpgp: invalid data: {text}"),
            Self::Limit(text) | Self::Plain(text) => f.write_str(text),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal {
            Refusal::Limit(_) => ErrorKind::Limit,
            _ => ErrorKind::Signature,
        };
        Error::new(kind, refusal.to_string())
    }
}

fn refused<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::new(ErrorKind::Signature, message))
}

/// The keys of a keyring.
#[derive(Debug)]
pub struct Keyring {
    certificates: Vec<Certificate>,
}

impl Keyring {
    /// Reads a keyring: OpenPGP packets (GnuPG's `pubring.gpg`, `secring.gpg`), the same in ASCII armor, block after
    /// block, or a GnuPG keybox (`pubring.kbx`). Helm 3 knows the first sort only.
    ///
    /// `name` is for the messages.
    ///
    /// # Errors
    /// None of these, cut short, or without a key that can be used; the texts are Go's and Helm's.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        if armor::is_keybox(bytes) {
            let reading = |text: String| Refusal::Plain(format!("reading keybox {name}: {text}"));
            let keys = armor::keybox_keys(bytes).map_err(reading)?;
            return Ok(Self { certificates: ring::read(&keys)? });
        }
        if !armor::is_armored(bytes) {
            return Ok(Self { certificates: ring::read(bytes)? });
        }
        let reading = |error: Error| error.prefixed(format_args!("reading armored keyring {name}: "));
        let mut certificates = Vec::new();
        let mut rest = bytes;
        while let Some(block) = armor::next_block(&mut rest).map_err(|refusal| reading(refusal.into()))? {
            if !matches!(block.kind.as_str(), "PGP PUBLIC KEY BLOCK" | "PGP PRIVATE KEY BLOCK") {
                let kind = quoted(block.kind.as_bytes());
                return refused(format!("expected a public or private key block, got {kind}"))
                    .map_err(reading);
            }
            certificates.extend(ring::read(&block.data).map_err(|refusal| reading(refusal.into()))?);
        }
        if certificates.is_empty() {
            return refused("no keys found").map_err(reading);
        }
        Ok(Self { certificates })
    }

    /// Reads the keyring in a file.
    ///
    /// # Errors
    /// The file cannot be read or is larger than 32 MiB, and as [`Self::from_bytes`].
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(&path.display().to_string(), &directory::read_file(path, RING_LIMIT)?)
    }

    /// Chooses a key to sign with: the one with exactly this name (`NAME (COMMENT) <EMAIL>`), else the only one whose
    /// name holds this text. Helm: `NewFromKeyring`.
    ///
    /// # Errors
    /// There is none, there are several, or only its public half is there; Helm's texts.
    pub fn signing_key(&self, name: &str) -> Result<SigningKey> {
        let mut found = None;
        let mut is_vague = false;
        'search: for certificate in &self.certificates {
            for identity in &certificate.identities {
                if identity.name == name {
                    (found, is_vague) = (Some((certificate, identity)), false);
                    break 'search;
                }
                if identity.name.contains(name) {
                    is_vague |= found.is_some();
                    found = Some((certificate, identity));
                }
            }
        }
        if is_vague {
            return refused(format!("more than one key contain the id {}", quoted(name.as_bytes())));
        }
        let Some((certificate, identity)) = found else { return refused("private key not found") };
        let Some(secret) = &certificate.secret else {
            return refused("provided key is not a private key. Try providing a keyring with secret keys");
        };
        Ok(SigningKey { name: identity.name.clone(), secret: secret.clone() })
    }

    /// Verifies that a provenance file was signed by a key of this ring and names an archive with this digest.
    /// `now`, in seconds since 1970, decides what has expired. Helm 3 reads the metadata too. Helm: `Signatory.Verify`.
    ///
    /// # Errors
    /// There is no signature, it does not count, or the digest is another; the texts are Go's and Helm's.
    pub fn verify(
        &self,
        digest: Digest,
        file_name: &str,
        provenance: &[u8],
        compat: Compat,
        now: u64,
    ) -> Result<Verification> {
        let Some(message) = clearsign::decode(provenance) else {
            return refused(match compat {
                Compat::Helm3 => "failed to decode signature: signature block not found",
                Compat::Helm4 => "signature block not found",
            });
        };
        let signer = ring::signer(&self.certificates, &message.signed, &message.signature?, now)?;
        let files = named_files(&message.text, compat)?;
        let named = files.iter().rev().find(|(name, _)| name == file_name);
        let sum = digest.to_string();
        match named {
            None => {
                let name = quoted(file_name.as_bytes());
                refused(format!("provenance does not contain a SHA for a file named {name}"))
            }
            Some((_, other)) if *other != sum => {
                let (other, sum) = (quoted(other.as_bytes()), quoted(sum.as_bytes()));
                refused(format!("sha256 sum does not match for {file_name}: {other} != {sum}"))
            }
            Some(_) => Ok(Verification {
                signed_by: signer.identities.iter().map(|identity| identity.name.clone()).collect(),
                fingerprint: hexadecimal(&signer.primary.fingerprint()),
                file_name: file_name.to_string(),
                digest,
            }),
        }
    }
}

fn hexadecimal(fingerprint: &Fingerprint) -> String {
    fingerprint.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The files a message names, with their digests. Helm: `parseMessageBlock`.
fn named_files(text: &[u8], compat: Compat) -> Result<Vec<(String, String)>> {
    let separator = SEPARATOR.as_bytes();
    let Some(start) = memchr::memmem::find(text, separator) else {
        return refused("message block must have at least two parts");
    };
    if compat == Compat::Helm3 {
        Metadata::from_yaml(&text[..start], compat)?;
    }
    let sums = &text[start + separator.len()..];
    let sums = &sums[..memchr::memmem::find(sums, separator).unwrap_or(sums.len())];
    let value = yaml::parse(sums)
        .map_err(|error| Error::new(ErrorKind::Signature, error.full()).with_source(error))?;
    let malformed = |what: &str, place: &str, wanted: &str| {
        refused(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {what} into Go {place} of type {wanted}"
        ))
    };
    let record = match &value {
        Value::Null => return Ok(Vec::new()),
        Value::Map(map) => map,
        other => return malformed(kind_of(other), "value", "provenance.SumCollection"),
    };
    let mut files = Vec::new();
    for (key, value) in record.iter() {
        if !key.to_text().eq_ignore_ascii_case("files") {
            continue;
        }
        let map = match value {
            Value::Null => continue,
            Value::Map(map) => map,
            other => {
                return malformed(kind_of(other), "struct field SumCollection.files", "map[string]string");
            }
        };
        for (name, sum) in map.iter() {
            let sum = match sum {
                Value::String(sum) => sum.to_text().into_owned(),
                Value::Null => String::new(),
                Value::Bool(truth) => truth.to_string(),
                Value::Int(number) => number.to_string(),
                Value::Float(number) => number.to_string(),
                other => return malformed(kind_of(other), "struct field SumCollection.files", "string"),
            };
            files.push((name.to_text().into_owned(), sum));
        }
    }
    Ok(files)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

/// Verifies the archive at `path` by the provenance file beside it (`PATH.prov`) and the keyring at `keyring`.
/// Helm: `VerifyChart`.
///
/// # Errors
/// As [`Keyring::verify`]; the archive, the provenance file or the ring cannot be read.
pub fn verify_file(path: &Path, keyring: &Path, compat: Compat, now: u64) -> Result<Verification> {
    match directory::kind_of(path)? {
        PathKind::Folder => return refused("unpacked charts cannot be verified"),
        PathKind::File if is_tgz(path) => {}
        _ => return refused("chart must be a tgz file"),
    }
    let provenance_path = provenance_path(path);
    directory::kind_of(&provenance_path).map_err(|error| {
        error.prefixed(format_args!("could not load provenance file {}: ", provenance_path.display()))
    })?;
    let keyring = Keyring::read(keyring).map_err(|error| error.prefixed("failed to load keyring: "))?;
    let reading = |what: &'static str| {
        move |error: Error| match compat {
            Compat::Helm3 => error,
            Compat::Helm4 => error.prefixed(format_args!("failed to read {what}: ")),
        }
    };
    let digest = sha256_file(path).map_err(reading("chart archive"))?;
    let provenance =
        directory::read_file(&provenance_path, PROVENANCE_LIMIT).map_err(reading("provenance file"))?;
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    keyring.verify(digest, &file_name, &provenance, compat, now)
}

/// Helm looks at the name alone.
fn is_tgz(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tgz"))
}

/// The provenance file beside an archive.
pub fn provenance_path(archive: &Path) -> std::path::PathBuf {
    let mut name = archive.as_os_str().to_owned();
    name.push(EXTENSION);
    name.into()
}

/// Who signed, and what. Prints what `helm verify` prints.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The names of the key that signed, in the keyring's order.
    pub signed_by: Vec<String>,
    /// The key's fingerprint: 40 hexadecimal digits in capitals.
    pub fingerprint: String,
    /// The archive's file name.
    pub file_name: String,
    /// The archive's digest.
    pub digest: Digest,
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.signed_by {
            writeln!(f, "Signed by: {name}")?;
        }
        writeln!(f, "Using Key With Fingerprint: {}", self.fingerprint)?;
        writeln!(f, "Chart Hash Verified: {}", self.digest)
    }
}

/// A key to sign with.
#[derive(Debug)]
pub struct SigningKey {
    name: String,
    secret: SecretKey,
}

impl SigningKey {
    /// The name by which the key was found: `NAME (COMMENT) <EMAIL>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's fingerprint: 40 hexadecimal digits in capitals.
    pub fn fingerprint(&self) -> String {
        hexadecimal(&self.secret.fingerprint())
    }

    /// Whether the key wants a passphrase before it signs.
    pub fn is_locked(&self) -> bool {
        self.locked().is_some_and(|parameters| !is_dummy(parameters))
    }

    fn locked(&self) -> Option<&EncryptedSecretParams> {
        match self.secret.secret_params() {
            SecretParams::Plain(_) => None,
            SecretParams::Encrypted(parameters) => Some(parameters),
        }
    }

    /// Unlocks the key; a key that is not locked stays as it is.
    ///
    /// # Errors
    /// The passphrase is wrong, or the key asks for more memory than 64 MiB to try it.
    pub fn unlock(&mut self, passphrase: &[u8]) -> Result<()> {
        let Some(parameters) = self.locked() else { return Ok(()) };
        if is_dummy(parameters) {
            return Ok(());
        }
        if let Some(StringToKey::Argon2 { m_enc, .. }) = string_to_key(parameters)
            && *m_enc > ARGON2_MEMORY
        {
            let message = format!("openpgp: unsupported feature: the key wants 2^{m_enc} KiB to be unlocked");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        self.secret.remove_password(&Password::from(passphrase)).map_err(|error| {
            let message = "openpgp: invalid data: private key checksum failure";
            Error::new(ErrorKind::Signature, message).with_source(error)
        })
    }

    /// Signs an archive: makes the provenance file's text from the chart's metadata and the archive's digest. `time`
    /// is when, in seconds since 1970; a time before the key was made is moved there. With RSA and Ed25519 keys the
    /// same archive and time give the same text.
    ///
    /// # Errors
    /// The archive is no chart, the key is locked, or there is only a stub of it.
    pub fn sign(&self, archive: &[u8], file_name: &str, compat: Compat, time: u64) -> Result<String> {
        if self.locked().is_some_and(is_dummy) {
            return refused(
                "failed to either sign or armor message block: openpgp: s2k GNU dummy key: dummy key found",
            );
        }
        if self.is_locked() {
            let id = self.secret.legacy_key_id().to_string().to_uppercase();
            return refused(format!("openpgp: invalid argument: signing key {id} is encrypted"));
        }
        let options = LoadOptions::new(compat).version_check(VersionCheck::Skip);
        let chart = load_archive(archive, &options).map_err(|error| match compat {
            Compat::Helm3 => error,
            Compat::Helm4 => error.prefixed("failed to load chart for signing: "),
        })?;
        let text = message(chart.metadata(), file_name, sha256(archive))?;
        let signature = self.signature(&text, time).map_err(|error| {
            let message = format!("failed to either sign or armor message block: {error}");
            Error::new(ErrorKind::Signature, message)
        })?;
        Ok(clearsign::encode(&text, "SHA512", &signature))
    }

    fn signature(&self, text: &str, time: u64) -> pgp::errors::Result<Vec<u8>> {
        let key = &self.secret;
        let time = u32::try_from(time).unwrap_or(u32::MAX).max(key.created_at().as_secs());
        let (kind, hash) = (SignatureType::Text, HashAlgorithm::Sha512);
        let mut config = if key.version() == KeyVersion::V6 {
            // The salt's job is to make signatures differ; equal input shall give equal signatures here.
            let seed = sha256(text.as_bytes());
            let salt = [seed.bytes(), seed.bytes()].concat();
            let length = hash.salt_len().unwrap_or_default().min(salt.len());
            SignatureConfig::v6_with_salt(kind, key.algorithm(), hash, salt[..length].to_vec())
        } else {
            SignatureConfig::v4(kind, key.algorithm(), hash)
        };
        config.hashed_subpackets = vec![
            Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::from_secs(time)))?,
            Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
        ];
        if key.version() != KeyVersion::V6 {
            config
                .hashed_subpackets
                .push(Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?);
        }
        let signature = config.sign(key, &Password::empty(), &clearsign::signed_form(text)[..])?;
        let mut bytes = Vec::new();
        pgp::packet::PacketTrait::to_writer_with_header(&signature, &mut bytes)?;
        Ok(bytes)
    }
}

fn string_to_key(parameters: &EncryptedSecretParams) -> Option<&StringToKey> {
    match parameters.string_to_key_params() {
        S2kParams::Unprotected | S2kParams::LegacyCfb { .. } => None,
        S2kParams::Aead { s2k, .. } | S2kParams::Cfb { s2k, .. } | S2kParams::MalleableCfb { s2k, .. } => {
            Some(s2k)
        }
    }
}

/// Whether the secret half lies elsewhere: GnuPG writes a stub for keys on cards and for primary keys left at home.
fn is_dummy(parameters: &EncryptedSecretParams) -> bool {
    matches!(string_to_key(parameters), Some(StringToKey::Private { .. } | StringToKey::Other { .. }))
}

/// What is signed. Helm: `messageBlock`.
fn message(metadata: &Metadata, file_name: &str, digest: Digest) -> Result<String> {
    let mut files = Map::new();
    files.insert(file_name, Value::from(digest.to_string()));
    let mut sums = Map::new();
    sums.insert("files", files.into());
    let sums = yaml::write(&sums.into())
        .map_err(|error| Error::new(ErrorKind::Chart, error.marshal_text()).with_source(error))?;
    let metadata = metadata.to_yaml()?;
    Ok(format!("{}{SEPARATOR}{}", String::from_utf8_lossy(&metadata), String::from_utf8_lossy(&sums)))
}
