//! NOTES.txt.

/// What a chart's NOTES.txt wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    source: String,
    is_root: bool,
    text: Vec<u8>,
}

impl Note {
    /// The note a template is, if it is one: everything whose name ends in `NOTES.txt`. The root chart's is
    /// the one directly in its `templates/`.
    ///
    /// Helm: pkg/action/action.go, `renderResources`.
    pub(super) fn of(root: &str, template: &str) -> Option<Self> {
        template.ends_with("NOTES.txt").then(|| Self {
            source: template.to_owned(),
            is_root: template.strip_prefix(root) == Some("/templates/NOTES.txt"),
            text: Vec::new(),
        })
    }

    pub(super) fn with_text(mut self, text: Vec<u8>) -> Self {
        self.text = text;
        self
    }

    /// The template's name under the root chart.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is the root chart's own.
    pub fn is_root(&self) -> bool {
        self.is_root
    }

    /// What it wrote.
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::Note;

    #[test]
    fn only_the_one_in_templates_is_the_root_chart_s() {
        let is_root = |template| Note::of("app", template).map(|note| note.is_root());
        assert_eq!(is_root("app/templates/NOTES.txt"), Some(true));
        assert_eq!(is_root("app/templates/more/NOTES.txt"), Some(false));
        assert_eq!(is_root("app/charts/db/templates/NOTES.txt"), Some(false));
        assert_eq!(is_root("app/templates/OLD-NOTES.txt"), Some(false));
        assert_eq!(is_root("app/templates/notes.txt"), None);
    }
}
