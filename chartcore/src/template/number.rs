//! Number literals: what each can be.
//!
//! Go: text/template/parse/node.go, `newNumber`.

use super::ast::Number;
use super::lex::TokenKind;
use super::unquote::{SYNTAX, Unquoted, unquote_char};
use crate::quote::quoted;

/// Reads a literal as the lexer found it.
///
/// # Errors
/// Go's text.
pub(super) fn parse(text: &[u8], kind: TokenKind) -> Result<Number, String> {
    if kind == TokenKind::CharConstant {
        let (letter, tail) = unquote_char(&text[1..], text[0])?;
        if tail != b"'" {
            return Err(format!("malformed character constant: {}", String::from_utf8_lossy(text)));
        }
        let code = match letter {
            Unquoted::Byte(byte) => u32::from(byte),
            Unquoted::Char(letter) => u32::from(letter),
        };
        return Ok(Number {
            int: Some(i64::from(code)),
            uint: Some(u64::from(code)),
            float: Some(f64::from(code)),
            complex: None,
        });
    }
    // Numbers are ASCII: the lexer accepts nothing else.
    let text = std::str::from_utf8(text).map_err(|_| "invalid syntax")?;
    if kind == TokenKind::Complex {
        return parse_complex(text).map(simplified);
    }
    if let Some(float) = text.strip_suffix('i').and_then(parse_float) {
        return Ok(simplified((0.0, float)));
    }
    let mut number = Number { uint: parse_uint(text), int: parse_int(text), ..Number::default() };
    if number.int == Some(0) && number.uint.is_none() {
        // Of -0.
        number.uint = Some(0);
    }
    if let Some(int) = number.int {
        number.float = Some(int as f64);
    } else if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
    } else if let Some(float) = parse_float(text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", quoted(text.as_bytes())));
        }
        number.float = Some(float);
        number.int = whole_int(float);
        number.uint = whole_uint(float);
    } else {
        return Err(format!("illegal number syntax: {}", quoted(text.as_bytes())));
    }
    Ok(number)
}

fn simplified(complex: (f64, f64)) -> Number {
    let mut number = Number { complex: Some(complex), ..Number::default() };
    if complex.1 == 0.0 {
        number.float = Some(complex.0);
        number.int = whole_int(complex.0);
        number.uint = whole_uint(complex.0);
    }
    number
}

fn whole_int(float: f64) -> Option<i64> {
    // Beyond 2^63 Go's conversion gives -2^63, which is equal only to itself.
    let int = float as i64;
    (int as f64 == float && float < 9_223_372_036_854_775_808.0).then_some(int)
}

fn whole_uint(float: f64) -> Option<u64> {
    let uint = float as u64;
    (uint as f64 == float && (0.0..18_446_744_073_709_551_616.0).contains(&float)).then_some(uint)
}

/// Go: `fmt.Sscan` of a complex number.
fn parse_complex(text: &str) -> Result<(f64, f64), String> {
    let bytes = text.as_bytes();
    // The sign that divides the parts is the last one that is not an exponent's.
    let unsigned = text.trim_start_matches(['+', '-']);
    let hex = unsigned.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"));
    let divide = (1..bytes.len()).rev().find(|&at| {
        matches!(bytes[at], b'+' | b'-')
            && !matches!(bytes[at - 1], b'p' | b'P')
            && (hex || !matches!(bytes[at - 1], b'e' | b'E'))
    });
    let parts = divide.and_then(|at| Some((&text[..at], text[at..].strip_suffix('i')?)));
    let Some((real, imaginary)) = parts.filter(|(real, _)| !real.contains(['i', 'b', 'B', 'o', 'O']) || hex)
    else {
        return Err("syntax error scanning complex number".to_owned());
    };
    let part = |text: &str| {
        parse_float(text).ok_or_else(|| {
            let large = text.parse::<f64>().is_ok_and(f64::is_infinite);
            let reason = if large { "value out of range" } else { SYNTAX };
            format!("strconv.ParseFloat: parsing {}: {reason}", quoted(text.as_bytes()))
        })
    };
    Ok((part(real)?, part(imaginary)?))
}

/// Go: `strconv.ParseUint(text, 0, 64)`.
fn parse_uint(text: &str) -> Option<u64> {
    if text.contains('_') && !underscores_fit(text) {
        return None;
    }
    let (digits, base) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2),
        [b'0', b'o' | b'O', ..] => (&text[2..], 8),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    let mut number = 0u64;
    let mut any = false;
    for digit in digits.chars().filter(|&digit| digit != '_') {
        number = number.checked_mul(u64::from(base))?.checked_add(u64::from(digit.to_digit(base)?))?;
        any = true;
    }
    any.then_some(number)
}

