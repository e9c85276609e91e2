//! A Kubernetes cluster: connection, discovery, apply, waiting, logs and lookup.
