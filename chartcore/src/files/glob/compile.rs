//! From the elements of a pattern to the matcher that gobwas would build for them.

use super::matcher::{Matcher, Tree};
use super::pattern::Node;

/// Makes the matcher of a parsed pattern.
pub(super) fn compile(node: &Node) -> Matcher {
    match node {
        Node::AnyOf(alternatives) => match factored(alternatives) {
            Some(pattern) => compile(&pattern),
            None => Matcher::AnyOf(compile_all(alternatives)),
        },
        Node::Pattern(elements) if elements.is_empty() => Matcher::Nothing,
        Node::Pattern(elements) => simplified(combined(glued_runs(compile_all(elements)))),
        Node::Any => Matcher::Any,
        Node::Super => Matcher::Super,
        Node::Single => Matcher::Single,
        Node::Nothing => Matcher::Nothing,
        Node::List(letters, excluded) => simplified(Matcher::List(letters.chars().collect(), *excluded)),
        Node::Range(first, last, excluded) => Matcher::Range(*first, *last, *excluded),
        Node::Text(text) => Matcher::Text(text.clone()),
    }
}

fn compile_all(nodes: &[Node]) -> Vec<Matcher> {
    nodes.iter().map(|node| simplified(compile(node))).collect()
}

/// Takes what all alternatives begin and end with out of them. `None` when they share nothing.
fn factored(alternatives: &[Node]) -> Option<Node> {
    let elements: Vec<&[Node]> = alternatives
        .iter()
        .map(|node| match node {
            Node::Pattern(elements) => elements.as_slice(),
            _ => &[],
        })
        .collect();
    let (left, right) = shared(&elements)?;
    let shortest = elements.iter().min_by_key(|elements| elements.len())?;
    let mut parts = Vec::new();
    if left > 0 {
        parts.push(Node::Pattern(shortest[..left].to_vec()));
    }
    let mut rests: Vec<Node> = Vec::new();
    for elements in &elements {
        let rest = &elements[left..elements.len() - right];
        let rest = if rest.is_empty() { Node::Nothing } else { Node::Pattern(rest.to_vec()) };
        if !rests.contains(&rest) {
            rests.push(rest);
        }
    }
    match rests.len() {
        1 => parts.extend(rests.pop().filter(|rest| *rest != Node::Nothing)),
        _ => parts.push(Node::AnyOf(rests)),
    }
    if right > 0 {
        parts.push(Node::Pattern(shortest[shortest.len() - right..].to_vec()));
    }
    Some(Node::Pattern(parts))
}

/// How many elements all alternatives share at their beginnings and at their ends.
fn shared(alternatives: &[&[Node]]) -> Option<(usize, usize)> {
    if alternatives.len() < 2 {
        return None;
    }
    let shortest = alternatives.iter().min_by_key(|elements| elements.len())?;
    let length = shortest.len();
    let begins_alike = |index: usize| alternatives.iter().all(|elements| elements[index] == shortest[index]);
    let ends_alike = |index: usize| {
        alternatives
            .iter()
            .all(|elements| elements[elements.len() - 1 - index] == shortest[length - 1 - index])
    };
    // Both ends are walked towards each other. Where they would cross, the beginning has the element.
    let (mut left, mut right) = (0, 0);
    let (mut left_open, mut right_open) = (true, true);
    let mut step = 0;
    while step < length && left + right < length && (left_open || right_open) {
        left_open = left_open && begins_alike(step);
        right_open = right_open && !(left_open && length - 1 - step <= step) && ends_alike(step);
        left += usize::from(left_open);
        right += usize::from(right_open);
        step += 1;
    }
    (left + right > 0).then_some((left, right))
}

/// Replaces the longest run of matchers that one matcher can stand for, again and again.
fn glued_runs(mut matchers: Vec<Matcher>) -> Vec<Matcher> {
    loop {
        let mut best: Option<(usize, usize, Matcher)> = None;
        for start in 0..matchers.len() {
            for end in (start + 1..=matchers.len()).rev() {
                let Some(glued) = glued(&matchers[start..end]) else { continue };
                let better = best.as_ref().is_none_or(|(best_start, best_end, matcher)| {
                    let longer = matches!(
                        (matcher.length(), glued.length()),
                        (Some(best_length), Some(length)) if length > best_length
                    );
                    longer || best_end - best_start < end - start
                });
                if better {
                    best = Some((start, end, glued));
                }
            }
        }
        let Some((start, end, glued)) = best else { return matchers };
        let before = matchers.len();
        matchers.splice(start..end, [glued]);
        if matchers.len() == before {
            return matchers;
        }
    }
}