/// Go: `strconv.ParseInt(text, 0, 64)`.
fn parse_int(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(rest) => 0i64.checked_sub_unsigned(parse_uint(rest)?),
        None => i64::try_from(parse_uint(text.strip_prefix('+').unwrap_or(text))?).ok(),
    }
}

/// Go: strconv's `underscoreOK`: underscores only between digits, or after a base prefix.
fn underscores_fit(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text).as_bytes();
    let prefix = matches!(text, [b'0', b'b' | b'B' | b'o' | b'O' | b'x' | b'X', ..]);
    let hex = matches!(text, [b'0', b'x' | b'X', ..]);
    // What was seen last: a digit (a prefix counts), an underscore, or something else.
    let mut last = if prefix { b'0' } else { b'^' };
    for &byte in &text[if prefix { 2 } else { 0 }..] {
        if byte.is_ascii_digit() || hex && byte.is_ascii_hexdigit() {
            last = b'0';
        } else if byte == b'_' {
            if last != b'0' {
                return false;
            }
            last = b'_';
        } else {
            if last == b'_' {
                return false;
            }
            last = b'!';
        }
    }
    last != b'_'
}

/// Go: `strconv.ParseFloat(text, 64)` of what the lexer lets through; `None` for what overflows.
fn parse_float(text: &str) -> Option<f64> {
    let mut plain = text.to_owned();
    if text.contains('_') {
        if !underscores_fit(text) {
            return None;
        }
        plain.retain(|letter| letter != '_');
    }
    let unsigned = plain.trim_start_matches(['+', '-']);
    let prefix = unsigned.as_bytes();
    if let [b'0', b'x' | b'X', ..] = prefix {
        let float = parse_hex_float(&unsigned[2..])?;
        return Some(if plain.starts_with('-') { -float } else { float });
    }
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    plain.parse::<f64>().ok().filter(|float| float.is_finite())
}

/// Go: hexadecimal floats need an exponent.
fn parse_hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i64 = {
        let digits = exponent.strip_prefix('+').unwrap_or(exponent);
        if digits.strip_prefix('-').unwrap_or(digits).bytes().all(|digit| digit.is_ascii_digit()) {
            digits.get(..digits.len().min(12))?.parse().ok()?
        } else {
            return None;
        }
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (mut bits, mut shift, mut sticky) = (0u64, 0i64, false);
    for (index, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(digit.to_digit(16)?);
        if bits >> 58 == 0 {
            bits = bits << 4 | digit;
        } else {
            shift += 4;
            sticky |= digit != 0;
        }
        if index >= whole.len() {
            shift -= 4;
        }
    }
    if bits == 0 {
        return Some(0.0);
    }
    // Normalise to 64 bits; then round half to even where the mantissa ends (earlier for subnormals).
    let leading = i64::from(bits.leading_zeros());
    bits <<= leading;
    let mut power = exponent.checked_add(shift)?.checked_sub(leading)?.clamp(-5_000, 5_000) + 63;
    let drop = if power < -1_022 { (11 + (-1_022 - power)).min(64) as u32 } else { 11 };
    let half = 1u128 << (drop - 1);
    let all = u128::from(bits) << 1 | u128::from(sticky);
    let (kept, rest) = (all >> (drop + 1), all & ((1u128 << (drop + 1)) - 1));
    let mut kept = kept as u64;
    if rest > half << 1 || rest == half << 1 && kept & 1 == 1 {
        kept += 1;
    }
    if drop > 11 {
        return Some(f64::from_bits(kept));
    }
    if kept == 1 << 53 {
        kept >>= 1;
        power += 1;
    }
    if power > 1_023 {
        return None;
    }
    Some(f64::from_bits(((power + 1_023) as u64) << 52 | (kept & ((1 << 52) - 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_floats_round_to_even() {
        for (text, float) in [
            ("1p4", 16.0),
            ("1.8p1", 3.0),
            (".8p0", 0.5),
            ("1.fffffffffffff8p0", 2.0),
            ("1.00000000000008p0", 1.0),
            ("1.000000000000081p0", 1.000_000_000_000_000_2),
            ("1p-1074", f64::from_bits(1)),
            ("1p-1075", 0.0),
            ("1.8p-1075", f64::from_bits(1)),
            ("1p1023", 2f64.powi(1023)),
            ("0p5", 0.0),
        ] {
            assert_eq!(parse_hex_float(text), Some(float), "{text}");
        }
        assert_eq!(parse_hex_float("1p1024"), None);
        assert_eq!(parse_hex_float("1"), None);
    }
}
