//! Arithmetic.

mod decimal;

use super::{arguments, cast, limits};
use crate::data::number;
use crate::template::{Any, Capacity, Element, Fault, Function, List, Scope, Type, print};
use decimal::Decimal;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::variadic("add", &[Type::Any], add),
    Function::new("add1", &[Type::Any], add1),
    Function::new("add1f", &[Type::Any], add1f),
    Function::variadic("addf", &[Type::Any], addf),
    Function::new("atoi", &[Type::String], atoi),
    Function::variadic("biggest", &[Type::Any, Type::Any], max),
    Function::new("ceil", &[Type::Any], ceil),
    Function::new("div", &[Type::Any, Type::Any], div),
    Function::variadic("divf", &[Type::Any, Type::Any], divf),
    Function::new("float64", &[Type::Any], float64),
    Function::new("floor", &[Type::Any], floor),
    Function::new("int", &[Type::Any], int),
    Function::new("int64", &[Type::Any], int64),
    Function::variadic("max", &[Type::Any, Type::Any], max),
    Function::variadic("maxf", &[Type::Any, Type::Any], maxf),
    Function::variadic("min", &[Type::Any, Type::Any], min),
    Function::variadic("minf", &[Type::Any, Type::Any], minf),
    Function::new("mod", &[Type::Any, Type::Any], modulo),
    Function::variadic("mul", &[Type::Any, Type::Any], mul),
    Function::variadic("mulf", &[Type::Any, Type::Any], mulf),
    Function::variadic("round", &[Type::Any, Type::Int, Type::Float], round),
    Function::variadic("seq", &[Type::Int], seq),
    Function::new("sub", &[Type::Any, Type::Any], sub),
    Function::variadic("subf", &[Type::Any, Type::Any], subf),
    Function::new("toDecimal", &[Type::Any], to_decimal),
    Function::new("until", &[Type::Int], until),
    Function::new("untilStep", &[Type::Int, Type::Int, Type::Int], until_step),
];

fn int(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Int(cast::to_int(arguments::any(arguments, 0))))
}

fn int64(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Int64(cast::to_int(arguments::any(arguments, 0))))
}

fn float64(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Float(cast::to_float(arguments::any(arguments, 0))))
}

/// Go drops `Atoi`'s error but keeps its number: 0 for nonsense, the nearest integer for one too large.
fn atoi(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Int(match number::integer(arguments::text(arguments, 0), 10) {
        Ok(number) | Err(number::IntError::Range(number)) => number,
        Err(number::IntError::Syntax) => 0,
    }))
}

/// Reads what `%v` prints as an octal number.
fn to_decimal(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let text = print::to_bytes(arguments::any(arguments, 0));
    Ok(Any::Int64(number::integer(&text, 8).unwrap_or(0)))
}

fn add(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Int64(arguments.iter().map(cast::to_int).fold(0, i64::wrapping_add)))
}

fn add1(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Int64(cast::to_int(arguments::any(arguments, 0)).wrapping_add(1)))
}

/// The first argument as an integer, and the others put to it with `operation`.
fn folded(arguments: &[Any], operation: fn(i64, i64) -> i64) -> Result<Any, Fault> {
    let first = cast::to_int(arguments::any(arguments, 0));
    Ok(Any::Int64(arguments::rest(arguments, 1).iter().map(cast::to_int).fold(first, operation)))
}

fn sub(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    folded(arguments, i64::wrapping_sub)
}

fn mul(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    folded(arguments, i64::wrapping_mul)
}

fn max(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    folded(arguments, i64::max)
}

fn min(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    folded(arguments, i64::min)
}

/// Both operands of a division.
fn dividend_and_divisor(arguments: &[Any]) -> Result<(i64, i64), Fault> {
    match (cast::to_int(arguments::any(arguments, 0)), cast::to_int(arguments::any(arguments, 1))) {
        (_, 0) => Err(Fault::new("runtime error: integer divide by zero")),
        operands => Ok(operands),
    }
}

fn div(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (dividend, divisor) = dividend_and_divisor(arguments)?;
    Ok(Any::Int64(dividend.wrapping_div(divisor)))
}

fn modulo(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (dividend, divisor) = dividend_and_divisor(arguments)?;
    Ok(Any::Int64(dividend.wrapping_rem(divisor)))
}

/// Decimal arithmetic from `first` on, each argument as a float64; a float64 comes out.
fn decimal_fold(
    first: f64,
    others: &[Any],
    operation: impl Fn(&Decimal, &Decimal) -> Result<Decimal, Fault>,
) -> Result<Any, Fault> {
    let mut sum = Decimal::from_float(first)?;
    for other in others {
        sum = operation(&sum, &Decimal::from_float(cast::to_float(other))?)?;
    }
    Ok(Any::Float(sum.to_float()))
}

fn add1f(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let first = cast::to_float(arguments::any(arguments, 0));
    decimal_fold(first, &[Any::Int(1)], |left, right| Ok(left.add(right)))
}

fn addf(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    decimal_fold(0.0, arguments, |left, right| Ok(left.add(right)))
}

fn subf(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let first = cast::to_float(arguments::any(arguments, 0));
    decimal_fold(first, arguments::rest(arguments, 1), |left, right| Ok(left.sub(right)))
}

