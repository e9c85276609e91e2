//! Arithmetic modulo an odd number of a fixed width, by Montgomery's method.
//!
//! Searching primes is a few dozen powers modulo numbers of 1,024 bits. With the width known when this is
//! compiled they take a third of the time that numbers of any width take. Time depends on the numbers, as in
//! the rest of key making here: whoever renders a chart sees the keys anyway.

use std::cmp::Ordering;

/// Words of a number, least significant first.
type Words<const N: usize> = [u64; N];

/// How many bits of an exponent are looked up at once.
const WINDOW_BITS: u32 = 4;

/// An odd modulus of exactly `N` words.
pub(super) struct Modulus<const N: usize> {
    words: Words<N>,
    /// -1 / modulus modulo 2^64.
    negative_inverse: u64,
    /// 2^(64 N) and its square, modulo the modulus: the first is how 1 is kept.
    one: Words<N>,
    square: Words<N>,
}

impl<const N: usize> Modulus<N> {
    /// Takes an odd number with the highest bit set; there is no arithmetic here for others.
    pub(super) fn new(words: Words<N>) -> Option<Self> {
        if words.first()? & 1 == 0 || words.last()? >> 63 == 0 {
            return None;
        }
        // Newton: each step doubles the bits that are right, and an odd number is its own inverse modulo 8.
        let mut inverse = words[0];
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(words[0].wrapping_mul(inverse)));
        }
        let mut one = [0; N];
        subtract(&mut one, &words);
        let mut modulus = Self { words, negative_inverse: inverse.wrapping_neg(), one, square: one };
        // 2^(64 N + k) for k up to 64 N: doubled to k = N, then squared, which doubles k, to 64 N.
        let mut square = one;
        for _ in 0..N {
            modulus.double(&mut square);
        }
        for _ in 0..6 {
            square = modulus.squared(&square);
        }
        modulus.square = square;
        Some(modulus)
    }

    /// How a number is kept, reduced.
    pub(super) fn number(&self, words: &Words<N>) -> Words<N> {
        let mut words = *words;
        if compare(&words, &self.words).is_ge() {
            subtract(&mut words, &self.words);
        }
        self.product(&words, &self.square)
    }

    /// The number that is kept so.
    pub(super) fn words(&self, kept: &Words<N>) -> Words<N> {
        let mut wide = [*kept, [0; N]];
        self.reduced(&mut wide)
    }

    /// 1 as it is kept.
    pub(super) fn one(&self) -> Words<N> {
        self.one
    }

    /// -1 as it is kept.
    pub(super) fn minus_one(&self) -> Words<N> {
        let mut words = self.words;
        subtract(&mut words, &self.one);
        words
    }

    fn product(&self, left: &Words<N>, right: &Words<N>) -> Words<N> {
        let mut wide = [[0; N]; 2];
        let out = wide.as_flattened_mut();
        for (index, &factor) in left.iter().enumerate() {
            let carry = add_product(&mut out[index..index + N], right, factor);
            out[index + N] = carry;
        }
        self.reduced(&mut wide)
    }

    pub(super) fn squared(&self, number: &Words<N>) -> Words<N> {
        let mut wide = [[0; N]; 2];
        let out = wide.as_flattened_mut();
        // The products of different words are there twice.
        for index in 0..N {
            let carry = add_product(&mut out[2 * index + 1..index + N], &number[index + 1..], number[index]);
            out[index + N] = carry;
        }
        let (mut carry, mut shifted) = (0, 0);
        for (index, &word) in number.iter().enumerate() {
            let square = u128::from(word) * u128::from(word);
            for (at, part) in [(2 * index, square as u64), (2 * index + 1, (square >> 64) as u64)] {
                let doubled = out[at] << 1 | shifted;
                shifted = out[at] >> 63;
                (out[at], carry) = add(doubled, part, carry);
            }
        }
        self.reduced(&mut wide)
    }

    /// `wide` / 2^(64 N), modulo the modulus.
    fn reduced(&self, wide: &mut [Words<N>; 2]) -> Words<N> {
        let out = wide.as_flattened_mut();
        let mut over = 0;
        for index in 0..N {
            let factor = out[index].wrapping_mul(self.negative_inverse);
            let carry = add_product(&mut out[index..index + N], &self.words, factor);
            (out[index + N], over) = add(out[index + N], carry, over);
        }
        let [_, mut high] = *wide;
        if over > 0 || compare(&high, &self.words).is_ge() {
            subtract(&mut high, &self.words);
        }
        high
    }

    fn double(&self, number: &mut Words<N>) {
        let mut over = 0;
        for word in number.iter_mut() {
            (*word, over) = (*word << 1 | over, *word >> 63);
        }
        if over > 0 || compare(number, &self.words).is_ge() {
            subtract(number, &self.words);
        }
    }

    /// A kept number to a power; the exponent's words least significant first.
    pub(super) fn power(&self, base: &Words<N>, exponent: &[u64]) -> Words<N> {
        let mut powers = [self.one; 1 << WINDOW_BITS];
        for index in 1..powers.len() {
            powers[index] = self.product(&powers[index - 1], base);
        }
        let mut result = self.one;
        let mut begun = false;
        for &word in exponent.iter().rev() {
            for part in (0..64 / WINDOW_BITS).rev() {
                if begun {
                    for _ in 0..WINDOW_BITS {
                        result = self.squared(&result);
                    }
                }
                let digit = (word >> (part * WINDOW_BITS)) as usize & (powers.len() - 1);
                if digit > 0 {
                    result = if begun { self.product(&result, &powers[digit]) } else { powers[digit] };
                    begun = true;
                }
            }
        }
        result
    }

    /// 2 to a power, as it is kept: doubling costs next to nothing.
    pub(super) fn power_of_two(&self, exponent: &[u64]) -> Words<N> {
        let mut result = self.one;
        let mut begun = false;
        for &word in exponent.iter().rev() {
            for bit in (0..64).rev() {
                if begun {
                    result = self.squared(&result);
                }
                if word >> bit & 1 == 1 {
                    self.double(&mut result);
                    begun = true;
                }
            }
        }
        result
    }
}

