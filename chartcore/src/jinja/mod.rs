//! Jinja templates of plans, compatible with Python's.
