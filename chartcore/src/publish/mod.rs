//! Publishing charts to a registry without ever overwriting a version.
