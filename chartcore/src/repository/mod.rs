//! Chart repositories over HTTP: index.yaml, repositories.yaml, searching, fetching.
//!
//! [`Index`] reads an index of any size in one pass, [`NewIndex`] makes one; [`Repositories`] is Helm's own list,
//! shared with it, as are the [`Places`] where indexes and archives are cached; [`Search`] is `search repo`, and
//! [`Fetcher`] brings what is missing.

mod client;
mod file;
mod hub;
mod index;
mod locate;
mod search;
mod tree;
mod url;
mod write;

pub use client::{Access, Fetched, Fetcher, LARGEST_ARCHIVE, Places, UNMANAGED, Updated};
pub use file::{Changed, Repositories, Repository};
pub use hub::{DEFAULT_ENDPOINT, HubHit, search_hub};
pub use index::{Index, LARGEST_INDEX, Record, Warnings, choose, is_range};
pub use locate::{Choice, Located};
pub use search::{Hit, Search, SearchOptions};
pub use url::{file_name, is_absolute, resolve, same_place};
pub use write::{Format, IndexOptions, NewIndex, OnConflict, index_folder};
