//! Values for Jinja between Python and the library: order and integers are kept.

use std::sync::Arc;

use chartcore::jinja::{Entries, Tree};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple,
};

use crate::boundary::values_error;
use crate::convert::{self, Numbers};

/// How deep values may nest.
const DEPTH: usize = 90;

/// Converts Python's plain types and what behaves like them; `name` says in errors whose values they are.
pub(crate) fn from_python(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Tree> {
    Reader { place: name.to_owned(), above: Vec::new() }.read(object)
}

struct Reader {
    /// The way to what is being converted.
    place: String,
    /// The containers around it, by identity.
    above: Vec<usize>,
}

impl Reader {
    fn fail(&self, py: Python<'_>, code: &str, problem: &str) -> PyErr {
        values_error(py, code, &format!("{}: {problem}", self.place))
    }

    fn read(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Tree> {
        let py = object.py();
        if object.is_none() {
            return Ok(Tree::Null);
        }
        if let Ok(truth) = object.cast::<PyBool>() {
            return Ok(Tree::Bool(truth.is_true()));
        }
        if let Ok(text) = object.cast::<PyString>() {
            return match text.to_cow() {
                Ok(text) => Ok(Tree::Text(Arc::from(&*text))),
                Err(_) => {
                    let problem = "the text holds a lone surrogate, which is no Unicode";
                    Err(self.fail(py, "values-text", problem))
                }
            };
        }
        if let Ok(number) = object.cast::<PyInt>() {
            let wide = |_| self.fail(py, "values-number", "the integer does not fit in 128 bits");
            return number.extract().map(Tree::Int).map_err(wide);
        }
        if let Ok(number) = object.cast::<PyFloat>() {
            return Ok(Tree::Float(number.value()));
        }
        if let Ok(dict) = object.cast::<PyDict>() {
            let pairs: Vec<_> = dict.iter().collect();
            return self.map(object, pairs);
        }
        if object.cast::<PyList>().is_ok() || object.cast::<PyTuple>().is_ok() {
            return self.list(object);
        }
        if object.cast::<PyBytes>().is_ok() || object.cast::<PyByteArray>().is_ok() {
            return Err(self.fail(py, "values-type", "bytes are no value; decode them to str"));
        }
        if let Ok(mapping) = object.cast::<PyMapping>() {
            let items = mapping.items()?;
            let pairs = items.iter().map(|item| item.extract()).collect::<PyResult<Vec<_>>>()?;
            return self.map(object, pairs);
        }
        let value = convert::from_python(object, &self.place, Numbers::Kept)?;
        Ok(Tree::from(&value))
    }

    fn inside(
        &mut self,
        object: &Bound<'_, PyAny>,
        read: impl FnOnce(&mut Self) -> PyResult<Tree>,
    ) -> PyResult<Tree> {
        let identity = object.as_ptr() as usize;
        if self.above.contains(&identity) {
            return Err(self.fail(object.py(), "values-cycle", "the value contains itself"));
        }
        if self.above.len() >= DEPTH {
            let problem = format!("values are nested more than {DEPTH} deep");
            return Err(values_error(object.py(), "values-depth", &problem));
        }
        self.above.push(identity);
        let tree = read(self)?;
        self.above.pop();
        Ok(tree)
    }

    /// Reads what lies one step further.
    fn step(&mut self, step: &str, object: &Bound<'_, PyAny>) -> PyResult<Tree> {
        let length = self.place.len();
        self.place.push_str(step);
        let tree = self.read(object)?;
        self.place.truncate(length);
        Ok(tree)
    }

    fn list(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Tree> {
        self.inside(object, |reader| {
            let mut items = Vec::with_capacity(object.len()?);
            for (at, item) in object.try_iter()?.enumerate() {
                items.push(reader.step(&format!("[{at}]"), &item?)?);
            }
            Ok(Tree::List(items.into()))
        })
    }

    fn map<'py>(
        &mut self,
        object: &Bound<'py, PyAny>,
        pairs: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    ) -> PyResult<Tree> {
        self.inside(object, |reader| {
            let mut entries = Vec::with_capacity(pairs.len());
            for (key, value) in pairs {
                let known = key.is_none()
                    || key.cast::<PyString>().is_ok()
                    || key.cast::<PyInt>().is_ok()
                    || key.cast::<PyFloat>().is_ok();
                if !known {
                    let kind = key.get_type().qualname()?;
                    let problem = format!("the key {} is of type `{kind}`", key.repr()?);
                    return Err(reader.fail(key.py(), "values-key", &problem));
                }
                let key = reader.read(&key)?;
                let step = key.as_str().map_or_else(|| ".?".to_owned(), |text| format!(".{text}"));
                entries.push((key, reader.step(&step, &value)?));
            }
            Ok(Tree::Map(Arc::new(Entries::new(entries))))
        })
    }
}

/// Converts to Python's plain types.
pub(crate) fn into_python<'py>(py: Python<'py>, tree: &Tree) -> PyResult<Bound<'py, PyAny>> {
    Ok(match tree {
        Tree::Null => py.None().into_bound(py),
        Tree::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        Tree::Int(number) => number.into_pyobject(py)?.into_any(),
        Tree::Float(number) => PyFloat::new(py, *number).into_any(),
        Tree::Text(text) => PyString::new(py, text).into_any(),
        Tree::List(items) => {
            let items: PyResult<Vec<_>> = items.iter().map(|item| into_python(py, item)).collect();
            PyList::new(py, items?)?.into_any()
        }
        Tree::Map(entries) => {
            let dict = PyDict::new(py);
            for (key, value) in entries.as_slice() {
                dict.set_item(into_python(py, key)?, into_python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}
