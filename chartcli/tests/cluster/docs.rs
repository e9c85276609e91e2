//! The page for new users says what happens: every command of it is run.

use crate::space::{Space, Tool};

#[test]
fn the_page_on_releases_runs() {
    let page = include_str!("../../../docs/releases.md");
    let space = Space::without_namespace();
    let mut count = 0;
    for line in page.lines().filter_map(|line| line.strip_prefix("$ chart ")) {
        let (line, fails) = match line.split_once('#') {
            Some((line, remark)) => (line, remark.trim() == "fails"),
            None => (line, false),
        };
        let line = line.replace(" --namespace shop", &format!(" --namespace {}", space.namespace));
        let ended = space.run(Tool::Chart, line.trim());
        assert_eq!(ended.ok, !fails, "{line}\n{}{}", ended.out, ended.err);
        count += 1;
    }
    assert!(count >= 15, "the page lost its commands");
}
