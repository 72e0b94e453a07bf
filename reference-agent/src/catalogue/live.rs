//! The catalogue that is served now, exchanged whole.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Catalogue;

/// The catalogue that is served now. A request takes one with [`LiveCatalogue::now`] and keeps it to
/// its end, so that no answer mixes two feeds. Cheap to clone; clones share what is served.
#[derive(Debug, Clone)]
pub struct LiveCatalogue(Arc<ArcSwap<Catalogue>>);

impl LiveCatalogue {
    /// Serves `catalogue`.
    #[must_use]
    pub fn new(catalogue: Catalogue) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(catalogue)))
    }

    /// What is served now.
    #[must_use]
    pub fn now(&self) -> Arc<Catalogue> {
        self.0.load_full()
    }

    /// Serves `catalogue` from here on. Requests under way keep the one they began with.
    pub fn replace(&self, catalogue: Catalogue) {
        self.0.store(Arc::new(catalogue));
    }
}
