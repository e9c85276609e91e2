//! Exact decimal numbers, for `addf` and its kin: github.com/shopspring/decimal.

use crate::data::number;
use crate::template::Any;
use crate::template::{Fault, print};

/// How many digits behind the point a division keeps.
const DIVISION_PLACES: i32 = 16;

/// `±DIGITS × 10^exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// Digits 0 to 9, the highest first, without leading zeros; none for 0.
    digits: Vec<u8>,
    exponent: i32,
}

impl Decimal {
    fn new(negative: bool, mut digits: Vec<u8>, exponent: i32) -> Self {
        let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..zeros);
        Self { negative: negative && !digits.is_empty(), digits, exponent }
    }

    /// The shortest decimal number that reads back as `number`.
    ///
    /// # Errors
    /// The number is not finite.
    pub(super) fn from_float(number: f64) -> Result<Self, Fault> {
        if !number.is_finite() {
            let text = print::to_bytes(&Any::Float(number));
            return Err(Fault::new(format!(
                "Cannot create a Decimal from {}",
                String::from_utf8_lossy(&text)
            )));
        }
        if number == 0.0 {
            return Ok(Self::new(false, Vec::new(), 0));
        }
        let (negative, mut digits, exponent) = number::shortest(number);
        digits.iter_mut().for_each(|digit| *digit -= b'0');
        let places = digits.len() as i32;
        Ok(Self::new(negative, digits, exponent - places))
    }

    /// The nearest float64; infinite when it is too large.
    pub(super) fn to_float(&self) -> f64 {
        if self.digits.is_empty() {
            return 0.0;
        }
        let mut text = String::with_capacity(self.digits.len() + 8);
        if self.negative {
            text.push('-');
        }
        text.extend(self.digits.iter().map(|digit| char::from(b'0' + digit)));
        text.push_str(&format!("e{}", self.exponent));
        text.parse().unwrap_or(f64::NAN)
    }

    /// The digits of the number when its exponent is `exponent`, which is not above its own.
    fn digits_at(&self, exponent: i32) -> Vec<u8> {
        let mut digits = self.digits.clone();
        if !digits.is_empty() {
            digits.resize(digits.len() + (self.exponent - exponent).max(0) as usize, 0);
        }
        digits
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        let (left, right) = (self.digits_at(exponent), other.digits_at(exponent));
        if self.negative == other.negative {
            return Self::new(self.negative, sum(&left, &right), exponent);
        }
        let left_is_larger = (left.len(), &left) >= (right.len(), &right);
        let (larger, smaller) = if left_is_larger { (&left, &right) } else { (&right, &left) };
        let negative = if left_is_larger { self.negative } else { other.negative };
        Self::new(negative, difference(larger, smaller), exponent)
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        self.add(&Self { negative: !other.negative, ..other.clone() })
    }

    pub(super) fn mul(&self, other: &Self) -> Self {
        let mut columns = vec![0_u32; self.digits.len() + other.digits.len()];
        for (row, &left) in self.digits.iter().rev().enumerate() {
            for (column, &right) in other.digits.iter().rev().enumerate() {
                columns[row + column] += u32::from(left) * u32::from(right);
            }
            // Carrying after each row keeps the columns small however many there are.
            carry(&mut columns[row..]);
        }
        let digits = columns.into_iter().rev().map(|digit| digit as u8).collect();
        Self::new(self.negative != other.negative, digits, self.exponent + other.exponent)
    }

    /// The quotient with 16 digits behind the point, the last one rounded half away from zero. `other` must
    /// come from [`Decimal::from_float`].
    ///
    /// # Errors
    /// A division by 0.
    pub(super) fn div(&self, other: &Self) -> Result<Self, Fault> {
        // A float64 has at most 17 digits.
        let divisor = other.digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(*digit));
        if divisor == 0 {
            return Err(Fault::new("decimal division by 0"));
        }
        let shift = self.exponent - other.exponent + DIVISION_PLACES;
        let mut dividend = self.digits.clone();
        if !dividend.is_empty() {
            dividend.resize(dividend.len() + shift.max(0) as usize, 0);
        }
        let mut remainder = 0_u64;
        let mut quotient = Vec::with_capacity(dividend.len());
        for digit in dividend {
            let value = remainder * 10 + u64::from(digit);
            quotient.push((value / divisor) as u8);
            remainder = value % divisor;
        }
        let mut up = remainder * 2 >= divisor;
        if shift < 0 {
            let dropped = shift.unsigned_abs() as usize;
            let kept = quotient.len().saturating_sub(dropped);
            // The first digit dropped decides, if it is not one of the zeros in front.
            up = dropped <= quotient.len() && quotient.get(kept).is_some_and(|digit| *digit >= 5);
            quotient.truncate(kept);
        }
        if up {
            quotient = sum(&quotient, &[1]);
        }
        Ok(Self::new(self.negative != other.negative, quotient, -DIVISION_PLACES))
    }
}

/// Makes each column, the lowest first, a digit.
fn carry(columns: &mut [u32]) {
    let mut over = 0;
    for column in columns {
        let value = *column + over;
        *column = value % 10;
        over = value / 10;
    }
}

fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    let length = left.len().max(right.len()) + 1;
    let mut columns = vec![0_u32; length];
    for number in [left, right] {
        for (column, digit) in columns.iter_mut().zip(number.iter().rev()) {
            *column += u32::from(*digit);
        }
    }
    carry(&mut columns);
    columns.into_iter().rev().map(|digit| digit as u8).collect()
}

/// `larger - smaller`.
fn difference(larger: &[u8], smaller: &[u8]) -> Vec<u8> {
    let mut digits = larger.to_vec();
    let mut borrow = 0;
    let others = smaller.iter().rev().copied().chain(std::iter::repeat(0));
    for (digit, other) in digits.iter_mut().rev().zip(others) {
        let value = *digit + 10 - other - borrow;
        *digit = value % 10;
        borrow = u8::from(value < 10);
    }
    digits
}
