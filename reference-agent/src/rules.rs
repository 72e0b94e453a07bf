//! How the shop quotes, whatever the product: its shipping, its calendar.

/// How the shop quotes, whatever the product.
#[derive(Debug, Clone, Default)]
pub struct Rules {}
