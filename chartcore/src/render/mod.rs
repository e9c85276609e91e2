//! A chart and values through its templates.
