//! Private keys of all kinds, and their PEM. Sprig: crypto.go; Go: crypto/x509.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::rsa::RsaKey;
use super::{der, dsa};
use crate::template::funcs::encoding;
use crate::template::funcs::random::Chance;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// A curve of NIST's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    fn object(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            Self::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
            Self::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        }
    }

    fn of_object(object: &[u8]) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.object() == object)
    }

    /// Bytes of a scalar.
    fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The public point of a scalar, not compressed; `None` when the scalar is out of range.
    fn public(self, scalar: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Self::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(scalar).ok()?;
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
            }
            Self::P384 => {
                let key = p384::ecdsa::SigningKey::from_slice(scalar).ok()?;
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
            }
            Self::P521 => {
                let key = p521::ecdsa::SigningKey::from_slice(scalar).ok()?;
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
            }
        })
    }

    /// The name of the signature and the signature itself.
    fn sign(self, scalar: &[u8], message: &[u8]) -> Option<(&'static [u8], Vec<u8>)> {
        Some(match self {
            Self::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(scalar).ok()?;
                let signature: p256::ecdsa::Signature = key.sign_prehash(&Sha256::digest(message)).ok()?;
                (ECDSA_SHA256, signature.to_der().as_bytes().to_vec())
            }
            Self::P384 => {
                let key = p384::ecdsa::SigningKey::from_slice(scalar).ok()?;
                let signature: p384::ecdsa::Signature = key.sign_prehash(&Sha384::digest(message)).ok()?;
                (ECDSA_SHA384, signature.to_der().as_bytes().to_vec())
            }
            Self::P521 => {
                let key = p521::ecdsa::SigningKey::from_slice(scalar).ok()?;
                let signature: p521::ecdsa::Signature = key.sign_prehash(&Sha512::digest(message)).ok()?;
                (ECDSA_SHA512, signature.to_der().as_bytes().to_vec())
            }
        })
    }
}

/// A private key.
#[derive(Debug, Clone)]
pub(super) enum PrivateKey {
    Rsa(RsaKey),
    Ec(EcKey),
    Ed25519([u8; 32]),
    /// Sprig's own form, which is kept as it is.
    Dsa(Vec<u8>),
}

/// A scalar on a curve, and the point it stands for.
#[derive(Debug, Clone)]
pub(super) struct EcKey {
    curve: Curve,
    scalar: Vec<u8>,
    public: Vec<u8>,
}

/// What a source of randomness that gives always the same must be told.
const NO_CHANCE: &str = "the source of randomness gives no primes";

