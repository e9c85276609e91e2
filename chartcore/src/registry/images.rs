//! Container images as manifests name them: `nginx`, `ghcr.io/a/b:1.2`, `web@sha256:…`.

use super::client::Registry;
use super::reference::Reference;
use crate::error::{Error, ErrorKind, Result};

/// An image, its short forms written out: `nginx` is `docker.io/library/nginx`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    reference: Reference,
}

impl Image {
    /// Reads an image's name. Docker: distribution/reference, `ParseNormalizedNamed`.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |error: Error| {
            let reason = error.message().trim_start_matches("invalid reference: ").to_owned();
            Error::new(ErrorKind::Usage, format!("invalid image {}: {reason}", crate::files::quote(text)))
        };
        let (first, rest) = text.split_once('/').unwrap_or(("", text));
        let is_host = first.contains(['.', ':']) || first == "localhost";
        let full = match (is_host, first, rest.contains('/')) {
            (true, "docker.io" | "index.docker.io", false) => format!("docker.io/library/{rest}"),
            (true, "index.docker.io", true) => format!("docker.io/{rest}"),
            (true, ..) => text.to_owned(),
            (false, "", _) => format!("docker.io/library/{rest}"),
            (false, ..) => format!("docker.io/{text}"),
        };
        Ok(Self { reference: Reference::parse(&full).map_err(wrong)? })
    }

    /// Where the image is.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Whether the name says which image it is: by a digest, or by a tag other than `latest`.
    pub fn is_pinned(&self) -> bool {
        self.reference.digest().is_some() || self.reference.tag().is_some_and(|tag| tag != "latest")
    }
}

impl Registry {
    /// Whether a registry has an image.
    ///
    /// # Errors
    /// The registry answers neither yes nor no.
    pub fn has_image(&self, image: &Image) -> Result<bool> {
        let reference = match image.reference.target() {
            Some(_) => image.reference.clone(),
            None => image.reference.with_version("latest")?,
        };
        Ok(self.find(&reference)?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_written_out() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (text, full, pinned) in [
            ("nginx", "docker.io/library/nginx", false),
            ("nginx:1.2", "docker.io/library/nginx:1.2", true),
            ("nginx:latest", "docker.io/library/nginx:latest", false),
            ("bitnami/redis:7", "docker.io/bitnami/redis:7", true),
            ("docker.io/redis:7", "docker.io/library/redis:7", true),
            ("index.docker.io/a/b", "docker.io/a/b", false),
            ("ghcr.io/a/b:v1", "ghcr.io/a/b:v1", true),
            ("localhost/a:1", "localhost/a:1", true),
            ("127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1", true),
            (&format!("a/b@{digest}"), &format!("docker.io/a/b@{digest}"), true),
        ] {
            let image = Image::parse(text).unwrap();
            assert_eq!((image.reference().to_string().as_str(), image.is_pinned()), (full, pinned), "{text}");
        }
        for (text, message) in [
            ("Nginx", "invalid image \"Nginx\": invalid repository \"library/Nginx\""),
            ("", "invalid image \"\": invalid repository \"library/\""),
            ("a:", "invalid image \"a:\": "),
        ] {
            match Image::parse(text) {
                Ok(image) => assert!(!image.is_pinned(), "{text}"),
                Err(error) => assert!(error.to_string().starts_with(message), "{error}"),
            }
        }
    }
}
