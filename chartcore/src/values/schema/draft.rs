//! The versions of JSON schema: what differs between them.

use super::super::json::Json;

/// A version of JSON schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Draft {
    Draft4,
    Draft6,
    Draft7,
    Draft2019,
    Draft2020,
}

impl Draft {
    pub(super) const ALL: [Self; 5] =
        [Self::Draft4, Self::Draft6, Self::Draft7, Self::Draft2019, Self::Draft2020];

    pub(super) fn number(self) -> u16 {
        match self {
            Self::Draft4 => 4,
            Self::Draft6 => 6,
            Self::Draft7 => 7,
            Self::Draft2019 => 2019,
            Self::Draft2020 => 2020,
        }
    }

    pub(super) fn url(self) -> &'static str {
        match self {
            Self::Draft4 => "http://json-schema.org/draft-04/schema",
            Self::Draft6 => "http://json-schema.org/draft-06/schema",
            Self::Draft7 => "http://json-schema.org/draft-07/schema",
            Self::Draft2019 => "https://json-schema.org/draft/2019-09/schema",
            Self::Draft2020 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    pub(super) fn id_keyword(self) -> &'static str {
        if self == Self::Draft4 { "id" } else { "$id" }
    }

    pub(super) fn vocabularies(self) -> &'static [&'static str] {
        match self {
            Self::Draft2019 => &["core", "applicator", "validation", "meta-data", "format", "content"],
            Self::Draft2020 => &[
                "core",
                "applicator",
                "unevaluated",
                "validation",
                "meta-data",
                "format-annotation",
                "format-assertion",
                "content",
            ],
            _ => &[],
        }
    }

    /// Where subschemas are: keyword, and whether in it, in its items or in its members.
    pub(super) fn subschemas(self) -> impl Iterator<Item = (&'static str, Place)> {
        use Place::{Items, Members, Own};
        const PLACES: [(&str, Place, Draft); 23] = [
            ("definitions", Members, Draft::Draft4),
            ("not", Own, Draft::Draft4),
            ("allOf", Items, Draft::Draft4),
            ("anyOf", Items, Draft::Draft4),
            ("oneOf", Items, Draft::Draft4),
            ("properties", Members, Draft::Draft4),
            ("additionalProperties", Own, Draft::Draft4),
            ("patternProperties", Members, Draft::Draft4),
            ("items", Own, Draft::Draft4),
            ("items", Items, Draft::Draft4),
            ("additionalItems", Own, Draft::Draft4),
            ("dependencies", Members, Draft::Draft4),
            ("propertyNames", Own, Draft::Draft6),
            ("contains", Own, Draft::Draft6),
            ("if", Own, Draft::Draft7),
            ("then", Own, Draft::Draft7),
            ("else", Own, Draft::Draft7),
            ("$defs", Members, Draft::Draft2019),
            ("dependentSchemas", Members, Draft::Draft2019),
            ("unevaluatedProperties", Own, Draft::Draft2019),
            ("unevaluatedItems", Own, Draft::Draft2019),
            ("contentSchema", Own, Draft::Draft2019),
            ("prefixItems", Items, Draft::Draft2020),
        ];
        PLACES.into_iter().filter(move |place| place.2 <= self).map(|place| (place.0, place.1))
    }

    /// The draft a `$schema` names.
    pub(super) fn from_url(url: &str) -> Option<Self> {
        let url = url.strip_suffix('#').unwrap_or(url);
        let url = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or(url);
        match url {
            "json-schema.org/schema" => Some(Self::Draft2020),
            _ => Self::ALL.into_iter().find(|draft| {
                draft.url().trim_start_matches("https://").trim_start_matches("http://") == url
            }),
        }
    }

    pub(super) fn id(self, schema: &Json) -> Option<&str> {
        if self < Self::Draft2019 && schema.get("$ref").is_some() {
            return None;
        }
        let id = schema.get(self.id_keyword())?.as_str()?;
        Some(id.split('#').next().unwrap_or_default()).filter(|id| !id.is_empty())
    }
}

/// Where in a keyword's value subschemas are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Own,
    Items,
    Members,
}

/// A draft with the vocabularies a metaschema picks.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    pub(super) draft: Draft,
    pub(super) vocabularies: Option<Vec<String>>,
}

impl Dialect {
    pub(super) fn has(&self, vocabulary: &str) -> bool {
        if vocabulary == "core" || self.draft < Draft::Draft2019 {
            return true;
        }
        match &self.vocabularies {
            Some(names) => names.iter().any(|name| name == vocabulary),
            None => {
                matches!(vocabulary, "applicator" | "validation")
                    || (vocabulary == "unevaluated" && self.draft == Draft::Draft2020)
            }
        }
    }
}

/// The text of a metaschema that every reader knows.
pub(super) fn known_document(url: &str) -> Option<&'static str> {
    let path = url
        .strip_prefix("http://json-schema.org/")
        .or_else(|| url.strip_prefix("https://json-schema.org/"))?;
    Some(match path {
        "draft-04/schema" => include_str!("meta/draft-04.schema.json"),
        "draft-06/schema" => include_str!("meta/draft-06.schema.json"),
        "draft-07/schema" => include_str!("meta/draft-07.schema.json"),
        "draft/2019-09/schema" => include_str!("meta/draft.2019-09.schema.json"),
        "draft/2019-09/meta/applicator" => include_str!("meta/draft.2019-09.meta.applicator.json"),
        "draft/2019-09/meta/content" => include_str!("meta/draft.2019-09.meta.content.json"),
        "draft/2019-09/meta/core" => include_str!("meta/draft.2019-09.meta.core.json"),
        "draft/2019-09/meta/format" => include_str!("meta/draft.2019-09.meta.format.json"),
        "draft/2019-09/meta/meta-data" => include_str!("meta/draft.2019-09.meta.meta-data.json"),
        "draft/2019-09/meta/validation" => include_str!("meta/draft.2019-09.meta.validation.json"),
        "schema" | "draft/2020-12/schema" => include_str!("meta/draft.2020-12.schema.json"),
        "draft/2020-12/meta/applicator" => include_str!("meta/draft.2020-12.meta.applicator.json"),
        "draft/2020-12/meta/content" => include_str!("meta/draft.2020-12.meta.content.json"),
        "draft/2020-12/meta/core" => include_str!("meta/draft.2020-12.meta.core.json"),
        "draft/2020-12/meta/format-annotation" => {
            include_str!("meta/draft.2020-12.meta.format-annotation.json")
        }
        "draft/2020-12/meta/format-assertion" => {
            include_str!("meta/draft.2020-12.meta.format-assertion.json")
        }
        "draft/2020-12/meta/meta-data" => include_str!("meta/draft.2020-12.meta.meta-data.json"),
        "draft/2020-12/meta/unevaluated" => include_str!("meta/draft.2020-12.meta.unevaluated.json"),
        "draft/2020-12/meta/validation" => include_str!("meta/draft.2020-12.meta.validation.json"),
        _ => return None,
    })
}
