//! RSA keys. Go: crypto/rsa, and the PKCS#1 parts of crypto/x509.

use super::der;
use super::prime::{self, Natural};
use crate::template::funcs::random::Chance;

/// The exponent of every key made here.
const EXPONENT: u64 = 65_537;

/// The largest modulus that is taken from outside; Go has the same limit for signatures in TLS.
const BITS_LIMIT: u32 = 8_192;

/// A private key.
#[derive(Debug, Clone)]
pub(super) struct RsaKey {
    modulus: Natural,
    exponent: Natural,
    private: Natural,
    first: Natural,
    second: Natural,
}

impl RsaKey {
    /// Makes a key whose modulus has so many bits.
    pub(super) fn generate(chance: &Chance<'_>, bits: u32) -> Option<Self> {
        let exponent = Natural::from_small(EXPONENT);
        let one = Natural::from_small(1);
        // The exponent is a prime: it needs only not to divide the prime less one.
        let wanted = |prime: &Natural| prime.modulo(&exponent) != one;
        let first = prime::prime(chance, bits / 2, wanted)?;
        let second = prime::prime(chance, bits / 2, |prime| wanted(prime) && *prime != first)?;
        let modulus = first.times(&second);
        let totient = first.minus(&one).times(&second.minus(&one));
        // The inverse d of the exponent e modulo the totient t is (1 + k t) / e, with the k below e that makes
        // it whole: k = -1 / t modulo e, and e is a prime.
        let inverse = totient.power(&exponent.minus(&Natural::from_small(2)), &exponent)?;
        let factor = exponent.minus(&inverse);
        let (private, rest) = factor.times(&totient).plus(&one).divided_by(&exponent);
        rest.is_zero().then_some(Self { modulus, exponent, private, first, second })
    }

    /// Reads `RSAPrivateKey`.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, &'static str> {
        const MALFORMED: &str = "asn1: syntax error: truncated tag or length";
        let read = || {
            let mut whole = der::Reader::new(der);
            let mut fields = whole.sequence()?;
            let version = fields.integer()?;
            let mut numbers = [const { Vec::new() }; 8];
            for number in &mut numbers {
                *number = fields.integer()?.to_vec();
            }
            (whole.is_empty() && matches!(version, [0])).then_some(numbers)
        };
        let [modulus, exponent, private, first, second, ..] =
            read().ok_or(MALFORMED)?.map(|bytes| Natural::from_bytes(&bytes));
        if modulus.is_zero() || private.is_zero() || first.is_zero() || second.is_zero() {
            return Err("x509: private key contains zero or negative value");
        }
        if modulus.bits() > BITS_LIMIT {
            return Err("crypto/rsa: modulus is too large");
        }
        // Whoever sends a small modulus with huge factors wants to keep us busy.
        if [&private, &first, &second].into_iter().any(|number| number.bits() > modulus.bits()) {
            return Err("crypto/rsa: invalid private key");
        }
        if first.times(&second) != modulus {
            return Err("crypto/rsa: p * q != n");
        }
        Ok(Self { modulus, exponent, private, first, second })
    }

    /// `RSAPrivateKey`.
    pub(super) fn to_der(&self) -> Vec<u8> {
        let one = Natural::from_small(1);
        let (first_less, second_less) = (self.first.minus(&one), self.second.minus(&one));
        // The inverse modulo a prime is a power.
        let coefficient = self.second.power(&first_less.minus(&one), &self.first).unwrap_or(one);
        let numbers = [
            Natural::from_small(0),
            self.modulus.clone(),
            self.exponent.clone(),
            self.private.clone(),
            self.first.clone(),
            self.second.clone(),
            self.private.modulo(&first_less),
            self.private.modulo(&second_less),
            coefficient,
        ];
        let numbers = numbers.map(|number| der::integer(&number.to_bytes()));
        der::element(der::SEQUENCE, numbers.concat())
    }

    /// `RSAPublicKey`.
    pub(super) fn public_der(&self) -> Vec<u8> {
        der::sequence(&[&der::integer(&self.modulus.to_bytes()), &der::integer(&self.exponent.to_bytes())])
    }

    /// Signs the SHA-256 of something by PKCS#1 v1.5.
    pub(super) fn sign_sha256(&self, digest: &[u8; 32]) -> Option<Vec<u8>> {
        /// What stands before the digest: the name of SHA-256.
        const PREFIX: [u8; 19] = [
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
            0x00, 0x04, 0x20,
        ];
        let length = self.modulus.bits().div_ceil(8) as usize;
        let padding = length.checked_sub(3 + PREFIX.len() + digest.len()).filter(|&padding| padding >= 8)?;
        let message = [&[0, 1], vec![0xff; padding].as_slice(), &[0], &PREFIX, digest].concat();
        let signature = Natural::from_bytes(&message).power(&self.private, &self.modulus)?.to_bytes();
        Some([vec![0; length - signature.len()], signature].concat())
    }
}
