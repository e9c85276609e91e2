//! Which fields a template's text mentions.

use super::Parsed;
use super::code::{Chain, Literal, Op};
use crate::data::Str;

/// Functions that take a map and the key they look for.
const LOOK_UPS: [&str; 3] = ["index", "get", "hasKey"];

impl Parsed {
    /// Every chain of fields in the text that goes through `root`, from behind it: of `.Values.a.b` with the
    /// root `Values`, `[a, b]`; of `index .Values "a"`, `[a]`. A chain that ends with the root is empty: whoever
    /// takes all of it may use any part.
    pub fn fields_below(&self, root: &str) -> Vec<Vec<&Str>> {
        let mut found = Vec::new();
        for body in &self.bodies {
            for (index, op) in body.code.iter().enumerate() {
                let Some(chain) = chain(op) else { continue };
                let Some(mut path) = self.behind(chain, root) else { continue };
                if path.is_empty() {
                    path = self.looked_up(body.code.get(index + 1..).unwrap_or_default());
                }
                found.push(path);
            }
        }
        found
    }

    /// The fields of the chain behind `root`, if it has it.
    fn behind(&self, chain: Chain, root: &str) -> Option<Vec<&Str>> {
        let idents = self.idents.get(chain.start as usize..)?.get(..chain.length as usize)?;
        let at = idents.iter().position(|ident| ident.name == *root)?;
        Some(idents.get(at + 1..)?.iter().map(|ident| &ident.name).collect())
    }

    /// The literal keys of a look-up whose map has just been pushed.
    fn looked_up(&self, code: &[Op]) -> Vec<&Str> {
        let mut keys = Vec::new();
        for op in code {
            match *op {
                Op::Literal { index, .. } => match self.literals.get(index as usize) {
                    Some(Literal::Str(key)) => keys.push(key),
                    _ => break,
                },
                Op::Check { .. } => {}
                Op::Call { function, .. } if LOOK_UPS.contains(&function.name) => return keys,
                _ => break,
            }
        }
        Vec::new()
    }
}

fn chain(op: &Op) -> Option<Chain> {
    match *op {
        Op::Field { chain, .. }
        | Op::PrintField { chain, .. }
        | Op::UnlessField { chain, .. }
        | Op::VariableField { chain, .. }
        | Op::PrintVariableField { chain, .. }
        | Op::TopField { chain } => Some(chain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::Compat;
    use crate::template::parse;

    #[test]
    fn fields_are_found_wherever_they_stand() {
        for (source, expected) in [
            ("{{ .Values.a.b }}", &["a.b"][..]),
            ("{{ if $.Values.a }}{{ .b }}{{ end }}", &["a"]),
            ("{{ with .Values }}{{ .b }}{{ end }}", &[""]),
            ("{{ index .Values \"a\" \"b-c\" }}", &["a.b-c"]),
            ("{{ get .Values \"a\" | quote }}", &["a"]),
            ("{{ include \"x\" .Values }}", &[""]),
            ("{{ index .Values .x }}", &[""]),
            ("{{ (.root).Values.c }}{{ $c := .ctx }}{{ $c.Values.d }}", &["c", "d"]),
            ("{{ define \"x\" }}{{ default 1 .Values.e }}{{ end }}{{ .Chart.Name }}", &["e"]),
        ] {
            let parsed = parse(source.as_bytes(), Compat::Helm4).unwrap();
            let mut found: Vec<String> = parsed
                .fields_below("Values")
                .iter()
                .map(|path| path.iter().map(|key| key.to_string()).collect::<Vec<_>>().join("."))
                .collect();
            found.sort();
            assert_eq!(found, expected, "{source}");
        }
    }
}