/// One matcher for several in a row, if there is one.
fn glued(matchers: &[Matcher]) -> Option<Matcher> {
    if matchers.len() < 2 {
        return None;
    }
    glued_as_every(matchers).or_else(|| glued_as_row(matchers))
}

/// A row of matchers that each take a fixed number of letters.
fn glued_as_row(matchers: &[Matcher]) -> Option<Matcher> {
    let length = matchers.iter().map(Matcher::length).sum::<Option<usize>>()?;
    Some(Matcher::Row(matchers.to_vec(), length))
}

/// Conditions on the whole text instead of matchers that exclude the same letters.
fn glued_as_every(matchers: &[Matcher]) -> Option<Matcher> {
    let (mut any, mut everything, mut least) = (false, false, 0);
    let mut shared: Option<String> = None;
    for matcher in matchers {
        let excluded = match matcher {
            Matcher::Super => {
                everything = true;
                String::new()
            }
            Matcher::Any => {
                any = true;
                "/".to_string()
            }
            Matcher::Single => {
                least += 1;
                "/".to_string()
            }
            Matcher::List(letters, true) => {
                least += 1;
                letters.iter().collect()
            }
            _ => return None,
        };
        if *shared.get_or_insert_with(|| excluded.clone()) != excluded {
            return None;
        }
    }
    let excluded = shared?;
    match (any, everything, least) {
        (false, true, 0) => return Some(Matcher::Super),
        (true, false, 0) => return Some(Matcher::Any),
        (true, _, 1..) | (_, true, 1..) if excluded.is_empty() => return Some(Matcher::Min(least)),
        _ => {}
    }
    let mut conditions = Vec::new();
    if least > 0 {
        conditions.push(Matcher::Min(least));
        if !any && !everything {
            conditions.push(Matcher::Max(least));
        }
    }
    if !excluded.is_empty() {
        // The letters are looked for as one text.
        conditions.push(Matcher::Contains(excluded, true));
    }
    Some(Matcher::EveryOf(conditions))
}

/// One matcher out of several: a tree around the last of the longest ones of fixed length.
fn combined(mut matchers: Vec<Matcher>) -> Matcher {
    if matchers.len() == 1
        && let Some(only) = matchers.pop()
    {
        return only;
    }
    if let Some(glued) = glued(&matchers) {
        return glued;
    }
    let lengths = matchers.iter().enumerate().filter_map(|(index, matcher)| Some((matcher.length()?, index)));
    let pivot = lengths.max().map_or(0, |(_, index)| index);
    let right = matchers.split_off(pivot + 1);
    let Some(value) = matchers.pop() else { return Matcher::Nothing };
    let part = |matchers: Vec<Matcher>| (!matchers.is_empty()).then(|| combined(matchers));
    Matcher::Tree(Box::new(Tree::new(value, part(matchers), part(right))))
}

/// Replaces trees around a text by something more direct.
fn simplified(matcher: Matcher) -> Matcher {
    match matcher {
        Matcher::AnyOf(mut matchers) if matchers.len() == 1 => matchers.pop().unwrap_or(Matcher::Nothing),
        Matcher::List(letters, false) if letters.len() == 1 => Matcher::Text(letters.into_iter().collect()),
        Matcher::Tree(mut tree) => {
            tree.left = tree.left.map(simplified);
            tree.right = tree.right.map(simplified);
            simplified_tree(*tree)
        }
        other => other,
    }
}

fn simplified_tree(tree: Tree) -> Matcher {
    let Matcher::Text(text) = &tree.value else { return Matcher::Tree(Box::new(tree)) };
    let text = text.clone();
    match (&tree.left, &tree.right) {
        (None, None) => Matcher::Text(text),
        (Some(Matcher::Super), Some(Matcher::Super)) => Matcher::Contains(text, false),
        (Some(Matcher::Super), None) => Matcher::Suffix(text),
        (None, Some(Matcher::Super)) => Matcher::Prefix(text),
        (None, Some(Matcher::Suffix(suffix))) => Matcher::PrefixSuffix(text, suffix.clone()),
        (Some(Matcher::Prefix(prefix)), None) => Matcher::PrefixSuffix(prefix.clone(), text),
        (Some(Matcher::Any), None) => Matcher::SuffixAny(text),
        (None, Some(Matcher::Any)) => Matcher::PrefixAny(text),
        _ => Matcher::Tree(Box::new(tree)),
    }
}
