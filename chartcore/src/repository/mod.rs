//! Chart repositories: `index.yaml` over HTTP, the cache, search.
