//! Prime numbers, and the arithmetic of keys.
//!
//! Keys are made here, and not by a library of keys, because the same seed must give the same key: no such
//! library takes its chance from outside and is quick as well. What takes time is in [`montgomery`]; the rest
//! of the arithmetic is `crypto-bigint`'s.
//!
//! [`montgomery`]: super::montgomery

use std::ops::Range;
use std::sync::OnceLock;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul, Limb, NonZero, Odd, Resize, Word};
use sha2::{Digest, Sha256};

use super::montgomery::Modulus;
use crate::template::funcs::random::Chance;

/// Primes below this are tried before anything that takes time. Twice as many would save one power in twenty,
/// and cost as much.
const SMALL_PRIME_LIMIT: usize = 1 << 16;

/// How many odd numbers are sieved at a time. None of them is a prime once in 300 times when they have 2,048
/// bits, and next to never when they have 1,024.
const WINDOW: usize = 4_096;

/// Rounds of Miller and Rabin with a random base, after one with 2: as many as FIPS 186-5, table B.1, asks for.
fn rounds(bits: u32) -> usize {
    match bits {
        1_536.. => 4,
        1_024.. => 5,
        // Few are asked for; what it gives for keys nobody should want.
        _ => 16,
    }
}

/// Chance that can be taken to another thread: a seed from the host, stretched.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    seed: [u8; 32],
    blocks: u64,
    rest: Vec<u8>,
}

impl Stream {
    /// So many streams that share nothing, from one seed.
    pub(super) fn several<const N: usize>(chance: &Chance<'_>) -> [Self; N] {
        let mut seed = [0; 32];
        chance.fill(&mut seed);
        // Each counts from a beginning of its own, which no other reaches.
        std::array::from_fn(|index| Self { seed, blocks: (index as u64) << 48, rest: Vec::new() })
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.rest.is_empty() {
                let hash = Sha256::new().chain_update(self.seed).chain_update(self.blocks.to_be_bytes());
                self.rest = hash.finalize().to_vec();
                self.blocks += 1;
            }
            *byte = self.rest.pop().unwrap_or_default();
        }
    }
}

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

    /// The words, least significant first; `None` when there are not exactly so many bits.
    fn words<const N: usize>(&self) -> Option<[u64; N]> {
        if self.bits() as usize != 64 * N {
            return None;
        }
        let mut words = [0; N];
        words.copy_from_slice(&self.all_words());
        Some(words)
    }

    fn all_words(&self) -> Vec<u64> {
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        self.to_bytes().rchunks(8).map(word).collect()
    }

    fn from_words(words: &[u64]) -> Self {
        Self::from_bytes(&words.iter().rev().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>())
    }

    /// The power of this number modulo an odd number.
    pub(super) fn power(&self, exponent: &Self, modulus: &Self) -> Option<Self> {
        match modulus.bits() {
            1_024 => return self.fixed_power::<16>(exponent, modulus),
            2_048 => return self.fixed_power::<32>(exponent, modulus),
            _ => {}
        }
        let ring = Ring::new(modulus)?;
        Some(Self(ring.number(self).pow(&exponent.0).retrieve()).trimmed())
    }

    fn fixed_power<const N: usize>(&self, exponent: &Self, modulus: &Self) -> Option<Self> {
        let ring = Modulus::<N>::new(modulus.words()?)?;
        let mut words = [0; N];
        words.iter_mut().zip(self.modulo(modulus).all_words()).for_each(|(to, from)| *to = from);
        let power = ring.power(&ring.number(&words), &exponent.all_words());
        Some(Self::from_words(&ring.words(&power)))
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

/// The odd primes below [`SMALL_PRIME_LIMIT`], and their products as far as they fit a word: the rest of a long
/// number is taken by a product, and by its primes of that.
struct SmallPrimes {
    primes: Vec<Word>,
    groups: Vec<(Word, Range<usize>)>,
}

fn small_primes() -> &'static SmallPrimes {
    static PRIMES: OnceLock<SmallPrimes> = OnceLock::new();
    PRIMES.get_or_init(|| {
        let mut composite = vec![false; SMALL_PRIME_LIMIT];
        let mut primes = Vec::new();
        let mut groups: Vec<(Word, Range<usize>)> = Vec::new();
        for number in (3..SMALL_PRIME_LIMIT).step_by(2).filter(|&number| !take(&mut composite, number)) {
            let (index, prime) = (primes.len(), number as Word);
            match groups.last_mut() {
                Some((product, range)) if product.checked_mul(prime).is_some() => {
                    *product *= prime;
                    range.end = index + 1;
                }
                _ => groups.push((prime, index..index + 1)),
            }
            primes.push(prime);
        }
        SmallPrimes { primes, groups }
    })
}