fn mulf(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let first = cast::to_float(arguments::any(arguments, 0));
    decimal_fold(first, arguments::rest(arguments, 1), |left, right| Ok(left.mul(right)))
}

fn divf(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let first = cast::to_float(arguments::any(arguments, 0));
    decimal_fold(first, arguments::rest(arguments, 1), Decimal::div)
}

fn maxf(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let first = cast::to_float(arguments::any(arguments, 0));
    let others = arguments::rest(arguments, 1).iter().map(cast::to_float);
    Ok(Any::Float(others.fold(first, |left, right| farther(left, right, f64::INFINITY))))
}

fn minf(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let first = cast::to_float(arguments::any(arguments, 0));
    let others = arguments::rest(arguments, 1).iter().map(cast::to_float);
    Ok(Any::Float(others.fold(first, |left, right| farther(left, right, f64::NEG_INFINITY))))
}

/// Go's `math.Max` (towards positive infinity) and `math.Min`: that infinity wins over NaN, and NaN over numbers.
fn farther(left: f64, right: f64, towards: f64) -> f64 {
    if left == towards || right == towards {
        towards
    } else if left.is_nan() || right.is_nan() {
        f64::NAN
    } else if left == 0.0 && right == 0.0 {
        // Of two zeros the sign decides.
        if left.is_sign_negative() == towards.is_sign_negative() { left } else { right }
    } else if (left > right) == (towards > 0.0) {
        left
    } else {
        right
    }
}

fn ceil(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Float(cast::to_float(arguments::any(arguments, 0)).ceil()))
}

fn floor(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    Ok(Any::Float(cast::to_float(arguments::any(arguments, 0)).floor()))
}

/// 10 to an integer power with the rounding errors of Go's `math.Pow`, which multiplies fractions in [0.5, 1)
/// and keeps the power of two apart.
fn power_of_ten(places: i64) -> f64 {
    /// Beyond this every power is 0 or infinite.
    const FAR: u64 = 1_000;
    if places.unsigned_abs() > FAR {
        return if places < 0 { 0.0 } else { f64::INFINITY };
    }
    if places == 1 {
        return 10.0;
    }
    let (mut product, mut exponent) = (1.0, 0_i32);
    let (mut square, mut square_exponent) = (0.625, 4_i32);
    let mut bits = places.unsigned_abs();
    while bits != 0 {
        if bits & 1 == 1 {
            product *= square;
            exponent += square_exponent;
        }
        square *= square;
        square_exponent <<= 1;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        bits >>= 1;
    }
    if places < 0 {
        product = 1.0 / product;
        exponent = -exponent;
    }
    // In two steps, so that subnormal results are rounded once and large ones do not overflow early.
    let half = exponent / 2;
    product * 2_f64.powi(half) * 2_f64.powi(exponent - half)
}

/// `round NUMBER PLACES [FRACTION]`: up from FRACTION (0.5) on, else down. Negative numbers have negative
/// fractions, so they go down.
fn round(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let number = cast::to_float(arguments::any(arguments, 0));
    let up_from = if arguments.len() > 2 { arguments::float(arguments, 2) } else { 0.5 };
    let power = power_of_ten(arguments::int(arguments, 1));
    let shifted = power * number;
    let fraction = if shifted.is_infinite() { f64::NAN } else { shifted - shifted.trunc() };
    let rounded = if fraction >= up_from { shifted.ceil() } else { shifted.floor() };
    Ok(Any::Float(rounded / power))
}

/// The numbers from `start` to before `stop`.
///
/// # Errors
/// There are too many.
fn stepped(start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Fault> {
    let towards = if stop < start { step < 0 } else { step > 0 };
    if !towards || start == stop {
        return Ok(Vec::new());
    }
    let count = stop.abs_diff(start).div_ceil(step.unsigned_abs());
    limits::check_items(usize::try_from(count).unwrap_or(usize::MAX))?;
    Ok((0..count as i64).map(|index| start.wrapping_add(index.wrapping_mul(step))).collect())
}

fn ints(numbers: Vec<i64>) -> Any {
    let items = numbers.into_iter().map(Any::Int).collect();
    Any::List(List::with_capacity(Element::Int, items, Capacity::Grown))
}

fn until(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let count = arguments::int(arguments, 0);
    stepped(0, count, if count < 0 { -1 } else { 1 }).map(ints)
}

fn until_step(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let [start, stop, step] = [0, 1, 2].map(|index| arguments::int(arguments, index));
    stepped(start, stop, step).map(ints)
}

/// Numbers with blanks between, the last one included, as the shell's `seq` prints them.
fn seq(_: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let [first, second, third] = [0, 1, 2].map(|index| arguments::int(arguments, index));
    let towards = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let numbers = match arguments.len() {
        1 => stepped(1, first.wrapping_add(towards(1, first)), towards(1, first))?,
        2 => stepped(first, second.wrapping_add(towards(first, second)), towards(first, second))?,
        // Sprig includes the end by stopping one behind it, whatever the step.
        3 if third < first && second > 0 => Vec::new(),
        3 => stepped(first, third.wrapping_add(towards(first, third)), second)?,
        _ => Vec::new(),
    };
    let mut out = Vec::with_capacity(numbers.len() * 3);
    for (index, number) in numbers.into_iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        print::write_int(&mut out, number);
    }
    Ok(Any::Str(out.into()))
}