impl PrivateKey {
    /// Makes an RSA key whose modulus has so many bits.
    pub(super) fn rsa(chance: &Chance<'_>, bits: u32) -> Result<Self, &'static str> {
        RsaKey::generate(chance, bits).map(Self::Rsa).ok_or(NO_CHANCE)
    }

    pub(super) fn dsa(chance: &Chance<'_>) -> Result<Self, &'static str> {
        dsa::generate(chance).map(Self::Dsa).ok_or(NO_CHANCE)
    }

    /// Makes a key on P-256.
    pub(super) fn ecdsa(chance: &Chance<'_>) -> Result<Self, &'static str> {
        let curve = Curve::P256;
        // Nearly every number of 256 bits is in range.
        for _ in 0..super::prime::ATTEMPTS {
            let mut scalar = vec![0; curve.length()];
            chance.fill(&mut scalar);
            if let Some(public) = curve.public(&scalar) {
                return Ok(Self::Ec(EcKey { curve, scalar, public }));
            }
        }
        Err(NO_CHANCE)
    }

    pub(super) fn ed25519(chance: &Chance<'_>) -> Self {
        let mut seed = [0; 32];
        chance.fill(&mut seed);
        Self::Ed25519(seed)
    }

    /// Reads a key in PEM. Sprig: `parsePrivateKeyPEM`.
    pub(super) fn from_pem(text: &[u8]) -> Result<Self, String> {
        let decode = |letters: &[u8]| encoding::decode_base64(letters).ok();
        let Some((label, der)) = der::from_pem(text, decode) else {
            return Err("no PEM data in input".to_owned());
        };
        if label == "PRIVATE KEY" {
            return Self::from_pkcs8(&der).map_err(|problem| format!("decoding PEM as PKCS#8: {problem}"));
        }
        let Some(kind) = label.strip_suffix(" PRIVATE KEY") else {
            return Err(format!("no private key data in PEM block of type {label}"));
        };
        match kind {
            "RSA" => RsaKey::from_der(&der).map(Self::Rsa).map_err(str::to_owned),
            "EC" => EcKey::from_der(&der, None).map(Self::Ec).map_err(str::to_owned),
            "DSA" => dsa_fields(&der).map(|()| Self::Dsa(der)).ok_or_else(|| MALFORMED.to_owned()),
            _ => return Err(format!("invalid private key type {label}")),
        }
        .map_err(|problem| format!("parsing {kind} private key from PEM: {problem}"))
    }

    /// Reads `PrivateKeyInfo`.
    fn from_pkcs8(der: &[u8]) -> Result<Self, String> {
        let read = || {
            let mut fields = der::Reader::new(der).sequence()?;
            fields.integer()?;
            let mut algorithm = fields.sequence()?;
            let name = algorithm.read(der::OBJECT)?;
            let parameter = algorithm.read(der::OBJECT);
            Some((name, parameter, fields.read(der::OCTET_STRING)?))
        };
        let (name, parameter, key) = read().ok_or(MALFORMED)?;
        match name {
            RSA => RsaKey::from_der(key).map(Self::Rsa).map_err(|problem| {
                format!("x509: failed to parse RSA private key embedded in PKCS#8: {problem}")
            }),
            EC => {
                let curve = parameter.and_then(Curve::of_object);
                EcKey::from_der(key, curve).map(Self::Ec).map_err(|problem| {
                    format!("x509: failed to parse EC private key embedded in PKCS#8: {problem}")
                })
            }
            ED25519 => {
                let seed = der::Reader::new(key).read(der::OCTET_STRING);
                seed.and_then(|seed| seed.try_into().ok())
                    .map(Self::Ed25519)
                    .ok_or_else(|| "x509: invalid Ed25519 private key".to_owned())
            }
            _ => Err("x509: PKCS#8 wrapping contained private key with unknown algorithm".to_owned()),
        }
    }

    /// The key in PEM. Sprig: `pemBlockForKey`.
    pub(super) fn to_pem(&self) -> String {
        match self {
            Self::Rsa(key) => der::to_pem("RSA PRIVATE KEY", &key.to_der()),
            Self::Ec(key) => der::to_pem("EC PRIVATE KEY", &key.to_der()),
            Self::Dsa(der) => der::to_pem("DSA PRIVATE KEY", der),
            Self::Ed25519(seed) => {
                let key = der::element(der::OCTET_STRING, der::element(der::OCTET_STRING, seed));
                let algorithm = der::sequence(&[&der::element(der::OBJECT, ED25519)]);
                der::to_pem("PRIVATE KEY", &der::sequence(&[&der::integer(&[0]), &algorithm, &key]))
            }
        }
    }

    /// The public key as bits, and `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// A DSA key, which Go has no such form for.
    pub(super) fn public(&self) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
        let object = |name: &[u8]| der::element(der::OBJECT, name);
        let (algorithm, bits) = match self {
            Self::Rsa(key) => {
                (der::sequence(&[&object(RSA), &der::element(der::NULL, [])]), key.public_der())
            }
            Self::Ec(key) => (der::sequence(&[&object(EC), &object(key.curve.object())]), key.public.clone()),
            Self::Ed25519(seed) => {
                let key = ed25519_dalek::SigningKey::from_bytes(seed);
                (der::sequence(&[&object(ED25519)]), key.verifying_key().to_bytes().to_vec())
            }
            Self::Dsa(_) => return Err("x509: unsupported public key type: *dsa.PublicKey"),
        };
        let info = der::sequence(&[&algorithm, &der::bit_string(&bits)]);
        Ok((bits, info))
    }

    /// The `AlgorithmIdentifier` of this key's signatures.
    ///
    /// # Errors
    /// A DSA key, which Go does not sign certificates with.
    pub(super) fn signature_algorithm(&self) -> Result<Vec<u8>, &'static str> {
        let object = |name: &[u8]| der::element(der::OBJECT, name);
        Ok(match self {
            Self::Rsa(_) => der::sequence(&[&object(RSA_SHA256), &der::element(der::NULL, [])]),
            Self::Ec(key) => der::sequence(&[&object(match key.curve {
                Curve::P256 => ECDSA_SHA256,
                Curve::P384 => ECDSA_SHA384,
                Curve::P521 => ECDSA_SHA512,
            })]),
            Self::Ed25519(_) => der::sequence(&[&object(ED25519)]),
            Self::Dsa(_) => return Err("x509: certificate private key does not implement crypto.Signer"),
        })
    }

    /// The signature of a message.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        match self {
            Self::Rsa(key) => key
                .sign_sha256(&Sha256::digest(message).into())
                .ok_or("crypto/rsa: message too long for RSA key size"),
            Self::Ec(key) => match key.curve.sign(&key.scalar, message) {
                Some((_, signature)) => Ok(signature),
                None => Err("ecdsa: invalid private key"),
            },
            Self::Ed25519(seed) => {
                use ed25519_dalek::Signer;
                Ok(ed25519_dalek::SigningKey::from_bytes(seed).sign(message).to_bytes().to_vec())
            }
            Self::Dsa(_) => Err("x509: certificate private key does not implement crypto.Signer"),
        }
    }
}

