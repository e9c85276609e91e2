//! Values between Python and the library.

use chartcore::data::{Map, Str, Value};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PySequence, PyString, PyTuple,
};

use crate::boundary::values_error;

/// How deep values may nest.
const DEPTH: usize = 256;

/// What Python's integers become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Go's float64, as in a file of values.
    Float,
    /// Go's int64 where it fits: what was converted before and comes back.
    Kept,
}

/// Converts Python's plain types and what behaves like them; `name` says in errors whose values they are.
pub(crate) fn from_python(object: &Bound<'_, PyAny>, name: &str, numbers: Numbers) -> PyResult<Value> {
    Reader { name, path: Vec::new(), above: Vec::new(), numbers }.read(object)
}

/// A step into a value.
enum Step {
    Key(Str),
    Index(usize),
}

/// The way to what is being converted.
struct Reader<'a> {
    name: &'a str,
    path: Vec<Step>,
    /// The containers around it, by identity.
    above: Vec<usize>,
    numbers: Numbers,
}

impl Reader<'_> {
    fn fail(&self, py: Python<'_>, code: &str, problem: &str) -> PyErr {
        let mut place = self.name.to_owned();
        for step in &self.path {
            match step {
                Step::Key(key) => place.push_str(&format!(".{key}")),
                Step::Index(index) => place.push_str(&format!("[{index}]")),
            }
        }
        values_error(py, code, &format!("{place}: {problem}"))
    }

    fn read(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Value> {
        if object.is_none() {
            return Ok(Value::Null);
        }
        if let Ok(truth) = object.cast::<PyBool>() {
            return Ok(Value::Bool(truth.is_true()));
        }
        if let Ok(text) = object.cast::<PyString>() {
            return Ok(Value::String(self.text(text)?));
        }
        if let Ok(number) = object.cast::<PyFloat>() {
            return self.float(object.py(), number.value());
        }
        if let Ok(number) = object.cast::<PyInt>() {
            return self.integer(number.as_any());
        }
        if let Ok(dict) = object.cast::<PyDict>() {
            return self.inside(object, |reader| {
                let mut entries = Vec::with_capacity(dict.len());
                for (key, value) in dict {
                    entries.push(reader.entry(&key, &value)?);
                }
                Ok(Map::from_entries(entries).into())
            });
        }
        if object.cast::<PyList>().is_ok() || object.cast::<PyTuple>().is_ok() {
            return self.items(object);
        }
        self.read_other(object)
    }

    /// What is none of the usual types.
    fn read_other(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Value> {
        let py = object.py();
        if object.cast::<PyBytes>().is_ok() || object.cast::<PyByteArray>().is_ok() {
            return Err(self.fail(py, "values-type", "bytes are no value; decode them to str"));
        }
        if let Ok(mapping) = object.cast::<PyMapping>() {
            return self.inside(object, |reader| {
                let mut entries = Vec::new();
                for item in mapping.items()?.iter() {
                    let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
                    entries.push(reader.entry(&key, &value)?);
                }
                Ok(Map::from_entries(entries).into())
            });
        }
        if object.cast::<PySequence>().is_ok() {
            return self.items(object);
        }
        // numpy's truth values are no numbers, and its arrays of one element would pass for one.
        let module: String =
            object.get_type().getattr("__module__").and_then(|it| it.extract()).unwrap_or_default();
        if module == "numpy" && object.hasattr("tolist")? {
            let plain = object.call_method0("tolist")?;
            if !plain.get_type().is(object.get_type()) {
                return self.inside(object, |reader| reader.read(&plain));
            }
        }
        // A class has its instances' methods as attributes; the type of the object tells.
        let kind = object.get_type();
        if kind.hasattr("__index__")? {
            let number = py.import("operator")?.getattr("index")?.call1((object,))?;
            return self.integer(&number);
        }
        if kind.hasattr("__float__")? {
            let number = object.call_method0("__float__")?.extract()?;
            return self.float(py, number);
        }
        let kind = kind.qualname()?;
        let problem = format!(
            "`{kind}` is no value; expected None, bool, int, float, str, or mappings and sequences of them"
        );
        Err(self.fail(py, "values-type", &problem))
    }

    fn inside(
        &mut self,
        object: &Bound<'_, PyAny>,
        read: impl FnOnce(&mut Self) -> PyResult<Value>,
    ) -> PyResult<Value> {
        let identity = object.as_ptr() as usize;
        if self.above.contains(&identity) {
            return Err(self.fail(object.py(), "values-cycle", "the value contains itself"));
        }
        if self.above.len() >= DEPTH {
            let problem = format!("values are nested more than {DEPTH} deep");
            return Err(values_error(object.py(), "values-depth", &problem));
        }
        self.above.push(identity);
        let value = read(self)?;
        self.above.pop();
        Ok(value)
    }

    fn items(&mut self, sequence: &Bound<'_, PyAny>) -> PyResult<Value> {
        self.inside(sequence, |reader| {
            let mut list = Vec::with_capacity(sequence.len()?);
            for (index, item) in sequence.try_iter()?.enumerate() {
                reader.path.push(Step::Index(index));
                list.push(reader.read(&item?)?);
                reader.path.pop();
            }
            Ok(list.into())
        })
    }

    fn entry(&mut self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<(Str, Value)> {
        let Ok(key) = key.cast::<PyString>() else {
            let kind = key.get_type().qualname()?;
            let problem = format!("the key {} is of type `{kind}`; keys are str", key.repr()?);
            return Err(self.fail(key.py(), "values-key", &problem));
        };
        let text = self.text(key)?;
        self.path.push(Step::Key(text.clone()));
        let value = self.read(value)?;
        self.path.pop();
        Ok((text, value))
    }

    fn text(&self, text: &Bound<'_, PyString>) -> PyResult<Str> {
        match text.to_cow() {
            Ok(text) => Ok(Str::new(text.as_bytes())),
            Err(_) => Err(self.fail(
                text.py(),
                "values-text",
                "the text holds a lone surrogate, which is no Unicode",
            )),
        }
    }

    fn float(&self, py: Python<'_>, number: f64) -> PyResult<Value> {
        if number.is_finite() {
            return Ok(Value::Float(number));
        }
        Err(self.fail(py, "values-number", "NaN and infinity are no values: JSON has none"))
    }

    fn integer(&self, number: &Bound<'_, PyAny>) -> PyResult<Value> {
        let signed: PyResult<i64> = number.extract();
        match (signed, self.numbers) {
            (Ok(number), Numbers::Kept) => return Ok(Value::Int(number)),
            (Ok(number), Numbers::Float) => return Ok(Value::Float(number as f64)),
            (Err(error), _) if !error.is_instance_of::<PyOverflowError>(number.py()) => return Err(error),
            _ => {}
        }
        let unsigned: PyResult<u64> = number.extract();
        match (unsigned, self.numbers) {
            (Ok(number), _) => Ok(Value::Float(number as f64)),
            (Err(_), Numbers::Kept) => Ok(Value::Float(number.extract()?)),
            (Err(_), Numbers::Float) => {
                let problem = "the integer does not fit in 64 bits; give it as str, or as float to round it";
                Err(self.fail(number.py(), "values-number", problem))
            }
        }
    }
}

/// Converts to Python's plain types. A float64 without a fraction becomes an int, as in Helm's JSON.
pub(crate) fn into_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        Value::Int(number) => number.into_pyobject(py)?.into_any(),
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e21 => {
            (*number as i128).into_pyobject(py)?.into_any()
        }
        Value::Float(number) => PyFloat::new(py, *number).into_any(),
        Value::String(text) => PyString::new(py, &text.to_text()).into_any(),
        Value::List(list) => {
            let items: PyResult<Vec<_>> = list.iter().map(|item| into_python(py, item)).collect();
            PyList::new(py, items?)?.into_any()
        }
        Value::Map(map) => {
            let dict = PyDict::new(py);
            for (key, value) in map.iter() {
                dict.set_item(PyString::new(py, &key.to_text()), into_python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}

/// One text or a sequence of texts.
pub(crate) fn texts(object: Option<&Bound<'_, PyAny>>, name: &str) -> PyResult<Vec<String>> {
    let Some(object) = object.filter(|object| !object.is_none()) else { return Ok(Vec::new()) };
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(vec![text.extract()?]);
    }
    let wrong = |object: &Bound<'_, PyAny>| -> PyErr {
        let kind = object.get_type().qualname().map(|kind| kind.to_string()).unwrap_or_default();
        PyTypeError::new_err(format!("{name} must be str or a sequence of str, not {kind}"))
    };
    if object.cast::<PyBytes>().is_ok() || object.cast::<PyDict>().is_ok() {
        return Err(wrong(object));
    }
    let items = object.try_iter().map_err(|_| wrong(object))?;
    items
        .map(|item| {
            let item = item?;
            item.extract().map_err(|_| wrong(&item))
        })
        .collect()
}

/// One path or a sequence of paths.
pub(crate) fn paths(object: Option<&Bound<'_, PyAny>>, name: &str) -> PyResult<Vec<String>> {
    let Some(object) = object.filter(|object| !object.is_none()) else { return Ok(Vec::new()) };
    if let Some(path) = path(object)? {
        return Ok(vec![path]);
    }
    let wrong = |object: &Bound<'_, PyAny>| -> PyErr {
        let kind = object.get_type().qualname().map(|kind| kind.to_string()).unwrap_or_default();
        PyTypeError::new_err(format!("{name} must be a path or a sequence of paths, not {kind}"))
    };
    if object.cast::<PyBytes>().is_ok() || object.cast::<PyDict>().is_ok() {
        return Err(wrong(object));
    }
    let items = object.try_iter().map_err(|_| wrong(object))?;
    items
        .map(|item| {
            let item = item?;
            path(&item)?.ok_or_else(|| wrong(&item))
        })
        .collect()
}

/// A `str` or an `os.PathLike`.
pub(crate) fn path(object: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if let Ok(text) = object.cast::<PyString>() {
        return text.extract().map(Some);
    }
    if object.hasattr("__fspath__")? {
        return object.call_method0("__fspath__")?.extract().map(Some);
    }
    Ok(None)
}
