//! printf: Go's fmt, verb by verb.
//!
//! Go: fmt/print.go, fmt/format.go.

mod printer;

use super::{Any, unicode};
use printer::{Flags, Printer};

/// Go: `tooLarge`: widths and precisions beyond are not taken.
const WIDEST: i64 = 1_000_000;

/// Appends what `fmt.Sprint` gives: spaces between operands when neither is a string.
pub(crate) fn sprint(out: &mut Vec<u8>, args: &[Any]) {
    let mut after_string = false;
    for (index, arg) in args.iter().enumerate() {
        let string = arg.kind() == "string";
        if index > 0 && !string && !after_string {
            out.push(b' ');
        }
        super::print::write_v(out, arg);
        after_string = string;
    }
}

/// Appends what `fmt.Sprintln` gives.
pub(crate) fn sprintln(out: &mut Vec<u8>, args: &[Any]) {
    for (index, arg) in args.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        super::print::write_v(out, arg);
    }
    out.push(b'\n');
}

/// Appends what a single verb makes of a value: `%s`, `%v`, `%q`.
pub(crate) fn write_verb(out: &mut Vec<u8>, verb: u8, value: &Any) {
    Printer::new(out).value(value, char::from(verb), 0);
}

/// Appends what `fmt.Sprintf` gives.
pub(crate) fn sprintf(out: &mut Vec<u8>, pattern: &[u8], args: &[Any]) {
    let mut printer = Printer::new(out);
    let mut next = 0;
    let mut reordered = false;
    let mut at = 0;
    while at < pattern.len() {
        let plain = memchr::memchr(b'%', &pattern[at..]).unwrap_or(pattern.len() - at);
        printer.out.extend_from_slice(&pattern[at..at + plain]);
        at += plain;
        if at >= pattern.len() {
            break;
        }
        at += 1;
        let mut directive = Directive { pattern, at, next, args, good: true, reordered };
        directive.print(&mut printer);
        (at, next, reordered) = (directive.at, directive.next, directive.reordered);
    }
    if !reordered && next < args.len() {
        printer.flags = Flags::default();
        printer.out.extend_from_slice(b"%!(EXTRA ");
        for (index, arg) in args[next..].iter().enumerate() {
            if index > 0 {
                printer.out.extend_from_slice(b", ");
            }
            if matches!(arg, Any::Nil) {
                printer.out.extend_from_slice(b"<nil>");
            } else {
                printer.out.extend_from_slice(arg.type_name().as_bytes());
                printer.out.push(b'=');
                printer.argument(arg, 'v');
            }
        }
        printer.out.push(b')');
    }
}

/// One `%…` of a pattern; `at` is behind the percent sign.
struct Directive<'a> {
    pattern: &'a [u8],
    at: usize,
    next: usize,
    args: &'a [Any],
    /// Whether the last `[n]` was a good one.
    good: bool,
    reordered: bool,
}

impl Directive<'_> {
    fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    fn print(&mut self, printer: &mut Printer<'_>) {
        printer.flags = Flags::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => printer.flags.sharp = true,
                b'0' => printer.flags.zero = true,
                b'+' => printer.flags.plus = true,
                b'-' => printer.flags.minus = true,
                b' ' => printer.flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        let mut after_index = self.index();
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.int_argument() {
                Some(width) => {
                    printer.flags.width = Some(width.unsigned_abs() as usize);
                    if width < 0 {
                        printer.flags.minus = true;
                        printer.flags.zero = false;
                    }
                }
                None => printer.out.extend_from_slice(b"%!(BADWIDTH)"),
            }
            after_index = false;
        } else {
            printer.flags.width = self.number();
            if after_index && printer.flags.width.is_some() {
                self.good = false;
            }
        }
        if self.at + 1 < self.pattern.len() && self.peek() == Some(b'.') {
            self.at += 1;
            if after_index {
                self.good = false;
            }
            after_index = self.index();
            if self.peek() == Some(b'*') {
                self.at += 1;
                match self.int_argument() {
                    Some(precision) if precision >= 0 => printer.flags.precision = Some(precision as usize),
                    _ => printer.out.extend_from_slice(b"%!(BADPREC)"),
                }
                after_index = false;
            } else {
                printer.flags.precision = Some(self.number().unwrap_or(0));
            }
        }
        if !after_index {
            self.index();
        }
        if self.at >= self.pattern.len() {
            printer.out.extend_from_slice(b"%!(NOVERB)");
            return;
        }
        let (verb, width) = unicode::first(&self.pattern[self.at..]).unwrap_or((unicode::REPLACEMENT, 1));
        self.at += width;
        if verb == '%' {
            printer.out.push(b'%');
        } else if !self.good {
            printer.complain(verb, "BADINDEX");
        } else if let Some(arg) = self.args.get(self.next) {
            if matches!(verb, 'v' | 'w') {
                printer.flags.sharp_v = std::mem::take(&mut printer.flags.sharp);
                printer.flags.plus_v = std::mem::take(&mut printer.flags.plus);
            }
            printer.argument(arg, verb);
            self.next += 1;
        } else {
            printer.complain(verb, "MISSING");
        }
    }

    /// Go: `parsenum`. A number that is too large takes the rest of the pattern with it.
    fn number(&mut self) -> Option<usize> {
        let mut number = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let before = number.unwrap_or(0);
            if before > WIDEST {
                self.at = self.pattern.len();
                return None;
            }
            number = Some(before * 10 + i64::from(digit - b'0'));
            self.at += 1;
        }
        number.map(|number| number as usize)
    }

    /// `[n]`. Go: `argNumber`.
    fn index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let rest = &self.pattern[self.at..];
        let close = if rest.len() < 3 { None } else { memchr::memchr(b']', rest) };
        let Some(close) = close else {
            self.at += 1;
            self.good = false;
            return false;
        };
        let digits = &rest[1..close];
        let number = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.len() <= 8)
            .and_then(|digits| digits.parse::<usize>().ok());
        self.at += close + 1;
        match number {
            Some(number) if (1..=self.args.len()).contains(&number) => {
                self.next = number - 1;
                true
            }
            found => {
                self.good = false;
                found.is_some()
            }
        }
    }

    /// Go: `intFromArg`.
    fn int_argument(&mut self) -> Option<i64> {
        let arg = self.args.get(self.next)?;
        self.next += 1;
        let number = match arg {
            Any::Int(number) | Any::Int64(number) | Any::Duration(number) => *number,
            Any::Uint8(number) => i64::from(*number),
            Any::Uint64(number) => i64::try_from(*number).ok()?,
            _ => return None,
        };
        (-WIDEST..=WIDEST).contains(&number).then_some(number)
    }
}
