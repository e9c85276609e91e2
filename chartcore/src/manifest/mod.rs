//! Rendered text to Kubernetes objects.
