//! DSA keys, which nobody should want. Go: crypto/dsa.

use super::der;
use super::prime::{self, Natural, Stream};
use crate::template::funcs::random::Chance;

/// Makes parameters of 2,048 and 256 bits and a key, as Sprig's `DSAKeyFormat`.
pub(super) fn generate(chance: &Chance<'_>) -> Option<Vec<u8>> {
    const MODULUS_BITS: u32 = 2_048;
    const DIVISOR_BITS: u32 = 256;
    let one = Natural::from_small(1);
    let [mut stream] = Stream::several(chance);
    for _ in 0..prime::ATTEMPTS {
        let divisor = prime::prime(&mut stream, DIVISOR_BITS, |_| true)?;
        let step = divisor.plus(&divisor);
        for _ in 0..4 * MODULUS_BITS {
            // A random number with the highest bit set (all but half a step of the others), made 1 modulo twice
            // the divisor.
            let number = prime::random(&mut stream, MODULUS_BITS);
            let modulus = number.minus(&number.modulo(&step)).plus(&one);
            if modulus.bits() != MODULUS_BITS || !prime::is_prime(&modulus, &mut stream) {
                continue;
            }
            let (cofactor, _) = modulus.minus(&one).divided_by(&divisor);
            let generator = Natural::from_small(2).power(&cofactor, &modulus)?;
            let private = prime::random(&mut stream, DIVISOR_BITS).modulo(&divisor);
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