/// Whether an odd number is composite, as the sieve knows it; if not, its multiples are.
fn take(composite: &mut [bool], number: usize) -> bool {
    if composite[number] {
        return true;
    }
    composite.iter_mut().skip(number * number).step_by(2 * number).for_each(|it| *it = true);
    false
}

impl SmallPrimes {
    /// Each prime, and what division by it leaves of `number`.
    fn rests(&self, number: &Natural) -> impl Iterator<Item = (Word, Word)> {
        self.groups.iter().flat_map(move |(product, range)| {
            let rest = number.modulo_small(*product);
            self.primes[range.clone()].iter().map(move |&prime| (prime, rest % prime))
        })
    }
}

/// Whether an odd number of 256, 1,024 or 2,048 bits is a prime, as far as that can be told. Others are not asked
/// for, and are none.
fn is_probably_prime(candidate: &Natural, stream: &mut Stream) -> bool {
    let answer = match candidate.bits() {
        256 => passes_rounds::<4>(candidate, stream),
        1_024 => passes_rounds::<16>(candidate, stream),
        2_048 => passes_rounds::<32>(candidate, stream),
        _ => None,
    };
    answer.unwrap_or(false)
}

/// Miller and Rabin; with base 2 first, which nearly every composite fails.
fn passes_rounds<const N: usize>(candidate: &Natural, stream: &mut Stream) -> Option<bool> {
    let ring = Modulus::<N>::new(candidate.words()?)?;
    let even = candidate.minus(&Natural::from_small(1));
    let twos = even.0.trailing_zeros_vartime();
    let odd_part = Natural(even.0.shr(twos)).all_words();
    let (one, minus_one) = (ring.one(), ring.minus_one());
    let is_witness = |mut power: [u64; N]| {
        if power == one || power == minus_one {
            return false;
        }
        for _ in 1..twos {
            power = ring.squared(&power);
            if power == minus_one {
                return false;
            }
        }
        true
    };
    if is_witness(ring.power_of_two(&odd_part)) {
        return Some(false);
    }
    for _ in 0..rounds(candidate.bits()) {
        let mut base = [0; N];
        for word in &mut base {
            let mut bytes = [0; 8];
            stream.fill(&mut bytes);
            *word = u64::from_le_bytes(bytes);
        }
        // Never 1 or -1, and 0 never in practice: a base of fewer bits, and not a small one.
        base[N - 1] &= u64::MAX >> 1;
        base[1] |= 1;
        if is_witness(ring.power(&ring.number(&base), &odd_part)) {
            return Some(false);
        }
    }
    Some(true)
}

/// A random number of at most so many bits.
pub(super) fn random(stream: &mut Stream, bits: u32) -> Natural {
    let mut bytes = vec![0; bits.div_ceil(8) as usize];
    stream.fill(&mut bytes);
    if let Some(first) = bytes.first_mut()
        && !bits.is_multiple_of(8)
    {
        *first &= (1 << (bits % 8)) - 1;
    }
    Natural::from_bytes(&bytes)
}

/// How many times a search begins anew before it gives up, which it never has to in practice.
pub(super) const ATTEMPTS: usize = 32;

/// A random prime of exactly so many bits (256, 1,024 or 2,048), of which the two highest are set, and which
/// `wanted` accepts. `None` when none was found.
pub(super) fn prime(stream: &mut Stream, bits: u32, wanted: impl Fn(&Natural) -> bool) -> Option<Natural> {
    for _ in 0..ATTEMPTS {
        let mut bytes = vec![0; bits.div_ceil(8) as usize];
        stream.fill(&mut bytes);
        *bytes.first_mut()? |= 0xc0;
        *bytes.last_mut()? |= 1;
        let start = Natural::from_bytes(&bytes);
        // Composite by a small prime: start + 2 * index.
        let mut composite = vec![false; WINDOW];
        for (small, rest) in small_primes().rests(&start) {
            // The first index at which start + 2 * index is a multiple: -rest / 2 modulo the prime.
            let distance = if rest == 0 { 0 } else { small - rest };
            let index = if distance.is_multiple_of(2) { distance / 2 } else { (distance + small) / 2 };
            composite.iter_mut().skip(index as usize).step_by(small as usize).for_each(|it| *it = true);
        }
        for index in (0..WINDOW).filter(|&index| !composite[index]) {
            let candidate = start.plus(&Natural::from_small(2 * index as u64));
            if wanted(&candidate) && is_probably_prime(&candidate, stream) {
                return Some(candidate);
            }
        }
    }
    None
}

