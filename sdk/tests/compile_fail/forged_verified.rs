//! Nothing but a verifier makes a `Verified`.

fn main() {
    let caller = rfq_sdk::Caller::default();
    let _ = rfq_sdk::Verified {
        body: b"{}",
        caller: &caller,
        key: rfq_sdk::KeySlot::Current,
        signed_at: None,
    };
}
