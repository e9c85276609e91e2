//! Prime numbers, and the arithmetic of keys.
//!
//! Keys are made here, and not by a library of keys, because the same seed must give the same key: no such
//! library takes its chance from outside and is quick as well. The arithmetic is `crypto-bigint`'s.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul, Limb, NonZero, Odd, Resize, Word};

use crate::template::funcs::random::Chance;

/// Primes below this are tried before anything that takes time.
const SMALL_PRIME_LIMIT: usize = 1 << 14;

/// How many odd numbers are sieved at a time.
const WINDOW: usize = 2_048;

/// Rounds of Miller and Rabin with a random base, after one with 2. Chosen at random, a composite passes them
/// with a probability below 2^-100 (FIPS 186-5, table B.1, asks for 5 at 1,024 bits and 4 at 1,536).
const ROUNDS: usize = 8;

/// A number that is not negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Natural(BoxedUint);

impl Natural {
    /// From bytes, most significant first.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(BoxedUint::from_be_slice_vartime(bytes)).trimmed()
    }

    pub(super) fn from_small(number: u64) -> Self {
        Self::from_bytes(&number.to_be_bytes())
    }

    /// In as little room as it needs.
    fn trimmed(self) -> Self {
        let bits = self.0.bits_vartime().max(1);
        Self(self.0.resize(bits))
    }

    /// Most significant first, without zeros in front.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let bytes = self.0.to_be_bytes();
        bytes[bytes.iter().take_while(|&&byte| byte == 0).count()..].to_vec()
    }

    pub(super) fn bits(&self) -> u32 {
        self.0.bits_vartime()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.bits() == 0
    }

    fn is_odd(&self) -> bool {
        self.0.as_words().first().is_some_and(|word| word & 1 == 1)
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        Self(self.0.concatenating_mul(&other.0)).trimmed()
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        Self(self.0.concatenating_add(&other.0)).trimmed()
    }

    /// The difference, 0 when the other one is larger.
    pub(super) fn minus(&self, other: &Self) -> Self {
        if self.0.cmp_vartime(&other.0).is_lt() {
            return Self::from_small(0);
        }
        let bits = self.0.bits_precision();
        Self(self.0.wrapping_sub(other.0.clone().resize(bits))).trimmed()
    }

    /// What division by `divisor` gives and leaves; nothing and everything for division by 0.
    pub(super) fn divided_by(&self, divisor: &Self) -> (Self, Self) {
        let Some(divisor) = NonZero::new(divisor.0.clone()).into_option() else {
            return (Self::from_small(0), self.clone());
        };
        let (quotient, rest) = self.0.div_rem_vartime(&divisor);
        (Self(quotient).trimmed(), Self(rest).trimmed())
    }

    pub(super) fn modulo(&self, modulus: &Self) -> Self {
        self.divided_by(modulus).1
    }

    /// What division by a small number leaves.
    fn modulo_small(&self, divisor: Word) -> Word {
        match NonZero::new(Limb(divisor)).into_option() {
            Some(divisor) => self.0.rem_limb(divisor).0,
            None => 0,
        }
    }

    /// The power of this number modulo an odd number.
    pub(super) fn power(&self, exponent: &Self, modulus: &Self) -> Option<Self> {
        let ring = Ring::new(modulus)?;
        Some(Self(ring.number(self).pow(&exponent.0).retrieve()).trimmed())
    }
}

/// The numbers below an odd one.
struct Ring {
    params: BoxedMontyParams,
    modulus: Natural,
}

impl Ring {
    fn new(modulus: &Natural) -> Option<Self> {
        let odd = Odd::new(modulus.0.clone()).into_option()?;
        Some(Self { params: BoxedMontyParams::new_vartime(odd), modulus: modulus.clone() })
    }

    fn number(&self, number: &Natural) -> BoxedMontyForm {
        let rest = number.modulo(&self.modulus).0;
        BoxedMontyForm::new(rest.resize(self.modulus.0.bits_precision()), &self.params)
    }
}

