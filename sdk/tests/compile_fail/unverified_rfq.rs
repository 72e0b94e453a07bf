//! Nothing but a `Verified` is parsed into an `Rfq`.

fn main() {
    let _ = rfq_sdk::Rfq::from_verified(&b"{}"[..]);
}
