//! The order go-yaml prints keys in: letters after the rest, numbers by their size.
//!
//! It is no order in the mathematical sense (`1a` < `2` < `10` < `1a`), so the sort here is its own: it ends
//! and keeps its items whatever the comparison says.

use super::Flavour;

/// Sorts `items` by their keys.
pub(super) fn sort<T>(items: &mut Vec<T>, flavour: Flavour, key: impl Fn(&T) -> &[u8] + Copy) {
    let less = |left: &T, right: &T| less(key(left), key(right), flavour);
    if items.len() > 24 {
        merge_sort(items, &less);
        return;
    }
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && less(&items[at], &items[at - 1]) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}

fn merge_sort<T>(items: &mut Vec<T>, less: &impl Fn(&T, &T) -> bool) {
    if items.windows(2).all(|pair| !less(&pair[1], &pair[0])) {
        return;
    }
    if items.len() < 2 {
        return;
    }
    let mut right = items.split_off(items.len() / 2);
    merge_sort(items, less);
    merge_sort(&mut right, less);
    let mut merged = Vec::with_capacity(items.len() + right.len());
    let mut left = std::mem::take(items).into_iter().peekable();
    let mut right = right.into_iter().peekable();
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        let next = if less(second, first) { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    *items = merged;
}

/// Whether `left` comes before `right`. Go: yaml/sorter.go, keyList.Less.
pub(super) fn less(left: &[u8], right: &[u8], flavour: Flavour) -> bool {
    let mut same = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    if same == left.len() || same == right.len() {
        // One is the start of the other; they differ in length only, unless a letter is cut in two.
        if left.get(same).or(right.get(same)).is_none_or(|&byte| byte & 0xc0 != 0x80) {
            return left.len() < right.len();
        }
    }
    while same > 0
        && (left.get(same).is_some_and(|&byte| byte & 0xc0 == 0x80)
            || right.get(same).is_some_and(|&byte| byte & 0xc0 == 0x80))
    {
        same -= 1;
    }
    let (Some(first), Some(second)) = (letter_at(left, same), letter_at(right, same)) else {
        return left.len() < right.len();
    };
    let (first_is_letter, second_is_letter) = (is_letter(first), is_letter(second));
    if first_is_letter && second_is_letter {
        return first < second;
    }
    if first_is_letter || second_is_letter {
        let after_digit = flavour == Flavour::Pretty && same > 0 && left[same - 1].is_ascii_digit();
        return if after_digit { first_is_letter } else { second_is_letter };
    }
    let mut start = 0;
    if first == '0' || second == '0' {
        let mut before = left[..same].iter().rev().take_while(|byte| byte.is_ascii_digit());
        start = i64::from(before.any(|&byte| byte != b'0'));
    }
    let (first_number, first_digits) = number_at(left, same, start);
    let (second_number, second_digits) = number_at(right, same, start);
    if first_number != second_number {
        return first_number < second_number;
    }
    if first_digits != second_digits {
        return first_digits < second_digits;
    }
    first < second
}

fn letter_at(text: &[u8], at: usize) -> Option<char> {
    let rest = &text[at.min(text.len())..];
    let first = *rest.first()?;
    if first.is_ascii() {
        return Some(char::from(first));
    }
    let chunk = rest[..rest.len().min(4)].utf8_chunks().next()?;
    Some(chunk.valid().chars().next().unwrap_or('\u{fffd}'))
}

fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() && !letter.is_numeric()
}

/// The number that starts at `at` (it wraps around like Go's int64), and how many digits it has.
fn number_at(text: &[u8], at: usize, start: i64) -> (i64, usize) {
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold((start, 0), |(number, count), byte| {
        (number.wrapping_mul(10).wrapping_add(i64::from(byte - b'0')), count + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_natural_order() {
        let mut keys = vec!["b", "a10", "a2", "a", "A", "10", "9", "a-b", "ab", "é", "_x", "a01", "a1"];
        sort(&mut keys, Flavour::Plain, |key| key.as_bytes());
        assert_eq!(keys, ["_x", "9", "10", "A", "a", "a-b", "a1", "a01", "a2", "a10", "ab", "b", "é"]);
    }

    #[test]
    fn a_circle_of_keys_does_not_hang_or_lose_any() {
        let mut keys: Vec<String> =
            (0..200).flat_map(|n| [format!("{n}"), format!("{n}a"), format!("0{n}")]).collect();
        let mut before = keys.clone();
        sort(&mut keys, Flavour::Plain, |key| key.as_bytes());
        keys.sort();
        before.sort();
        assert_eq!(keys, before);
    }
}
