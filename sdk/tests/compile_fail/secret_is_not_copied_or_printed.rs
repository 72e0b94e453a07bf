//! A secret can be neither cloned, compared nor shown.

fn needs<T: Clone + PartialEq + std::fmt::Display>(_: T) {}

fn main() {
    needs(rfq_sdk::Secret::new("an example of a secret, 32 bytes").unwrap());
}
