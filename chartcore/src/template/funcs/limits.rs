//! How much a single call may make. Go has no such limits and runs out of memory or stack instead; these
//! are far beyond what charts do.

use crate::template::Fault;

/// The longest text a function may make, in bytes.
pub(super) const TEXT: usize = 64 << 20;

/// The longest list a function may make.
pub(super) const ITEMS: usize = 2_000_000;

/// How deep functions follow values into each other.
pub(super) const DEPTH: usize = 300;

/// How many values a function may visit when it walks a value. One that holds the same list twice, which
/// holds another twice, and so on, has more than there are atoms.
pub(super) const VISITS: usize = 4_000_000;

/// Refuses to make a text of `length` bytes when that is too long.
#[inline]
pub(super) fn check_text(length: usize) -> Result<(), Fault> {
    if length > TEXT {
        return Err(Fault::new(format!("a text of {length} bytes is longer than the limit of {TEXT} bytes")));
    }
    Ok(())
}

/// The refusal of a text whose length nobody has counted to the end.
#[cold]
pub(super) fn text_too_long() -> Fault {
    Fault::new(format!("the text would be longer than the limit of {TEXT} bytes"))
}

/// Refuses to make a list of `length` items when that is too long.
#[inline]
pub(super) fn check_items(length: usize) -> Result<(), Fault> {
    if length > ITEMS {
        return Err(Fault::new(format!(
            "a list of {length} items is longer than the limit of {ITEMS} items"
        )));
    }
    Ok(())
}

/// Counts the values a walk visits and how deep it is.
#[derive(Debug, Default)]
pub(super) struct Walk {
    visits: usize,
    depth: usize,
}

impl Walk {
    /// Goes down into a value of so many parts.
    ///
    /// # Errors
    /// The value is nested too deeply (it contains itself) or has too many parts.
    pub(super) fn enter(&mut self, parts: usize) -> Result<(), Fault> {
        self.depth += 1;
        self.visits += parts + 1;
        if self.depth > DEPTH {
            return Err(Fault::new(format!(
                "a value is nested more than {DEPTH} levels deep: does it contain itself?"
            )));
        }
        if self.visits > VISITS {
            return Err(Fault::new(format!("a value has more than {VISITS} parts")));
        }
        Ok(())
    }

    /// Comes back up.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }
}

#[cfg(test)]
mod tests {
    use crate::Compat;
    use crate::template::functions;
    use crate::template::{Any, Host, List, Map, Memo, Scope};

    struct Nowhere;

    impl Host for Nowhere {
        fn now(&self) -> (i64, u32) {
            (0, 0)
        }

        fn random(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn call(name: &str, arguments: &[Any]) -> Result<Any, String> {
        let function =
            functions(Compat::Helm4).find(|function| function.name == name).expect("a function of that name");
        let mut memo = Memo::default();
        (function.call)(&mut Scope::new(&Nowhere, &mut memo), arguments)
            .map_err(|fault| fault.text().to_owned())
    }

    #[track_caller]
    fn check_refusal(name: &str, arguments: &[Any], expected: &str) {
        match call(name, arguments) {
            Err(text) => assert!(text.contains(expected), "{name}: {text}"),
            Ok(value) => panic!("{name} gave {}", value.type_name()),
        }
    }

    fn on_a_small_stack(run: fn()) {
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread");
        thread.join().expect("no panic");
    }

    fn circle() -> Any {
        let map = Map::new();
        map.insert("x", Any::Map(map.clone()));
        map.insert("l", Any::List(List::new(vec![Any::Map(map.clone())])));
        Any::Map(map)
    }

    #[test]
    fn maps_that_contain_themselves_are_refused() {
        on_a_small_stack(|| {
            let deep = "levels deep";
            check_refusal("deepCopy", &[circle()], deep);
            check_refusal("deepEqual", &[circle(), circle()], deep);
            check_refusal("has", &[circle(), Any::List(List::new(vec![circle()]))], deep);
            check_refusal("merge", &[circle(), circle()], deep);
            check_refusal("mergeOverwrite", &[circle(), circle()], deep);
            let own = Map::new();
            own.insert("x", Any::Map(own.clone()));
            assert!(call("quote", &[Any::Map(own.clone())]).is_ok());
            assert!(call("join", &[Any::str(","), Any::Map(own)]).is_ok());
        });
    }

    #[test]
    fn values_that_multiply_are_refused() {
        on_a_small_stack(|| {
            let doubled = |value: Any| Any::List(List::new(vec![value.clone(), value]));
            let many = (0..100).fold(Any::str("text"), |value, _| doubled(value));
            let other = (0..100).fold(Any::str("text"), |value, _| doubled(value));
            check_refusal("deepCopy", std::slice::from_ref(&many), "parts");
            check_refusal("deepEqual", &[many.clone(), other], "parts");
            check_refusal("toString", &[many], "longer than the limit");
        });
    }

    #[test]
    fn long_texts_and_lists_are_refused() {
        let most = Any::Int(i64::MAX);
        check_refusal("repeat", &[Any::Int(1 << 40), Any::str("ab")], "longer than the limit");
        check_refusal("indent", &[most.clone(), Any::str("ab")], "longer than the limit");
        check_refusal("nindent", &[most.clone(), Any::str("a\nb")], "longer than the limit");
        check_refusal("until", std::slice::from_ref(&most), "longer than the limit");
        check_refusal("untilStep", &[Any::Int(0), most.clone(), Any::Int(1 << 30)], "longer than the limit");
        check_refusal("seq", &[Any::Int(1 << 40)], "longer than the limit");
        let long = call("repeat", &[Any::Int(1 << 20), Any::str("ab")]).expect("two megabytes");
        check_refusal("replace", &[Any::str("a"), long.clone(), long.clone()], "longer than the limit");
        check_refusal("replace", &[Any::str(""), long.clone(), long.clone()], "longer than the limit");
        check_refusal("wrapWith", &[Any::Int(1), long.clone(), long.clone()], "longer than the limit");
        check_refusal("join", &[long.clone(), call("until", &[Any::Int(1000)]).expect("a list")], "longer");
        check_refusal("cat", &vec![long; 100], "longer than the limit");
    }
}
