//! Near misses: the name somebody probably meant.

/// The candidate closest to `name`, if one is close: at most a third of the letters differ.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer names are not names somebody mistyped.
    const LONGEST: usize = 100;
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let allowed = name.len().div_ceil(3).min(3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == name || candidate.len().abs_diff(name.len()) > allowed || candidate.len() > LONGEST {
            continue;
        }
        let distance = distance(&name.to_lowercase(), &candidate.to_lowercase());
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Letters to insert, drop, replace or swap to get from one to the other (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let width = right.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut above: Vec<usize> = (0..width).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut current = vec![row + 1; width];
        for (column, other) in right.iter().enumerate() {
            let mut least = (above[column] + usize::from(letter != other))
                .min(above[column + 1] + 1)
                .min(current[column] + 1);
            if row > 0 && column > 0 && left[row - 1] == *other && *letter == right[column - 1] {
                least = least.min(before[column - 1] + 1);
            }
            current[column + 1] = least;
        }
        before = above;
        above = current;
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let keys = ["replicaCount", "image", "imagePullSecrets", "service"];
        for (name, expected) in [
            ("replicacount", Some("replicaCount")),
            ("replciaCount", Some("replicaCount")),
            ("imge", Some("image")),
            ("ports", None),
            ("image", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, keys), expected, "{name}");
        }
    }
}