/// Whether a large number that was not sieved is a prime.
pub(super) fn is_prime(candidate: &Natural, stream: &mut Stream) -> bool {
    candidate.is_odd()
        && small_primes().rests(candidate).all(|(_, rest)| rest != 0)
        && is_probably_prime(candidate, stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::SealedHost;

    fn stream() -> Stream {
        let host = SealedHost::new("primes");
        let [stream] = Stream::several(&Chance::new(&host));
        stream
    }

    fn number(hexadecimal: &str) -> Natural {
        let digits: Vec<u8> = hexadecimal.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        Natural::from_bytes(&digits.chunks(2).map(byte).collect::<Vec<_>>())
    }

    /// 2^256 - 189, the prime of P-256, and the ones of RFC 2409 (section 6.2) and RFC 3526 (section 3).
    const PRIMES: [&str; 4] = [
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff43",
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3
         cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5
         ae9f24117c4b1fe649286651ece65381ffffffffffffffff",
        "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3
         cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5
         ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356
         208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28f
         b5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff",
    ];

    #[test]
    fn known_primes_are_primes_and_their_neighbours_are_not() {
        let mut stream = stream();
        for text in PRIMES {
            let prime = number(text);
            assert!(is_prime(&prime, &mut stream), "{text}");
            for distance in [2, 4, 6, 8, 10] {
                // The nearest of these primes is 54 below.
                let neighbour = prime.minus(&Natural::from_small(distance));
                assert!(!is_probably_prime(&neighbour, &mut stream), "{text} - {distance}");
            }
        }
    }

    /// Composites without small factors, among them one that passes Miller and Rabin with base 2.
    #[test]
    fn products_of_large_primes_are_none() {
        let mut stream = stream();
        let pairs = [
            ("ffffffffffffffffffffffffffffff61", "ffffffffffffffffffffffffffffff53"),
            (PRIMES[0], PRIMES[1]),
        ];
        for (left, right) in pairs {
            let product = number(left).times(&number(right));
            assert!(!is_prime(&product, &mut stream), "{left} * {right}");
        }
        // The product of a prime p and the prime 2 p - 1, as which many are that pass base 2.
        let pseudoprime = number("8de087b1ffc541b661e374efff6c57924e1615cea63865b3f738d436e54a2165");
        let ring = Modulus::<4>::new(pseudoprime.words().unwrap()).unwrap();
        let even = pseudoprime.minus(&Natural::from_small(1)).0;
        let twos = even.trailing_zeros_vartime();
        let mut power = ring.power_of_two(&Natural(even.shr(twos)).all_words());
        let mut passes = power == ring.one();
        for _ in 0..twos {
            passes |= power == ring.minus_one();
            power = ring.squared(&power);
        }
        assert!(passes);
        assert!(!is_prime(&pseudoprime, &mut stream));
    }

    #[test]
    fn found_primes_have_the_bits_asked_for_and_follow_from_the_seed() {
        for bits in [256, 1_024] {
            let found = prime(&mut stream(), bits, |_| true).unwrap();
            assert_eq!(found.bits(), bits);
            assert_eq!(found.to_bytes()[0] & 0xc0, 0xc0);
            assert_eq!(Some(found), prime(&mut stream(), bits, |_| true));
        }
    }

    #[test]
    fn the_small_primes_are_all_there() {
        let small = small_primes();
        // The primes below 2^16 are 6,542 with 2.
        assert_eq!(small.primes.len(), 6_541);
        assert_eq!(small.primes.last(), Some(&65_521));
        let total: usize = small.groups.iter().map(|(_, range)| range.len()).sum();
        assert_eq!(total, small.primes.len());
        let rests: Vec<_> = small.rests(&Natural::from_small(1_000_003)).collect();
        assert!(rests.iter().all(|&(prime, rest)| rest == 1_000_003 % prime));
    }

    /// Powers of either kind of arithmetic are the same.
    #[test]
    fn powers_of_fixed_width_are_those_of_any_width() {
        let mut stream = stream();
        for bits in [1_024, 2_048] {
            let mut modulus = random(&mut stream, bits).to_bytes();
            modulus.resize(bits as usize / 8, 1);
            modulus[0] |= 0x80;
            *modulus.last_mut().unwrap() |= 1;
            let modulus = Natural::from_bytes(&modulus);
            let (base, exponent) = (random(&mut stream, bits + 9), random(&mut stream, bits));
            let ring = Ring::new(&modulus).unwrap();
            let wanted = Natural(ring.number(&base).pow(&exponent.0).retrieve()).trimmed();
            assert_eq!(base.power(&exponent, &modulus), Some(wanted));
        }
    }
}