/// Adds `factor` times `words` to `sum`, as long as these; returns what is carried on.
///
/// A plain loop over indices: tests are built without optimisation and must not wait for iterators.
#[inline(always)]
fn add_product(sum: &mut [u64], words: &[u64], factor: u64) -> u64 {
    let factor = factor as u128;
    let sum = &mut sum[..words.len()];
    let mut carry: u128 = 0;
    let mut index = 0;
    while index < words.len() {
        // At most 2^128 - 1: it fits.
        let product = (words[index] as u128).wrapping_mul(factor);
        let total = product.wrapping_add(sum[index] as u128).wrapping_add(carry);
        sum[index] = total as u64;
        carry = total >> 64;
        index += 1;
    }
    carry as u64
}

fn add(left: u64, right: u64, carry: u64) -> (u64, u64) {
    let total = u128::from(left) + u128::from(right) + u128::from(carry);
    (total as u64, (total >> 64) as u64)
}

/// Subtracts, dropping what is borrowed from beyond the highest word.
fn subtract<const N: usize>(from: &mut Words<N>, words: &Words<N>) {
    let mut borrowed = false;
    for (from, &word) in from.iter_mut().zip(words) {
        let (less, first) = from.overflowing_sub(word);
        let (less, second) = less.overflowing_sub(u64::from(borrowed));
        (*from, borrowed) = (less, first || second);
    }
}

fn compare<const N: usize>(left: &Words<N>, right: &Words<N>) -> Ordering {
    left.iter().rev().cmp(right.iter().rev())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Host, SealedHost};

    /// Beside arithmetic on 128 bits, of which there is no other way to be wrong.
    fn check<const N: usize>(modulus: u128, base: u128, exponent: u64, words: impl Fn(u128) -> Words<N>) {
        let ring = Modulus::new(words(modulus)).unwrap();
        let kept = ring.number(&words(base % modulus));
        assert_eq!(ring.words(&kept), words(base % modulus));
        let power = (0..exponent).fold(1, |power, _| multiply(power, base, modulus));
        assert_eq!(
            ring.words(&ring.power(&kept, &[exponent, 0])),
            words(power),
            "{base}^{exponent} % {modulus}"
        );
        let power = (0..exponent).fold(1, |power, _| multiply(power, 2, modulus));
        assert_eq!(ring.words(&ring.power_of_two(&[exponent])), words(power), "2^{exponent} % {modulus}");
    }

    /// By doubling, so that nothing overflows.
    fn multiply(left: u128, right: u128, modulus: u128) -> u128 {
        let double = |number: u128| {
            let (sum, over) = number.overflowing_add(number);
            if over || sum >= modulus { sum.wrapping_sub(modulus) } else { sum }
        };
        let right = right % modulus;
        (0..128).rev().fold(0, |product, bit| {
            let product = double(product);
            if left >> bit & 1 == 0 {
                return product;
            }
            let (sum, over) = product.overflowing_add(right);
            if over || sum >= modulus { sum.wrapping_sub(modulus) } else { sum }
        })
    }

    #[test]
    fn powers_are_those_of_plain_arithmetic() {
        let host = SealedHost::new("montgomery");
        let number = || {
            let mut bytes = [0; 16];
            host.random(&mut bytes);
            u128::from_le_bytes(bytes)
        };
        for exponent in 0..70 {
            let (modulus, base) = (number() | 1 << 127 | 1, number());
            check::<2>(modulus, base, exponent, |number| [number as u64, (number >> 64) as u64]);
        }
    }

    #[test]
    fn the_edges_of_the_words_carry() {
        let words = |number: u128| [number as u64, (number >> 64) as u64];
        for modulus in
            [u128::MAX, u128::MAX - 2, 1 << 127 | 1, u128::MAX << 64 | 1, 1 << 127 | u128::from(u64::MAX)]
        {
            for base in [0, 1, 2, modulus - 1, modulus - 2, u128::from(u64::MAX), 1 << 64] {
                for exponent in [0, 1, 2, 3, 16, 63] {
                    check::<2>(modulus, base, exponent, words);
                }
            }
        }
    }

    #[test]
    fn even_and_short_moduli_are_refused() {
        assert!(Modulus::new([2, 1 << 63]).is_none());
        assert!(Modulus::new([1, 1]).is_none());
    }
}
