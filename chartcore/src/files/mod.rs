//! Named bytes in order: folders, archives, ignore rules, glob patterns.
