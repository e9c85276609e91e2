//! Many value sets over charts, rendered to a folder with an index.
