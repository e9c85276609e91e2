//! DSA keys, which nobody should want. Go: crypto/dsa.

use super::der;
use super::prime::{self, Natural};
use crate::template::funcs::random::Chance;

/// Makes parameters of 2,048 and 256 bits and a key, as Sprig's `DSAKeyFormat`.
pub(super) fn generate(chance: &Chance<'_>) -> Option<Vec<u8>> {
    const MODULUS_BITS: u32 = 2_048;
    const DIVISOR_BITS: u32 = 256;
    let one = Natural::from_small(1);
    for _ in 0..prime::ATTEMPTS {
        let divisor = prime::prime(chance, DIVISOR_BITS, |_| true)?;
        let step = divisor.plus(&divisor);
        let mut last = Natural::from_small(0);
        for _ in 0..4 * MODULUS_BITS {
            // A random number with the highest bit set, made 1 modulo twice the divisor.
            let mut bytes = [0; MODULUS_BITS as usize / 8];
            chance.fill(&mut bytes);
            bytes[0] |= 0x80;
            let number = Natural::from_bytes(&bytes);
            if number == last {
                return None;
            }
            let modulus = number.minus(&number.modulo(&step)).plus(&one);
            last = number;
            if modulus.bits() != MODULUS_BITS || !prime::is_prime(&modulus, chance) {
                continue;
            }
            let (cofactor, _) = modulus.minus(&one).divided_by(&divisor);
            let generator = Natural::from_small(2).power(&cofactor, &modulus)?;
            let private = prime::random(chance, DIVISOR_BITS).modulo(&divisor);
            if generator == one || private.is_zero() {
                continue;
            }
            let public = generator.power(&private, &modulus)?;
            let numbers = [Natural::from_small(0), modulus, divisor, generator, public, private];
            let numbers = numbers.map(|number| der::integer(&number.to_bytes()));
            return Some(der::element(der::SEQUENCE, numbers.concat()));
        }
    }
    None
}