/// The odd primes below [`SMALL_PRIME_LIMIT`].
fn small_primes() -> &'static [Word] {
    static PRIMES: std::sync::OnceLock<Vec<Word>> = std::sync::OnceLock::new();
    PRIMES.get_or_init(|| {
        let mut composite = vec![false; SMALL_PRIME_LIMIT];
        let mut primes = Vec::new();
        for number in (3..SMALL_PRIME_LIMIT).step_by(2) {
            if !composite[number] {
                primes.push(number as Word);
                (number * number..SMALL_PRIME_LIMIT).step_by(number).for_each(|it| composite[it] = true);
            }
        }
        primes
    })
}

/// Whether a large odd number is a prime, as far as that can be told.
fn is_probably_prime(candidate: &Natural, chance: &Chance<'_>) -> bool {
    let Some(ring) = Ring::new(candidate) else { return false };
    let one = Natural::from_small(1);
    let minus_one = candidate.minus(&one);
    let twos = minus_one.0.trailing_zeros_vartime();
    let odd_part = Natural(minus_one.0.shr(twos)).trimmed();
    let (one, minus_one) = (ring.number(&one), ring.number(&minus_one));
    let passes = |base: &Natural| {
        let mut power = ring.number(base).pow(&odd_part.0);
        if power == one || power == minus_one {
            return true;
        }
        for _ in 1..twos {
            power = power.square();
            if power == minus_one {
                return true;
            }
        }
        false
    };
    passes(&Natural::from_small(2))
        && (0..ROUNDS).all(|_| {
            // Never 0, 1 or -1: a base of fewer bits.
            let base = random(chance, candidate.bits() - 1);
            base.bits() < 2 || passes(&base)
        })
}

/// A random number of at most so many bits.
pub(super) fn random(chance: &Chance<'_>, bits: u32) -> Natural {
    let mut bytes = vec![0; bits.div_ceil(8) as usize];
    chance.fill(&mut bytes);
    if let Some(first) = bytes.first_mut()
        && !bits.is_multiple_of(8)
    {
        *first &= (1 << (bits % 8)) - 1;
    }
    Natural::from_bytes(&bytes)
}

/// How many times a search begins anew before it gives up: a source that always gives the same bytes must not
/// keep us forever. A window has no prime of 1,024 bits once in 300 times, none of 2,048 bits once in 18.
pub(super) const ATTEMPTS: usize = 32;

/// A random prime of exactly so many bits (at least 128), of which the two highest are set, and which `wanted`
/// accepts. `None` when the source of randomness has none.
pub(super) fn prime(chance: &Chance<'_>, bits: u32, wanted: impl Fn(&Natural) -> bool) -> Option<Natural> {
    for _ in 0..ATTEMPTS {
        let mut bytes = random(chance, bits).to_bytes();
        bytes.splice(0..0, vec![0; (bits.div_ceil(8) as usize).saturating_sub(bytes.len())]);
        let top = (bits - 1) % 8;
        bytes[0] |= 1 << top;
        if top > 0 {
            bytes[0] |= 1 << (top - 1);
        } else {
            bytes[1] |= 0x80;
        }
        if let Some(last) = bytes.last_mut() {
            *last |= 1;
        }
        let start = Natural::from_bytes(&bytes);
        // Composite by a small prime: start + 2 * index.
        let mut composite = vec![false; WINDOW];
        for &small in small_primes() {
            let rest = start.modulo_small(small);
            // The first index at which start + 2 * index is a multiple: -rest / 2 modulo the prime.
            let distance = (small - rest) % small;
            let index = if distance.is_multiple_of(2) { distance / 2 } else { (distance + small) / 2 };
            (index as usize..WINDOW).step_by(small as usize).for_each(|it| composite[it] = true);
        }
        for index in (0..WINDOW).filter(|&index| !composite[index]) {
            let candidate = start.plus(&Natural::from_small(2 * index as u64));
            if candidate.bits() == bits && wanted(&candidate) && is_probably_prime(&candidate, chance) {
                return Some(candidate);
            }
        }
    }
    None
}

/// Whether a large number that was not sieved is a prime.
pub(super) fn is_prime(candidate: &Natural, chance: &Chance<'_>) -> bool {
    candidate.is_odd()
        && small_primes().iter().all(|&small| candidate.modulo_small(small) != 0)
        && is_probably_prime(candidate, chance)
}
