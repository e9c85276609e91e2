//! Random values, from the host's source. Sprig: strings.go and crypto.go, with Masterminds/goutils.

use super::{arguments, encoding, limits};
use crate::template::{Any, Fault, Function, Host, Scope, Type};

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("randAlpha", &[Type::Int], |scope, arguments| letters(scope, arguments, ALPHA)),
    Function::new("randAlphaNum", &[Type::Int], |scope, arguments| letters(scope, arguments, ALPHA_NUM)),
    Function::new("randAscii", &[Type::Int], |scope, arguments| letters(scope, arguments, ASCII)),
    Function::new("randBytes", &[Type::Int], rand_bytes),
    Function::new("randInt", &[Type::Int, Type::Int], rand_int),
    Function::new("randNumeric", &[Type::Int], |scope, arguments| letters(scope, arguments, NUMERIC)),
    Function::new("uuidv4", &[], uuidv4),
];

const NUMERIC: &[u8] = b"0123456789";
const ALPHA: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ALPHA_NUM: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// What can be printed, the blank included.
const ASCII: &[u8] = b" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\
                       abcdefghijklmnopqrstuvwxyz{|}~";

/// Random numbers without bias.
pub(super) struct Chance<'a> {
    host: &'a dyn Host,
}

impl<'a> Chance<'a> {
    pub(super) fn new(host: &'a dyn Host) -> Self {
        Self { host }
    }

    /// Fills `bytes`.
    pub(super) fn fill(&self, bytes: &mut [u8]) {
        self.host.random(bytes);
    }

    /// A number below `bound`, which is not 0.
    fn below(&self, bound: u64) -> u64 {
        // What lies beyond the last whole multiple of the bound would favour small numbers. A source that
        // gives nothing else is no source, but must not keep us forever.
        let limit = u64::MAX - u64::MAX % bound;
        let mut number = 0;
        for _ in 0..128 {
            let mut bytes = [0; 8];
            self.fill(&mut bytes);
            number = u64::from_le_bytes(bytes);
            if number < limit {
                break;
            }
        }
        number % bound
    }
}

/// So many letters of an alphabet; none for a negative number.
fn letters(scope: &mut Scope<'_>, arguments: &[Any], alphabet: &[u8]) -> Result<Any, Fault> {
    let count = usize::try_from(arguments::int(arguments, 0)).unwrap_or(0);
    limits::check_text(count)?;
    let chance = Chance::new(scope.host);
    // One byte decides over one letter; bytes that would favour some letters are passed over.
    let limit = 256 - 256 % alphabet.len();
    let mut out = Vec::with_capacity(count);
    let mut bytes = vec![0; (count + count / 2 + 8).min(1 << 16)];
    let mut rounds = 0;
    while out.len() < count {
        chance.fill(&mut bytes);
        rounds += 1;
        let last_resort = rounds > 64 + count;
        let fitting = bytes.iter().filter(|&&byte| last_resort || usize::from(byte) < limit);
        let missing = count - out.len();
        out.extend(fitting.take(missing).map(|&byte| alphabet[usize::from(byte) % alphabet.len()]));
    }
    Ok(Any::Str(out.into()))
}

fn rand_bytes(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let count = usize::try_from(arguments::int(arguments, 0))
        .map_err(|_| Fault::new("runtime error: makeslice: len out of range"))?;
    limits::check_text(count)?;
    let mut bytes = vec![0; count];
    Chance::new(scope.host).fill(&mut bytes);
    encoding::encode_base64(&bytes)
}

/// `randInt MIN MAX`: from the one on, below the other.
fn rand_int(scope: &mut Scope<'_>, arguments: &[Any]) -> Result<Any, Fault> {
    let (least, bound) = (arguments::int(arguments, 0), arguments::int(arguments, 1));
    let range = u64::try_from(bound.wrapping_sub(least)).unwrap_or(0);
    if range == 0 {
        return Err(Fault::new("invalid argument to Intn"));
    }
    let number = Chance::new(scope.host).below(range);
    Ok(Any::Int(least.wrapping_add_unsigned(number)))
}

fn uuidv4(scope: &mut Scope<'_>, _: &[Any]) -> Result<Any, Fault> {
    let mut bytes = [0; 16];
    Chance::new(scope.host).fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Ok(Any::str(text))
}
