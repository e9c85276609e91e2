//! Which template line wrote a rendered byte.

use super::{Rendered, Stage};
use crate::diag::Location;
use crate::template::{Origin, print};

/// What Helm takes out of rendered text.
const NO_VALUE: &[u8] = b"<no value>";

impl Rendered {
    /// The place in a template that wrote the byte at `offset` of the rendered file `name`.
    ///
    /// Nothing is recorded while a chart renders; this renders it once more, as far as that file, and watches.
    /// `None` when the file does not come out the same (it holds the time or random values), or when the text
    /// came out of a `tpl`.
    pub(crate) fn template_place(&self, name: &str, offset: usize) -> Option<Location> {
        let origin = self.origin(name, offset)?;
        let file = self.template(&origin.file)?;
        let text = super::failure::line_text(file, origin.line);
        let length = match &text {
            Some(text) if origin.copied => text.len().saturating_sub(origin.column),
            _ => 0,
        };
        Some(Location { file: origin.file, line: origin.line, column: origin.column + 1, length, text })
    }

    fn origin(&self, name: &str, offset: usize) -> Option<Origin> {
        let rendered = self.files.iter().find(|file| file.name() == name)?;
        let stage = Stage::set(&self.values, &self.options).ok()?;
        let host = self.options.shared_host();
        let mut executor = stage.executor(&*host, &self.options);
        for (job, context) in stage.cues() {
            let mut content = Vec::new();
            let dot = stage.dot(job, context);
            if job.name != name {
                executor.execute(&job.name, &dot, &mut content).ok()?;
                continue;
            }
            let trace = executor.execute_traced(&job.name, &dot, &mut content).ok()?;
            let written = written_offset(&content, offset);
            print::remove_no_value(&mut content, 0);
            return (content == rendered.content()).then(|| trace.origin(written)).flatten();
        }
        None
    }
}

/// Where the byte that ends up at `offset` was before every `<no value>` was taken out.
fn written_offset(written: &[u8], offset: usize) -> usize {
    let mut shift = 0;
    for at in memchr::memmem::find_iter(written, NO_VALUE) {
        if at - shift > offset {
            break;
        }
        shift += NO_VALUE.len();
    }
    offset + shift
}

#[cfg(test)]
mod tests {
    use super::written_offset;

    #[test]
    fn offsets_count_what_was_taken_out() {
        let written = b"a<no value>b<no value><no value>c";
        let offsets: Vec<usize> = (0..3).map(|offset| written_offset(written, offset)).collect();
        assert_eq!(offsets.iter().map(|&at| written[at]).collect::<Vec<_>>(), b"abc");
    }
}
