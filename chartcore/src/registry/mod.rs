//! OCI registries: references, credentials, artifacts, push and pull.