const MALFORMED: &str = "asn1: syntax error: truncated tag or length";

/// Checks that six numbers are there.
fn dsa_fields(der: &[u8]) -> Option<()> {
    let mut fields = der::Reader::new(der).sequence()?;
    (0..6).try_for_each(|_| fields.integer().map(drop))
}

impl EcKey {
    /// Reads `ECPrivateKey`; `curve` is what stands around it.
    fn from_der(der: &[u8], curve: Option<Curve>) -> Result<Self, &'static str> {
        let read = || {
            let mut fields = der::Reader::new(der).sequence()?;
            let version = fields.integer()?;
            let scalar = fields.read(der::OCTET_STRING)?;
            let named = if fields.peek() == Some(der::context(0, true)) {
                Some(der::Reader::new(fields.read(der::context(0, true))?).read(der::OBJECT)?)
            } else {
                None
            };
            Some((version, scalar, named))
        };
        let (version, scalar, named) = read().ok_or("x509: failed to parse EC private key")?;
        if version != [1] {
            return Err("x509: unknown EC private key version");
        }
        let curve = curve.or_else(|| Curve::of_object(named?)).ok_or("x509: unknown elliptic curve")?;
        let digits = &scalar[scalar.iter().take_while(|&&byte| byte == 0).count()..];
        let zeros = curve.length().checked_sub(digits.len()).ok_or("x509: invalid private key length")?;
        let scalar = [vec![0; zeros].as_slice(), digits].concat();
        let public = curve.public(&scalar).ok_or("x509: invalid elliptic curve private key value")?;
        Ok(Self { curve, scalar, public })
    }

    /// `ECPrivateKey`, with the curve and the public point.
    fn to_der(&self) -> Vec<u8> {
        let curve = der::element(der::OBJECT, self.curve.object());
        der::sequence(&[
            &der::integer(&[1]),
            &der::element(der::OCTET_STRING, &self.scalar),
            &der::element(der::context(0, true), curve),
            &der::element(der::context(1, true), der::bit_string(&self.public)),
        ])
    }
}
