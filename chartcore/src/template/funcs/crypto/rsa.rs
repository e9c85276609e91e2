//! RSA keys. Go: crypto/rsa, and the PKCS#1 parts of crypto/x509.

use std::sync::OnceLock;

use super::der;
use super::prime::{self, Natural, Stream};
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
    /// [`RsaKey::coefficient`], once it was asked for.
    inverse: OnceLock<Natural>,
}

impl RsaKey {
    /// Makes a key whose modulus has so many bits.
    pub(super) fn generate(chance: &Chance<'_>, bits: u32) -> Option<Self> {
        let exponent = Natural::from_small(EXPONENT);
        let one = Natural::from_small(1);
        // The exponent is a prime: it needs only not to divide the prime less one.
        let search =
            |mut stream: Stream| prime::prime(&mut stream, bits / 2, |prime| prime.modulo(&exponent) != one);
        let [first, second] = Stream::several(chance);
        // The two searches are nearly all that a key costs. Which thread does which does not show.
        let (first, second) = if std::thread::available_parallelism().is_ok_and(|count| count.get() > 1) {
            std::thread::scope(|scope| {
                let other = scope.spawn(|| search(second));
                (search(first), other.join().ok().flatten())
            })
        } else {
            (search(first), search(second))
        };
        let (first, second) = (first?, second?);
        if first == second {
            return None;
        }
        let modulus = first.times(&second);
        let totient = first.minus(&one).times(&second.minus(&one));
        // The inverse d of the exponent e modulo the totient t is (1 + k t) / e, with the k below e that makes
        // it whole: k = -1 / t modulo e, and e is a prime.
        let inverse = totient.power(&exponent.minus(&Natural::from_small(2)), &exponent)?;
        let factor = exponent.minus(&inverse);
        let (private, rest) = factor.times(&totient).plus(&one).divided_by(&exponent);
        let inverse = OnceLock::new();
        rest.is_zero().then_some(Self { modulus, exponent, private, first, second, inverse })
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
        Ok(Self { modulus, exponent, private, first, second, inverse: OnceLock::new() })
    }

    /// `RSAPrivateKey`.
    pub(super) fn to_der(&self) -> Vec<u8> {
        let one = Natural::from_small(1);
        let (first_less, second_less) = (self.first.minus(&one), self.second.minus(&one));
        let numbers = [
            Natural::from_small(0),
            self.modulus.clone(),
            self.exponent.clone(),
            self.private.clone(),
            self.first.clone(),
            self.second.clone(),
            self.private.modulo(&first_less),
            self.private.modulo(&second_less),
            self.coefficient().clone(),
        ];
        let numbers = numbers.map(|number| der::integer(&number.to_bytes()));
        der::element(der::SEQUENCE, numbers.concat())
    }

    /// The inverse of the second prime modulo the first.
    fn coefficient(&self) -> &Natural {
        self.inverse.get_or_init(|| {
            // The inverse modulo a prime is a power.
            let power = self.first.minus(&Natural::from_small(2));
            self.second.power(&power, &self.first).unwrap_or_else(|| Natural::from_small(1))
        })
    }

    /// The power with the private exponent.
    fn decrypt(&self, message: &Natural) -> Option<Natural> {
        // By the two primes, which takes a quarter of the time, if they are what they should be.
        let part = |prime: &Natural| {
            message.power(&self.private.modulo(&prime.minus(&Natural::from_small(1))), prime)
        };
        if let (Some(first), Some(second)) = (part(&self.first), part(&self.second)) {
            let difference = first.plus(&self.first).minus(&second.modulo(&self.first));
            let factor = difference.times(self.coefficient()).modulo(&self.first);
            let power = second.plus(&factor.times(&self.second));
            if power.power(&self.exponent, &self.modulus).as_ref() == Some(message) {
                return Some(power);
            }
        }
        message.power(&self.private, &self.modulus)
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
        let signature = self.decrypt(&Natural::from_bytes(&message))?.to_bytes();
        Some([vec![0; length - signature.len()], signature].concat())
    }
}
